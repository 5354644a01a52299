// The commands about the common order: `log` and `view` show it, `order transfer`, `leave` and `remove` ask something
// of the group, over the control socket of a node on this machine. SPEC rules CL10-CL12.

import type { Command } from 'commander';
import { askNode } from '../../control/control-client.ts';
import type { ControlRequest } from '../../control/request.ts';
import { csvText, csvTime } from '../../model/csv.ts';
import { type PeerId, parsePeerId } from '../../model/ids.ts';
import { ApiClient, type LogRow, type ViewRow } from '../api-client.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';
import { plain, valueText } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';
const PAGE = 1_000;
/** A change of the group goes through its log, and may have to wait for a leader. */
const PATIENCE_MS = 60_000;

interface LogOptions {
  readonly node: string;
  readonly from?: string;
  readonly follow?: true;
  readonly json?: true;
  readonly csv?: true;
}

interface ActOptions extends NodeChoice {
  readonly json?: true;
}

export function addOrderCommands(program: Command): void {
  reading(program, 'log', 'committed readings in their order')
    .option('--from <sequence>', 'where to begin; 1 without it, or with --follow the newest')
    .option('--follow', 'go on as readings are committed')
    .option('--json', 'print one JSON object a line')
    .option('--csv', 'print CSV')
    .action(showLog);

  reading(program, 'view', 'the group that keeps the order: who leads, who votes, how far it is')
    .option('--json', 'print JSON')
    .action(async (options: { readonly node: string; readonly json?: true }) => {
      const view = await new ApiClient(options.node).view();
      print(options.json ? JSON.stringify(view) : viewText(view));
    });

  const order = program.command('order').description('acts on the common order');
  acting(order, 'transfer <node>', 'the leader hands over to this voter, without a gap').action(
    (node: string, options: ActOptions) => act({ act: 'transfer', to: nodeNamed(node) }, options),
  );
  acting(program, 'leave', 'this node leaves the group for good; its readings stay').action(
    (options: ActOptions) => act({ act: 'leave' }, options),
  );
  acting(program, 'remove <node>', 'take a node that will not come back out of the group').action(
    (node: string, options: ActOptions) => act({ act: 'remove', peer: nodeNamed(node) }, options),
  );
}

async function showLog(options: LogOptions): Promise<void> {
  const { node, follow, json, csv } = options;
  if (json && csv) throw new Failure('--json and --csv exclude each other', EXIT.usage);
  const client = new ApiClient(node);
  const format = json ? (row: LogRow) => JSON.stringify(row) : csv ? csvLine : rowText;
  if (csv) print('sequence,timestamp,sensor_id,origin,identity,n,value,unit');
  if (follow) {
    const from = options.from === undefined ? '' : `?from=${sequenceOf(options.from)}`;
    await client.follow(`/api/v1/stream${from}`, ({ event, data }) => {
      if (event === 'reading') print(format(JSON.parse(data) as LogRow));
      else if (event === 'gap' || event === 'reset') process.stderr.write(`sensorium: ${event}: ${data}\n`);
    });
    throw new Failure('the node ended the stream');
  }
  let from = sequenceOf(options.from ?? '1');
  for (;;) {
    const page = await client.log(from, PAGE);
    if (page.first > from && page.readings.length > 0) {
      process.stderr.write(`sensorium: ${from} to ${page.first - 1} are not kept any more\n`);
    }
    for (const row of page.readings) print(format(row));
    if (from > page.watermark + 1) process.stderr.write(`sensorium: the history ends at ${page.watermark}\n`);
    if (page.readings.length === 0) return;
    from = page.next;
  }
}

async function act(request: ControlRequest, options: ActOptions): Promise<void> {
  const answer = await askNode(socketPath(options), request, PATIENCE_MS).catch((cause: unknown) => {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
  });
  if (options.json) print(JSON.stringify(answer));
  if (!answer.ok) throw new Failure(answer.problem);
  if (!options.json) print('done');
}

export function viewText(view: ViewRow): string {
  const { group, view_id, leader, ballot, voters, learners, present, quorum, watermark, outbox } = view;
  const marked = (peer: string) => (present.includes(peer) ? peer : `${peer} (absent)`);
  return [
    `group      ${group ?? 'none yet'}${group === null ? '' : `, view ${view_id}`}`,
    `leader     ${leader ?? 'none'}${ballot === null ? '' : `, ballot ${ballot.round}.${ballot.peer}`}`,
    `quorum     ${quorum ? 'yes' : 'no'}`,
    `voters     ${voters.map(marked).join(', ') || '-'}`,
    `learners   ${learners.map(marked).join(', ') || '-'}`,
    `watermark  ${watermark}`,
    `outbox     ${outbox} stored here and not yet committed`,
  ].join('\n');
}

function rowText({ sequence, ts_ms, origin, sensor, value, unit }: LogRow): string {
  const time = new Date(ts_ms).toISOString();
  return `${sequence}  ${time}  ${origin}:${plain(sensor)}  ${valueText(value)} ${plain(unit)}`.trimEnd();
}

function csvLine({ sequence, ts_ms, sensor, origin, identity, n, value, unit }: LogRow): string {
  const shown = csvText(typeof value === 'string' ? value : JSON.stringify(value));
  const names = `${csvText(sensor)},${origin},${identity},${n}`;
  return `${sequence},${csvTime(ts_ms)},${names},${shown},${unit === '' ? '' : csvText(unit)}`;
}

function sequenceOf(text: string): number {
  const sequence = Number(text);
  if (Number.isSafeInteger(sequence) && sequence >= 1) return sequence;
  throw new Failure(`--from is a sequence from 1 on, got ${JSON.stringify(text)}`, EXIT.usage);
}

function nodeNamed(text: string): PeerId {
  const peer = parsePeerId(text);
  if (!peer.ok) throw new Failure(peer.problem, EXIT.usage);
  return peer.value;
}

function reading(program: Command, name: string, what: string): Command {
  return program
    .command(name)
    .description(what)
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE);
}

function acting(parent: Command, name: string, what: string): Command {
  return parent
    .command(name)
    .description(what)
    .option('--data-dir <path>', 'DATA_DIR of the node to tell', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print JSON');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
