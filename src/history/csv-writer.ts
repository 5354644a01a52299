// Turns entries of the log into rows, and learns on the way where each sensor's latest reading stands. All of it in
// one thread of its own: its calls to the disk wait, and nobody waits for it. SPEC rules HI1, HI8, HI10.

import { isOrdered } from '../model/durable.ts';
import { decodeBatch } from '../wire/durable.ts';
import { malformedText } from '../wire/malformed.ts';
import { CsvFiles, wipeCsv } from './csv-files.ts';
import type { EntryRow, Progress } from './entry-message.ts';
import { LatestPlaces } from './latest-places.ts';

export class CsvWriter {
  readonly #directory: string;
  readonly #files: CsvFiles;
  readonly places = new LatestPlaces();

  constructor(directory: string, wipe: boolean) {
    if (wipe) wipeCsv(directory);
    this.#directory = directory;
    this.#files = CsvFiles.open(directory);
    const { group } = this.#files;
    if (group !== null) this.places.load(directory, group, this.#files.next - 1);
  }

  /** Places may have to be learnt again from before what the files need. */
  progress(): Progress {
    const { group, next, sequence, durable } = this.#files;
    return { group, next: Math.min(next, this.places.index + 1), sequence, durable };
  }

  get pendingBytes(): number {
    return this.#files.pendingBytes;
  }

  get isBehind(): boolean {
    return this.#files.isBehind;
  }

  startGroup(group: string): void {
    if (this.#files.group === group) return;
    this.#files.startGroup(group);
    this.places.clear();
  }

  take(rows: readonly EntryRow[], bytes: Uint8Array): void {
    for (const row of rows) {
      const isForFiles = row.index >= this.#files.next;
      if (isForFiles) this.#files.enter(row.index, row.firstSequence);
      const { body } = row;
      if (body.kind === 'data') {
        this.#takeBatch(row, body, bytes.subarray(body.at, body.end), isForFiles);
      } else if (body.kind === 'gap' && isForFiles) {
        this.#files.lost(body.producer, body.firstN, body.lastN, body.reason);
      } else if (body.kind === 'trim' && isForFiles) this.#files.trim(body.firstKept);
      this.places.entered(row.index);
    }
  }

  write(): void {
    this.#files.write();
  }

  checkpoint(): void {
    this.#files.checkpoint();
  }

  savePlaces(): void {
    const { group } = this.#files;
    if (group !== null) this.places.save(this.#directory, group);
  }

  close(): void {
    this.#files.close();
    this.savePlaces();
  }

  #takeBatch(
    { index, firstSequence }: EntryRow,
    { producer }: Extract<EntryRow['body'], { kind: 'data' }>,
    payload: Uint8Array,
    isForFiles: boolean,
  ): void {
    const batch = decodeBatch(payload);
    if (!batch.ok) throw new Error(`entry ${index} of the log: ${malformedText(batch.problem)}`);
    let sequence = firstSequence;
    for (const record of batch.value.records) {
      if (!isOrdered(batch.value, record)) continue;
      if (isForFiles) this.#files.reading(record.sensor, sequence, record.tsMs, record.value);
      this.places.learn(record.sensor, producer, record.n, sequence);
      sequence++;
    }
  }
}
