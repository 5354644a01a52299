// `sensorium verify`: whether the history of a node, or of all nodes, is what it must be: without gaps and doubles,
// equal everywhere, and in the CSV files of this machine's nodes as in the log. SPEC rule CL13.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ApiClient } from '../api-client.ts';
import { Failure } from '../failure.ts';
import { CsvCheck } from '../verify/csv-check.ts';
import { BLOCK, digestOf, firstDifference, type LogDigest } from '../verify/log-digest.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';
/** How long the files may take to follow the log. */
const CSV_LOOKS = 40;
const CSV_PAUSE_MS = 250;

interface VerifyOptions {
  readonly node: string;
  readonly dataDir: string;
  readonly all?: true;
  readonly json?: true;
}

interface Checked {
  readonly node: string;
  readonly url: string;
  readonly group: string | null;
  readonly from: number;
  readonly to: number;
  readonly sha256: string;
  readonly csv: 'equal to the log' | 'different' | 'not on this machine';
  readonly problems: readonly string[];
}

export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('recompute hashes of the history, and compare nodes and CSV files')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--all', 'compare all nodes that this one knows of')
    .option(
      '--data-dir <path>',
      'DATA_DIR of nodes of this machine, for their CSV files',
      process.env.DATA_DIR ?? 'data',
    )
    .option('--json', 'print JSON')
    .action(verify);
}

async function verify(options: VerifyOptions): Promise<void> {
  const nodes = await nodesOf(options);
  const views = await Promise.all(nodes.map(({ client }) => client.log(1, 1)));
  const groups = new Set(views.map(({ group }) => group));
  if (groups.size > 1)
    throw new Failure(`the nodes keep orders of different groups: ${[...groups].join(', ')}`);
  // What all have and still keep.
  const from = Math.max(...views.map(({ first }) => first));
  const to = Math.min(...views.map(({ watermark }) => watermark));

  const checked: Checked[] = [];
  const digests: LogDigest[] = [];
  for (const { id, url, client } of nodes) {
    const directory = join(options.dataDir, id);
    const csv = existsSync(join(directory, 'csv.cursor'))
      ? await settledCsv(directory, client, from, to)
      : null;
    const digest = csv?.digest ?? (await digestOf(client, from, to, () => {}));
    digests.push(digest);
    const problems = [
      ...digest.problems,
      ...(csv?.problems ?? []),
      ...(await differences(nodes, digests, to)),
    ];
    const state =
      csv === null ? 'not on this machine' : csv.problems.length > 0 ? 'different' : 'equal to the log';
    checked.push({
      node: id,
      url,
      group: digest.group,
      from,
      to,
      sha256: digest.whole,
      csv: state,
      problems,
    });
    if (!options.json) tell(checked.at(-1) as Checked);
  }
  const isRight = checked.every(({ problems }) => problems.length === 0);
  if (options.json) process.stdout.write(`${JSON.stringify({ equal: isRight, nodes: checked })}\n`);
  if (!isRight) throw new Failure('the history is not what it must be');
  if (!options.json && nodes.length > 1) process.stdout.write(`all ${nodes.length} nodes are equal\n`);
}

interface Node {
  readonly id: string;
  readonly url: string;
  readonly client: ApiClient;
}

async function nodesOf({ node, all }: VerifyOptions): Promise<readonly Node[]> {
  const client = new ApiClient(node);
  const members = await client.members();
  const known = members.filter(({ self, status, api_port }) => self || (status === 'alive' && api_port > 0));
  return known
    .filter(({ self }) => self || all)
    .map(({ id, self, host, api_port }) => {
      const url = self ? node : `http://${host.includes(':') ? `[${host}]` : host}:${api_port}`;
      return { id, url, client: self ? client : new ApiClient(url) };
    });
}

/** The last digest against the first one: where its blocks differ, and how. */
async function differences(
  nodes: readonly Node[],
  digests: readonly LogDigest[],
  to: number,
): Promise<string[]> {
  const first = digests[0];
  const last = digests.at(-1);
  const one = nodes[0];
  const other = nodes[digests.length - 1];
  if (first === undefined || last === undefined || one === undefined || other === undefined) return [];
  if (first.whole === last.whole) return [];
  for (const [block, hash] of first.blocks) {
    if (last.blocks.get(block) === hash) continue;
    const found = await firstDifference(one.client, other.client, Math.max(block, first.from), to);
    if (found === null) continue;
    const [a, b] = found.rows;
    return [`differs from ${one.id} at ${found.sequence}: ${other.id} has ${b}, ${one.id} has ${a}`];
  }
  return [`differs from ${one.id}`];
}

/** The files against the log, once they have followed it. */
async function settledCsv(directory: string, client: ApiClient, from: number, to: number) {
  for (let look = 0; look < CSV_LOOKS; look++) {
    await new Promise((resume) => setTimeout(resume, CSV_PAUSE_MS));
    if ((await client.metric('sensorium_csv_sequence')) >= to) break;
  }
  // What was taken is in the files a moment later.
  await new Promise((resume) => setTimeout(resume, CSV_PAUSE_MS));
  const check = await CsvCheck.open(directory);
  const digest = await digestOf(client, from, to, (row) => check.expect(row));
  const rowsFrom = async (block: number) => (await client.log(Math.max(block, from), BLOCK)).readings;
  return { digest, problems: await check.problems(from, to, rowsFrom) };
}

function tell({ node, group, from, to, sha256, csv, problems }: Checked): void {
  const range = to < from ? 'nothing committed' : `${from} to ${to}`;
  process.stdout.write(`${node}  group ${group}  ${range}  sha256 ${sha256.slice(0, 16)}  CSV ${csv}\n`);
  for (const problem of problems) process.stdout.write(`  ${problem}\n`);
}
