// The CSV files of a node of this machine against its log: every row of the log must stand in the file of its
// sensor, as it must be written, and no other. Rows are compared by sums of their hashes, block by block, so any
// length fits in memory; a block that differs is looked at again, row by row. SPEC rule CL13.

import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { placeOf } from '../../history/csv-lines.ts';
import { csvBase, csvName, GAPS_NAME, isCsvName } from '../../history/csv-name.ts';
import { type CsvFile, CsvSensor, columnsIn } from '../../history/csv-sensor.ts';
import { parseSensorId, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Value } from '../../model/reading.ts';
import type { LogRow } from '../api-client.ts';
import { BLOCK, blockOf } from './log-digest.ts';

/** Sums of row hashes by block: equal rows in any order give equal sums. */
type Sums = Map<number, { rows: number; a: number; b: number }>;

export class CsvCheck {
  readonly #directory: string;
  readonly #sensors = new Map<string, CsvSensor | null>();
  readonly #expected: Sums = new Map();
  readonly #columns = new Map<string, readonly string[]>();
  readonly #missing = new Set<string>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<CsvCheck> {
    const check = new CsvCheck(directory);
    for (const name of check.#names()) {
      for await (const line of linesOf(join(directory, name))) {
        const columns = columnsIn(line);
        if (columns !== null) check.#columns.set(name, columns);
        break;
      }
    }
    return check;
  }

  /** A row of the log, as its file must have it. */
  expect(row: LogRow): void {
    const line = this.#lineOf(row);
    if (line === null) this.#missing.add(row.sensor);
    else add(this.#expected, row.sequence, line);
  }

  /** What differs from the log from `from` to `to`; nothing when all is right. */
  async problems(
    from: number,
    to: number,
    rowsFrom: (block: number) => Promise<readonly LogRow[]>,
  ): Promise<string[]> {
    const problems = [...this.#missing].map(
      (sensor) => `no file has a column for what ${JSON.stringify(sensor)} said`,
    );
    const found: Sums = new Map();
    for await (const { place, line } of this.#rows(from, to)) add(found, place, line);
    const blocks = new Set([...this.#expected.keys(), ...found.keys()]);
    for (const block of [...blocks].sort((a, b) => a - b)) {
      const { rows = 0, a = 0, b = 0 } = this.#expected.get(block) ?? {};
      const other = found.get(block);
      if (other?.rows === rows && other.a === a && other.b === b) continue;
      problems.push(...(await this.#differences(block, from, to, await rowsFrom(block))));
      if (problems.length >= 20) break;
    }
    return problems;
  }

  async #differences(block: number, from: number, to: number, rows: readonly LogRow[]): Promise<string[]> {
    const expected = new Map<number, string>();
    for (const row of rows) {
      const line = this.#lineOf(row);
      if (line !== null && row.sequence >= from && row.sequence <= to) expected.set(row.sequence, line);
    }
    const problems: string[] = [];
    const first = Math.max(from, block);
    const last = Math.min(to, block + BLOCK - 1);
    for await (const { place, line, name } of this.#rows(first, last)) {
      const right = expected.get(place);
      if (right === line) expected.delete(place);
      else if (right === undefined)
        problems.push(`${name}: ${place} stands there twice or in no log: ${line}`);
      else problems.push(`${name}: ${place} is ${line}, in the log it is ${right}`);
    }
    for (const [sequence, line] of expected) problems.push(`${sequence} is in no file: ${line}`);
    return problems.slice(0, 5);
  }

  async *#rows(from: number, to: number) {
    for (const name of this.#names()) {
      for await (const line of linesOf(join(this.#directory, name))) {
        const place = line.startsWith('#') ? null : placeOf(line);
        if (place !== null && place >= from && place <= to) yield { place, line, name };
      }
    }
  }

  #names(): readonly string[] {
    return readdirSync(this.#directory).filter((name) => isCsvName(name) && name !== GAPS_NAME);
  }

  #lineOf({ sensor, sequence, ts_ms, value }: LogRow): string | null {
    let files = this.#sensors.get(sensor);
    if (files === undefined) {
      const id = parseSensorId(sensor);
      files = id.ok ? new CsvSensor(id.value, this.#filesOf(id.value)) : null;
      this.#sensors.set(sensor, files);
    }
    const file = files?.fileFor(value as Value) ?? null;
    if (file === null) return null;
    return files?.row(file, sequence, ts_ms, value as Value).trimEnd() ?? null;
  }

  #filesOf(sensor: SensorId): CsvFile[] {
    const base = csvBase(sensor);
    const files: CsvFile[] = [];
    for (let number = 1; number <= LIMITS.csvFilesPerSensorMax; number++) {
      const name = csvName(base, number);
      const columns = this.#columns.get(name);
      if (columns === undefined) break;
      files.push({ name, columns, isJson: number === LIMITS.csvFilesPerSensorMax, upto: 0 });
    }
    return files;
  }
}

function add(sums: Sums, sequence: number, line: string): void {
  const block = blockOf(sequence);
  let sum = sums.get(block);
  if (sum === undefined) {
    sum = { rows: 0, a: 0, b: 0 };
    sums.set(block, sum);
  }
  const hash = createHash('sha256').update(line).digest();
  sum.rows++;
  sum.a = (sum.a + hash.readUInt32LE(0)) % 2 ** 32;
  sum.b = (sum.b + hash.readUInt32LE(4)) % 2 ** 32;
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
}
