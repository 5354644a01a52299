// Parquet files by day: `<path>/day=2026-11-22/<group>-<first>-<last>.parquet`, the day that of the reading's time in UTC.
// The place is a file of its own in the directory, replaced when all files of a batch are there: what is found behind it
// after a crash is removed before it is written again. SPEC rules SK2, SK14.

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogReading } from '../hub/log-page.ts';
import { csvTime } from '../model/csv.ts';
import type { GroupId } from '../model/group-view.ts';
import { ParquetFiles } from './parquet-file.ts';
import { PlaceFile } from './place-file.ts';
import type { Sink, SinkBatch, SinkPlace, Written } from './sink.ts';
import type { ParquetOptions } from './sink-options.ts';

interface Found {
  readonly path: string;
  readonly group: GroupId;
  readonly first: number;
  readonly last: number;
}

const NAME = /^([0-9a-f]{16})-(\d{16})-(\d{16})\.parquet$/;
const DAY = /^day=[^/]+$/;
const CURSOR = 'sensorium.place';
const DRAFT = '.new';

export class ParquetSink implements Sink {
  readonly #path: string;
  readonly #cursor: PlaceFile;
  #files: ParquetFiles | null = null;
  #place: SinkPlace | null = null;

  constructor({ path }: ParquetOptions) {
    this.#path = path;
    this.#cursor = new PlaceFile(join(path, CURSOR));
  }

  async connect(): Promise<SinkPlace | null> {
    await mkdir(this.#path, { recursive: true });
    this.#files = await ParquetFiles.open();
    this.#place = await this.#cursor.load();
    if (this.#place !== null) await this.#cutBehind(this.#place);
    return this.#place;
  }

  place(): Promise<SinkPlace | null> {
    return this.#cursor.load();
  }

  async written(group: GroupId): Promise<Written> {
    const others = (await this.#found()).filter((file) => file.group !== group);
    return this.#opened().highest(others.map(({ path }) => path));
  }

  async write({ group, readings, upto }: SinkBatch): Promise<void> {
    const first = readings[0]?.sequence ?? upto + 1;
    // Files behind the place are removed after a crash, so there is a place before there are files.
    if (this.#place?.group !== group) await this.#keep({ group, sequence: first - 1 });
    for (const [day, some] of byDay(readings)) {
      const directory = join(this.#path, `day=${day}`);
      await mkdir(directory, { recursive: true });
      const sequences = [some[0]?.sequence ?? 0, some.at(-1)?.sequence ?? 0];
      const name = `${group}-${sequences.map((one) => String(one).padStart(16, '0')).join('-')}.parquet`;
      await this.#opened().write(join(directory, name), group, some);
    }
    await this.#keep({ group, sequence: upto });
  }

  async rewind(to: SinkPlace): Promise<void> {
    await this.#keep(to);
    await this.#cutBehind(to);
  }

  async close(): Promise<void> {
    const files = this.#files;
    this.#files = null;
    files?.close();
  }

  async #keep(place: SinkPlace): Promise<void> {
    this.#opened();
    await this.#cursor.save(place);
    this.#place = place;
  }

  /** A file that reaches beyond the place keeps what lies before it. */
  async #cutBehind({ group, sequence }: SinkPlace): Promise<void> {
    for (const file of await this.#found()) {
      if (file.group !== group || file.last <= sequence) continue;
      if (file.first <= sequence) {
        const last = String(sequence).padStart(16, '0');
        await this.#opened().cut(
          file.path,
          sequence + 1,
          file.path.replace(/\d{16}\.parquet$/, `${last}.parquet`),
        );
      }
      await rm(file.path);
    }
  }

  async #found(): Promise<readonly Found[]> {
    const found: Found[] = [];
    for (const day of await readdir(this.#path)) {
      if (!DAY.test(day)) continue;
      for (const name of await readdir(join(this.#path, day))) {
        const path = join(this.#path, day, name);
        const [, group, first, last] = NAME.exec(name) ?? [];
        if (group !== undefined) found.push({ path, group, first: Number(first), last: Number(last) });
        else if (name.endsWith(DRAFT)) await rm(path);
      }
    }
    return found;
  }

  /** One that was given up must not go on writing beside the next. */
  #opened(): ParquetFiles {
    if (this.#files === null) throw new Error('the files are closed');
    return this.#files;
  }
}

function byDay(readings: readonly LogReading[]): ReadonlyMap<string, readonly LogReading[]> {
  const days = new Map<string, LogReading[]>();
  for (const reading of readings) {
    const time = csvTime(reading.tsMs);
    const day = time.slice(0, time.indexOf('T'));
    const some = days.get(day);
    if (some === undefined) days.set(day, [reading]);
    else some.push(reading);
  }
  return days;
}
