// What people read about the options, all from the table: help text, docs/options.md and .env.example.
// SPEC rule CF11.

import { flagOf, type Option, PROFILES } from './option.ts';
import { GROUPS } from './options.ts';
import { COMMON_PARAMETERS, SENSOR_TYPE_NAMES, SENSOR_TYPES } from './sensors.ts';

const HELP_COLUMN = 36;
const HELP_WIDTH = 100;
/** A line break or a bar would end a table's cell. */
const CELL_BREAKS = /[\n|]/g;

export function helpText(): string {
  const groups = GROUPS.map(({ title, options }) => `${title}:\n${options.map(helpEntry).join('\n')}`);
  const sensors = SENSOR_TYPE_NAMES.map((type) => `  ${type.padEnd(12)} ${parametersText(type)}`);
  return [
    ...groups,
    `Sensors, i from 0 (--sensor-0-type numeric, or SENSOR_0_TYPE=numeric):\n${Object.values(
      COMMON_PARAMETERS,
    )
      .map((parameter) => helpEntry({ ...parameter, name: `SENSOR_<i>_${parameter.name}` }))
      .join('\n')}`,
    `Types of sensors and their parameters:\n${sensors.join('\n')}`,
    'Files:\n  --config FILE       JSON: {"PORT": 9001, "SENSORS": 1, …}\n  --env-file FILE     lines NAME=VALUE',
  ].join('\n\n');
}

export function optionsPage(): string {
  const groups = GROUPS.map(({ title, options }) => `## ${title}\n\n${table(options)}`);
  const types = SENSOR_TYPE_NAMES.map((type) => {
    const own: readonly Option<unknown>[] = Object.values(SENSOR_TYPES[type].parameters);
    const text = `### \`${type}\`\n\n${SENSOR_TYPES[type].help}`;
    return own.length === 0 ? text : `${text}\n\n${table(own)}`;
  });
  return `${[
    '# Options',
    'This page is generated from the table in `src/config/options.ts` by `npx tsx scripts/generate-docs.ts`.',
    INTRODUCTION,
    ...groups,
    `## Sensors\n\n${SENSORS_INTRODUCTION}\n\n${table(Object.values(COMMON_PARAMETERS))}`,
    ...types,
  ].join('\n\n')}\n`;
}

export function envExample(): string {
  const groups = GROUPS.map(
    ({ title, options }) => `# --- ${title} ---\n\n${options.map(envEntry).join('\n\n')}`,
  );
  return `${[
    '# Options of a Sensorium node, with their defaults. Copy, uncomment, and pass with --env-file.',
    '# Generated from src/config/options.ts by scripts/generate-docs.ts; docs/options.md says more.',
    ...groups,
    ENV_SENSORS,
  ].join('\n\n')}\n`;
}

const INTRODUCTION = `Every option has one name. It is set by a flag (\`--gossip-sync-interval-ms 500\`), in the environment
(\`GOSSIP_SYNC_INTERVAL_MS=500\`), in an env-file (\`--env-file FILE\`, lines \`NAME=VALUE\`) or in a config file
(\`--config FILE\`, one JSON object with the same names; case and \`-\`/\`_\` do not matter). The first of these that
sets it counts, then the profile, then the default. An empty value counts as not set. A boolean is one of true,
false, 1, 0, yes, no, on, off; \`--insecure\` alone means true, \`--no-discovery\` false. What is wrong is told all at
once, and the exit code is 2. \`sensorium node --print-config\` shows each value and where it came from.

Options marked *idle* are read and checked, but this version does not act on them.`;

const SENSORS_INTRODUCTION = `\`SENSORS\` says how many sensors the node has of its own; each is described by \`SENSOR_<i>_TYPE\` and the
parameters below, all with the prefix \`SENSOR_<i>_\`, i from 0. The sensor id is \`<NAME>@<i>\`.`;

const ENV_SENSORS = `# --- Sensors: set SENSORS, then describe each, i from 0 ---

# SENSOR_0_TYPE=numeric
# SENSOR_0_NAME=temperature
# SENSOR_0_PERIOD_MS=2000
# SENSOR_0_MIN=10
# SENSOR_0_MAX=35
# SENSOR_0_UNIT=Cel`;

function table(options: readonly Option<unknown>[]): string {
  const rows = options.map(
    (option) =>
      `| \`${option.name}\` | ${cell(defaultCell(option))} | ${cell(option.kind.allowed)} | ${cell(option.help)}${option.idle ? ' *Idle.*' : ''} |`,
  );
  return ['| option | default | allowed | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replace(CELL_BREAKS, ' ').replaceAll('<', '&lt;').replaceAll('*', '\\*');
}

function defaultCell(option: Option<unknown>): string {
  const others = PROFILES.flatMap((profile) => {
    const value = option.profiles?.[profile];
    return value === undefined ? [] : [`${profile} ${option.kind.show(value)}`];
  });
  return others.length === 0 ? defaultText(option) : `${defaultText(option)} (${others.join(', ')})`;
}

function defaultText(option: Option<unknown>): string {
  if (option.required) return 'required';
  return option.defaultText ?? option.kind.show(option.default);
}

function envEntry(option: Option<unknown>): string {
  const value = option.defaultText === undefined ? option.kind.show(option.default) : '';
  const byDefault = option.defaultText === undefined ? '' : ` Default: ${option.defaultText}.`;
  return `# ${option.help} Must be ${option.kind.allowed}.${byDefault}\n# ${option.name}=${value}`;
}

function helpEntry(option: Option<unknown>): string {
  const head = `  ${flagOf(option.name)}`;
  const lines = wrap(`${option.help} [${defaultCell(option)}]${option.idle ? ' (idle)' : ''}`);
  const [first = '', ...rest] = lines;
  const firstLine =
    head.length < HELP_COLUMN
      ? head.padEnd(HELP_COLUMN) + first
      : `${head}\n${' '.repeat(HELP_COLUMN)}${first}`;
  return [firstLine, ...rest.map((line) => ' '.repeat(HELP_COLUMN) + line)].join('\n');
}

function parametersText(type: (typeof SENSOR_TYPE_NAMES)[number]): string {
  const own: readonly Option<unknown>[] = Object.values(SENSOR_TYPES[type].parameters);
  const list = own.map((parameter) => `${parameter.name} [${defaultText(parameter)}]`);
  return list.length === 0 ? SENSOR_TYPES[type].help : list.join(' ');
}

function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > HELP_WIDTH - HELP_COLUMN) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
