// The whole configuration of a node, read once at start: flags before environment before env-file before
// config file before profile before default. Either all of it makes sense, or every problem is told at once
// and nothing starts. SPEC rules CF4, CF6.

import { readFileSync } from 'node:fs';
import { ok, type Result, refused } from '../kit/result.ts';
import { readConfigFile } from './config-file.ts';
import { type Environment, readEnvFile, readEnvironment } from './env.ts';
import { readFlags } from './flags.ts';
import { FILE_FLAGS, type Source } from './given.ts';
import { flagOf } from './option.ts';
import { OPTIONS, type OptionValues } from './options.ts';
import { checkRelations, checkSensors, isWildcard, webApiPortOf } from './relations.ts';
import { readSensors, unusedParameters } from './sensor-settings.ts';
import type { SensorOptions } from './sensors.ts';
import { type Setting, Settings } from './settings.ts';

/** Ports: 0 leaves the choice to the system, null is no listener. Times are in ms. */
export interface Config
  extends Omit<OptionValues, 'webApiPort' | 'expectNodes' | 'sensorCount' | 'climatePeriodMs'> {
  readonly webApiPort: number;
  readonly expectNodes: number;
  readonly sensors: readonly SensorOptions[];
}

export interface Loaded {
  readonly config: Config;
  /** Every option's value and where it came from, in the order of the table. */
  readonly settings: readonly Setting[];
  /** What was given and has no effect: worth a line in the log. */
  readonly notes: readonly string[];
  /** What must not be found in anything that is handed on. */
  readonly secrets: readonly string[];
}

/** Refused with one line a problem. */
export function loadConfig(
  args: readonly string[],
  environment: Environment,
): Result<Loaded, readonly string[]> {
  const flags = readFlags(args);
  const sources = [
    readFileOf(FILE_FLAGS.config, flags, readConfigFile),
    readFileOf(FILE_FLAGS.envFile, flags, readEnvFile),
    readEnvironment(environment),
    flags,
  ];
  const settings = new Settings(sources.flatMap(({ given }) => given));

  const profile = settings.read(OPTIONS.profile, '', 'local');
  const values = settings.readTable(OPTIONS, '', profile);
  const sensors = readSensors(settings, values.sensorCount, values.climatePeriodMs);
  const config = derive(values, sensors, settings);
  const problems = [
    ...sources.flatMap((source) => source.problems),
    ...new Set(settings.problems),
    ...checkRelations({ ...values, probeTimeoutMs: config.probeTimeoutMs }, settings),
    ...checkSensors(sensors, settings),
  ];
  if (problems.length > 0) return refused(problems);

  const notes = notesOn(values, settings);
  return ok({ config, settings: settings.all(), notes, secrets: settings.secrets });
}

/** `NAME = value (where from)`, a line each, as `--print-config` shows it. */
export function describe(settings: readonly Setting[]): string {
  const width = Math.max(...settings.map(({ name, text }) => name.length + text.length + 3));
  return settings
    .map(({ name, text, from }) => `${`${name} = ${text}`.padEnd(Math.min(width, 60))}  (${from})`)
    .join('\n');
}

function derive(values: OptionValues, sensors: readonly SensorOptions[], settings: Settings): Config {
  const { sensorCount: _, climatePeriodMs: __, ...rest } = values;
  const webApiPort = webApiPortOf(values);
  const expectNodes = values.expectNodes ?? values.bootstrapPeers.length + 1;
  // A wildcard is no address to dial; which one to advertise then is the host's to find out.
  const advertiseHost = values.advertiseHost ?? (isWildcard(values.host) ? null : values.host);

  // Who only quickens the rounds has not asked for probes that outlast them.
  const probeTimeoutMs = settings.isGiven('PROBE_TIMEOUT_MS')
    ? values.probeTimeoutMs
    : Math.min(values.probeTimeoutMs, Math.floor(values.heartbeatIntervalMs / 2));

  settings.derive('PROBE_TIMEOUT_MS', String(probeTimeoutMs));
  settings.derive('WEB_API_PORT', OPTIONS.webApiPort.kind.show(webApiPort));
  settings.derive('EXPECT_NODES', String(expectNodes));
  settings.derive('ADVERTISE_HOST', advertiseHost ?? '');
  return { ...rest, probeTimeoutMs, webApiPort, expectNodes, advertiseHost, sensors };
}

function notesOn(values: OptionValues, settings: Settings): readonly string[] {
  const idle = Object.values(OPTIONS)
    .filter((option) => option.idle === true && settings.isGiven(option.name))
    .map(({ name }) => `${settings.quote(name)} has no effect in this version`);
  return [...idle, ...unusedParameters(settings, values.sensorCount)];
}

function readFileOf(name: string, flags: Source, read: (path: string, content: string) => Source): Source {
  const path = flags.given.findLast((given) => given.name === name)?.text;
  if (path === undefined) return { given: [], problems: [] };
  try {
    return read(path, readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    return { given: [], problems: [`${flagOf(name)} = ${JSON.stringify(path)}: cannot be read (${why})`] };
  }
}
