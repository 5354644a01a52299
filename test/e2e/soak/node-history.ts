// The whole history of one node, read independently of the program: its log over the API, which the node reads off
// its own disk, and its CSV files from the directory. What contradicts itself is told.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SiteNode } from '../site-node.ts';
import { until } from '../until.ts';

export interface Row {
  readonly sequence: number;
  readonly sensor: string;
  readonly origin: string;
  readonly identity: string;
  readonly n: number;
  readonly ts_ms: number;
  readonly value: unknown;
}

interface Page {
  readonly group: string;
  readonly next: number;
  readonly readings: readonly Row[];
}

export interface NodeHistory {
  readonly node: string;
  readonly group: string;
  readonly rows: readonly Row[];
  /** Of all rows. */
  readonly sha256: string;
  /** Of the names and bytes of all CSV files; null when they begin later than the log. */
  readonly csvSha256: string | null;
  readonly problems: readonly string[];
}

interface CsvRow {
  readonly sequence: number;
  /** The row, and the names that its file gives to what is behind the first three cells. */
  readonly text: string;
  readonly fields: readonly string[];
}

interface CsvRead {
  readonly rows: readonly CsvRow[];
  /** Rows up to there were never at this node. */
  readonly gapTo: number;
  readonly sha256: string;
}

const PAGE = 10_000;
const PROBLEMS_MAX = 10;

export async function historyOf(node: SiteNode, directory: string, upto: number): Promise<NodeHistory> {
  const problems: string[] = [];
  const { group, rows } = await readLog(node, upto, problems);
  const wanted = new Map(rows.map((row) => [row.sequence, row]));
  const { csv } = await until(
    `the CSV files of ${node.id} follow its log`,
    () => {
      const read = readCsv(directory);
      return { lacks: firstLacking(read, upto), csv: read };
    },
    ({ lacks }) => lacks === null,
  );
  for (const { sequence, text, fields } of csv.rows) {
    const row = wanted.get(sequence);
    if (sequence > upto) continue;
    if (row !== undefined && isCsvOf(row, text, fields)) wanted.delete(sequence);
    else {
      const instead = row === undefined ? 'twice or in no log' : `for ${JSON.stringify(row)}`;
      note(problems, `${node.id}: CSV row ${text} ${instead}`);
    }
  }
  return {
    node: node.id,
    group,
    rows,
    sha256: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
    csvSha256: csv.gapTo === 0 ? csv.sha256 : null,
    problems,
  };
}

async function readLog(node: SiteNode, upto: number, problems: string[]) {
  const rows: Row[] = [];
  const lastN = new Map<string, number>();
  let group = '';
  for (let from = 1; from <= upto; ) {
    const page = await until(
      `${node.id} gives its log from ${from} on`,
      () => node.get<Page>(`/api/v1/log?from=${from}&limit=${Math.min(PAGE, upto - from + 1)}`),
      ({ readings }) => readings.length > 0,
    );
    group = page.group;
    for (const row of page.readings) {
      if (row.sequence !== from) note(problems, `${node.id}: ${row.sequence} comes where ${from} should`);
      from = row.sequence + 1;
      const producer = `${row.origin} ${row.identity}`;
      if (row.n <= (lastN.get(producer) ?? 0)) {
        note(problems, `${node.id}: n ${row.n} of ${producer} is doubled or late at ${row.sequence}`);
      }
      lastN.set(producer, row.n);
      rows.push(row);
    }
  }
  return { group, rows };
}

/** Files are written and read one after the other, so that one may have its last row when another lacks earlier ones. */
function firstLacking({ rows, gapTo }: CsvRead, upto: number): number | null {
  const written = new Set(rows.map(({ sequence }) => sequence));
  for (let sequence = gapTo + 1; sequence <= upto; sequence++) if (!written.has(sequence)) return sequence;
  return null;
}

function readCsv(directory: string): CsvRead {
  const hash = createHash('sha256');
  const rows: CsvRow[] = [];
  let gapTo = 0;
  const names = readdirSync(directory).filter((name) => name.endsWith('.csv'));
  for (const name of names.sort()) {
    const text = readFileSync(join(directory, name), 'utf8');
    if (name === 'history.gaps.csv') continue;
    hash.update(name).update(text);
    let fields: readonly string[] = [];
    for (const line of text.split('\n').slice(0, -1)) {
      const gap = /^# gap 1\.\.(\d+)/.exec(line);
      if (gap) gapTo = Math.max(gapTo, Number(gap[1]));
      if (line.startsWith('sequence,')) fields = cellsOf(line).slice(3);
      const sequence = Number(/^(\d+),/.exec(line)?.[1] ?? 0);
      if (sequence === 0) continue;
      rows.push({ sequence, text: line, fields });
    }
  }
  return { rows, gapTo, sha256: hash.digest('hex') };
}

/** Whether it says what the log does, with a cell for each field of a reading of several. */
export function isCsvOf(
  { sequence, ts_ms, sensor, value }: Row,
  text: string,
  fields: readonly string[],
): boolean {
  const values =
    typeof value === 'object' && value !== null
      ? new Map(Object.entries(value))
      : new Map([['value', value]]);
  if (![...values.keys()].every((field) => fields.includes(field))) return false;
  const cells = [
    sequence,
    new Date(ts_ms).toISOString(),
    sensor,
    ...fields.map((field) => values.get(field) ?? ''),
  ];
  return cells.map(String).join('\n') === cellsOf(text).join('\n');
}

function cellsOf(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

function note(problems: string[], problem: string): void {
  if (problems.length < PROBLEMS_MAX) problems.push(problem);
}
