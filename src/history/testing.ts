// What the tests of the CSV files share: an order in memory, a directory, and a writer over both.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { MemoryHistory } from '../hub/memory-history.ts';
import type { Entry } from '../model/entry.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import type { ReadingRecord, Value } from '../model/reading.ts';
import { isCsvName } from './csv-name.ts';
import { CsvWriter } from './csv-writer.ts';
import { entriesMessage } from './entry-message.ts';

export const ANN = 'ann' as PeerId;
export const IDENTITY = { birth: 1, random: '00000000000000aa' };
/** 2026-02-11T08:30:00.000Z. */
export const MORNING_MS = 1_770_798_600_000;

/** An order to which readings are given by sensor and value, each batch an entry. */
export class Order {
  readonly history = new MemoryHistory(ANN);
  #n = 0;

  batch(...readings: readonly (readonly [sensor: string, value: Value])[]): this {
    const records = readings.map(([sensor, value]): ReadingRecord => {
      const tsMs = MORNING_MS + ++this.#n;
      return {
        kind: 'reading',
        n: this.#n,
        sensor: sensor as SensorId,
        value,
        tsMs,
        ingestTsMs: tsMs,
        lwwTsMs: tsMs,
      };
    });
    this.history.store(ANN, { identity: IDENTITY, records });
    return this;
  }

  /** A meta change: it takes an n and no sequence. */
  meta(sensor: string): this {
    const record = {
      kind: 'meta',
      n: ++this.#n,
      sensor: sensor as SensorId,
      unit: 'Cel',
      periodMs: 0,
    } as const;
    this.history.store(ANN, { identity: IDENTITY, records: [record] });
    return this;
  }

  get entries(): readonly Entry[] {
    return this.history.entries;
  }
}

export function temporaryDirectory(): string {
  // In memory where there is such a place: a thousand crashes need no disk, and a sync takes its time.
  const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const directory = mkdtempSync(join(place, 'sensorium-csv-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Gives the writer what of the order it lacks, up to an entry. */
export function feed(writer: CsvWriter, { history }: Order, upto = Number.MAX_SAFE_INTEGER): void {
  const { group, index } = history.extent();
  writer.startGroup(group ?? '');
  const from = writer.progress().next;
  const entries = history.entries.filter(
    (entry) => entry.index >= from && entry.index <= Math.min(upto, index),
  );
  const { rows, bytes } = entriesMessage(entries, ({ body }) => {
    if (body.kind !== 'trim') return null;
    const first = history.entries.find((entry) => entry.index === body.upto + 1);
    return first?.firstSequence ?? null;
  });
  writer.take(rows, bytes);
}

/** A writer that has written all of the order and ended in peace. */
export function written(directory: string, order: Order): { readonly [name: string]: string } {
  const writer = new CsvWriter(directory, false);
  feed(writer, order);
  writer.close();
  return csvIn(directory);
}

export function csvIn(directory: string): { readonly [name: string]: string } {
  const names = readdirSync(directory).filter(isCsvName).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}
