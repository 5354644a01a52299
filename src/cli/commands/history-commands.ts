// The commands about the past: `history` shows one sensor's, `sql` asks the database in SQL over the control socket of a node
// on this machine. SPEC rules CL16, CL17.

import type { Command } from 'commander';
import { askNode } from '../../control/control-client.ts';
import { csvText } from '../../model/csv.ts';
import { ApiClient, type PastRow } from '../api-client.ts';
import { asciiChart } from '../ascii-chart.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';
import { ageText, plain, table, valueText } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';
const CHART_ROWS = 12;
const CHART_COLUMNS = { most: 120, without: 72, margin: 14 };
const SQL_PATIENCE_MS = 40_000;

interface HistoryOptions {
  readonly node: string;
  readonly from: string;
  readonly to: string;
  readonly field?: string;
  readonly step?: string;
  readonly points?: string;
  readonly asOf?: string;
  readonly json?: true;
  readonly csv?: true;
}

interface SqlOptions extends NodeChoice {
  readonly json?: true;
  readonly csv?: true;
}

export function addHistoryCommands(program: Command): void {
  program
    .command('history <sensor>')
    .description('the committed past of a sensor: a chart, or its rows')
    .option('--node <url>', 'the read API of the node to ask', DEFAULT_NODE)
    .option('--from <moment>', 'milliseconds, RFC 3339, or now-1h', 'now-1h')
    .option('--to <moment>', 'up to before this moment', 'now')
    .option('--field <name>', 'this field of a record')
    .option('--step <span>', 'rows of so long each, such as 1m')
    .option('--points <count>', 'as many rows')
    .option('--as-of <sequence>', 'the history as it was when it ended with this sequence')
    .option('--json', 'print rows as JSON lines')
    .option('--csv', 'print rows as CSV')
    .action(showHistory);

  program
    .command('sql <statement>')
    .description('ask the history of a node on this machine in SQL: one statement that reads')
    .option('--data-dir <path>', 'DATA_DIR of the node to ask', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print one JSON object a row')
    .option('--csv', 'print CSV')
    .action(askSql);
}

async function showHistory(sensor: string, options: HistoryOptions): Promise<void> {
  const { node, json, csv, from, to, field, step, points, asOf } = options;
  if (json && csv) throw new Failure('--json and --csv exclude each other', EXIT.usage);
  const client = new ApiClient(node);
  const asked = { sensor, from, to, field, step, points, as_of: asOf };
  if (json || csv) {
    process.stdout.write(await client.historyText({ ...asked, format: csv ? 'csv' : 'ndjson' }));
    return;
  }
  const drawn = step === undefined && points === undefined ? { ...asked, points: String(columns()) } : asked;
  const rows = await client.history(drawn);
  const fields = [...new Set(rows.map((row) => row.field ?? ''))];
  if (rows.every(({ count }) => count === 0))
    throw new Failure(`nothing of ${JSON.stringify(sensor)} between ${from} and ${to}`);
  for (const name of fields)
    print(
      chartOf(
        rows.filter((row) => (row.field ?? '') === name),
        name,
      ),
    );
}

function chartOf(rows: readonly PastRow[], field: string): string {
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const last = rows.findLast((row) => row.count > 0)?.last ?? null;
  const stepMs = (rows[1]?.ts_ms ?? 0) - (rows[0]?.ts_ms ?? 0);
  const title = field === '' ? '' : `${plain(field)}: `;
  const summary = `${title}${count} readings, ${ageText(stepMs)} a column, last ${valueText(last)}`;
  const chart = asciiChart(rows, CHART_ROWS);
  return chart === '' ? summary : `${summary}\n${chart}`;
}

function columns(): number {
  const { isTTY, columns: width } = process.stdout;
  return isTTY
    ? Math.max(10, Math.min(CHART_COLUMNS.most, width - CHART_COLUMNS.margin))
    : CHART_COLUMNS.without;
}

async function askSql(text: string, options: SqlOptions): Promise<void> {
  const { json, csv } = options;
  if (json && csv) throw new Failure('--json and --csv exclude each other', EXIT.usage);
  const answer = await askNode(socketPath(options), { act: 'sql', text }, SQL_PATIENCE_MS).catch(
    (cause: unknown) => {
      throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
    },
  );
  if (!answer.ok) throw new Failure(answer.problem);
  if (!('rows' in answer)) return;
  const { columns: names, rows, isCut } = answer;
  if (json)
    for (const row of rows)
      print(JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at] ?? null]))));
  else if (csv)
    for (const row of [names, ...rows])
      print(row.map((cell) => (cell === null ? '' : csvText(String(cell)))).join(','));
  else
    print(
      table(
        names,
        rows.map((row) => row.map((cell) => (cell === null ? '' : plain(String(cell))))),
      ),
    );
  if (isCut) process.stderr.write(`sensorium: there are more than ${rows.length} rows\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
