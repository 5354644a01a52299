// `sensorium sensors` shows the registry of a node; `sensorium sensor …` says what people call a sensor, which is an act
// and so goes over the control socket of a node on this machine. SPEC rules CL5, RE4, RE6.

import type { Command } from 'commander';
import { askNode } from '../../control/control-client.ts';
import { parseSensorId } from '../../model/ids.ts';
import { ApiClient, type SensorRow } from '../api-client.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';
import { ageText, plain, table } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';

interface ListOptions {
  readonly node: string;
  readonly json?: true;
  readonly match?: string;
  readonly group?: string;
  readonly label?: string;
  readonly stale?: true;
}

interface ActOptions extends NodeChoice {
  readonly json?: true;
}

interface Change {
  readonly name?: string;
  readonly group?: string;
  readonly labels?: { readonly [label: string]: string };
}

export function addSensorCommands(program: Command): void {
  program
    .command('sensors')
    .description('what a node knows of its sensors: names, groups, labels, how often they speak')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--match <pattern>', 'only sensors that match, with + and # as in MQTT')
    .option('--group <name>', 'only those of a group')
    .option('--label <name[=text]>', 'only those with a label')
    .option('--stale', 'only those that have gone silent')
    .option('--json', 'print JSON')
    .action(async ({ node, json, match, group, label, stale }: ListOptions) => {
      const asked = { match, group, label, stale: stale === undefined ? undefined : 'true' };
      const rows = await new ApiClient(node).sensors(asked);
      process.stdout.write(`${json ? JSON.stringify(rows) : sensorTable(rows, Date.now())}\n`);
    });

  const sensor = program.command('sensor').description('say what people call a sensor, at every node');
  act(sensor, 'name <sensor> <name>', 'give it a name for people; an empty one takes it away').action(
    (id: string, name: string, options: ActOptions) => describe(id, { name }, options),
  );
  act(sensor, 'group <sensor> <group>', 'put it into a group; an empty one takes it out').action(
    (id: string, group: string, options: ActOptions) => describe(id, { group }, options),
  );
  act(
    sensor,
    'label <sensor> <labels...>',
    'give it labels, as name=text; name= alone takes one away',
  ).action((id: string, labels: readonly string[], options: ActOptions) =>
    describe(id, { labels: Object.fromEntries(labels.map(pairOf)) }, options),
  );
}

function act(parent: Command, name: string, what: string): Command {
  return parent
    .command(name)
    .description(what)
    .option('--data-dir <path>', 'DATA_DIR of the node to tell', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print JSON');
}

async function describe(id: string, change: Change, options: ActOptions): Promise<void> {
  const sensor = parseSensorId(id);
  if (!sensor.ok) throw new Failure(sensor.problem, EXIT.usage);
  const request = { act: 'describe', sensor: sensor.value, change } as const;
  const answer = await askNode(socketPath(options), request).catch((cause: unknown) => {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
  });
  if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  if (!answer.ok) throw new Failure(answer.problem);
  if (options.json || !('description' in answer)) return;
  const { name, group, labels } = answer.description;
  process.stdout.write(
    `${plain(id)}: name ${shown(name)}, group ${shown(group)}, labels ${labelText(labels)}\n`,
  );
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Failure(`a label is name=text, got ${JSON.stringify(text)}`, EXIT.usage);
  return [text.slice(0, at), text.slice(at + 1)];
}

function sensorTable(rows: readonly SensorRow[], nowMs: number): string {
  return table(
    ['sensor', 'name', 'group', 'labels', 'kind', 'every', 'last', ''],
    rows.map((row) => [
      plain(row.sensor),
      plain(row.name),
      plain(row.group),
      labelText(row.labels),
      row.kind,
      row.cadence_ms === null ? '-' : ageText(row.cadence_ms),
      ageText(nowMs - row.last_seen_ms),
      row.stale ? 'stale' : '',
    ]),
  );
}

function labelText(labels: SensorRow['labels']): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}=${plain(text)}`);
  return pairs.length === 0 ? '-' : pairs.sort().join(' ');
}

function shown(text: string): string {
  return text === '' ? '-' : plain(text);
}
