// The CSV files of a node: every sensor's committed readings, by name, in the order of the log. A function of that
// order alone, and so equal at every node, whatever crashed in between. SPEC rules HI1-HI9.
//
// A crash may leave anything behind the cursor: rows, half a row, a stretch that was never filled. So nothing
// beyond the cursor is believed: at the next start each file is cut back to it, and the log, which still has all of
// that, writes it again.

import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../kit/assert.ts';
import { csvText } from '../model/csv.ts';
import type { StreamName } from '../model/durable.ts';
import type { GroupId } from '../model/group-view.ts';
import { identityText, type SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Value } from '../model/reading.ts';
import { type CsvCursor, type CsvGap, readCursor, syncDirectory, writeCursor } from './csv-cursor.ts';
import { cutBeyond, headingOf, lastPlace, remark } from './csv-lines.ts';
import { csvBase, csvName, GAPS_NAME, isCsvName } from './csv-name.ts';
import { type CsvFile, CsvSensor, columnsIn, headingFor } from './csv-sensor.ts';
import { trimFile } from './csv-trim.ts';
import { OpenFiles } from './open-files.ts';

/** What is kept of an order that has ended. */
const DISSOLVED = 'dissolved';
const GAPS_HEADING = 'index,what,before_sequence,origin,identity,from,to,why\n';
const NOT_HELD = 'not held by this node';

export class CsvFiles {
  readonly #directory: string;
  readonly #files: OpenFiles;
  /** Names of the CSV files there are. */
  readonly #names: Set<string>;
  readonly #sensors = new Map<SensorId, CsvSensor>();
  #durable: CsvCursor | null;
  /** The last entry, and sequence, that was taken. */
  #index = 0;
  #sequence = 0;
  #gaps: readonly CsvGap[] = [];
  #namesUnsynced = false;

  private constructor(directory: string, cursor: CsvCursor | null, names: Set<string>) {
    this.#directory = directory;
    this.#files = new OpenFiles(directory, LIMITS.csvOpenFilesMax);
    this.#names = names;
    this.#durable = cursor;
    this.#index = cursor?.index ?? 0;
    this.#sequence = cursor?.sequence ?? 0;
    this.#gaps = cursor?.gaps ?? [];
  }

  /** Continues what is there, after whatever end. (HI5) */
  static open(directory: string): CsvFiles {
    const cursor = readCursor(directory);
    const names = new Set<string>();
    for (const name of readdirSync(directory)) {
      if (name.endsWith('.csv.tmp')) rmSync(join(directory, name));
      else if (isCsvName(name)) names.add(name);
    }
    if (cursor !== null && !cursor.clean) cutAll(directory, names, cursor);
    const files = new CsvFiles(directory, cursor, names);
    // Without a cursor nobody can say what of them is sure, nor of which order it is.
    if (cursor === null && names.size > 0) files.#setAside('unknown');
    return files;
  }

  get group(): GroupId | null {
    return this.#durable?.group ?? null;
  }

  /** The entry that is to come next. */
  get next(): number {
    return this.#index + 1;
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Up to where everything is durable. */
  get durable(): { readonly index: number; readonly sequence: number } {
    return { index: this.#durable?.index ?? 0, sequence: this.#durable?.sequence ?? 0 };
  }

  /** Whether there is anything that a checkpoint would make durable. */
  get isBehind(): boolean {
    return this.#durable !== null && this.#index > this.#durable.index;
  }

  get pendingBytes(): number {
    return this.#files.pendingBytes;
  }

  /** The order of this group follows, from its beginning. What is there of another one is set aside. */
  startGroup(group: GroupId): void {
    if (this.#durable?.group === group) return;
    if (this.#durable !== null) {
      this.#files.write();
      this.#files.sync();
      this.#setAside(this.#durable.group);
    }
    this.#index = 0;
    this.#sequence = 0;
    this.#gaps = [];
    this.#save({ group, clean: true });
  }

  /** Where an entry stands; entries come in order, and what is missing between two was not to be had. */
  enter(index: number, firstSequence: number): void {
    assert(this.#durable !== null, 'an order is begun before its entries come');
    assert(index > this.#index && firstSequence > this.#sequence, 'entries come in their order');
    if (this.#durable.clean) this.#save({ clean: false });
    if (firstSequence > this.#sequence + 1) this.#leap(index - 1, firstSequence - 1);
    this.#index = index;
  }

  reading(sensor: SensorId, sequence: number, tsMs: number, value: Value): void {
    const files = this.#sensors.get(sensor) ?? this.#lookUp(sensor);
    let file = files.fileFor(value);
    if (file === null) {
      const name = csvName(csvBase(sensor), files.files.length + 1);
      file = files.open(name, value);
      this.#names.add(name);
      this.#namesUnsynced = true;
      this.#files.append(name, headingFor(file));
    }
    if (this.#gaps.length > 0) this.#tellGaps(file);
    this.#files.append(file.name, files.row(file, sequence, tsMs, value));
    file.upto = sequence;
    this.#sequence = sequence;
    if (this.#files.pendingBytes >= LIMITS.csvPendingBytesMax) this.#files.write();
  }

  /** Records of a producer that exist nowhere any more. */
  lost(producer: StreamName, firstN: number, lastN: number, why: string): void {
    const { origin, identity } = producer;
    this.#remember('lost', `${origin},${identityText(identity)},${firstN},${lastN},${csvText(why)}`);
  }

  /** The log begins at `firstKept` from here on, and so do the files, by and by. (HI9) */
  trim(firstKept: number): void {
    // What comes before the trim must be sure first: done again after a crash, it is to find the same files.
    const index = this.#index;
    this.#index = index - 1;
    this.checkpoint();
    this.#index = index;
    for (const name of this.#names) {
      if (name === GAPS_NAME || !trimFile(this.#directory, name, firstKept)) continue;
      this.#files.replaced(name);
      this.#namesUnsynced = true;
    }
    this.#gaps = this.#gaps.filter(({ to }) => to >= firstKept);
    this.#remember('trimmed', `,,1,${firstKept - 1},by retention`);
  }

  /** Hands to the system what waits; a crash of this process loses none of it from here on. */
  write(): void {
    this.#files.write();
  }

  /** Everything up to here is durable when it returns. */
  checkpoint(): void {
    this.#files.write();
    this.#files.sync();
    if (this.#namesUnsynced) syncDirectory(this.#directory);
    this.#namesUnsynced = false;
    this.#save({});
  }

  /** In peace: the next start need not look at the files. */
  close(): void {
    if (this.#durable?.clean === false) {
      this.checkpoint();
      this.#save({ clean: true });
    }
    this.#files.close();
  }

  /** The node never had what lies between; its files say so before their next row. */
  #leap(index: number, sequence: number): void {
    const gap = { from: this.#sequence + 1, to: sequence };
    this.#index = index;
    this.#sequence = sequence;
    this.#gaps = [...this.#gaps, gap].slice(-LIMITS.csvGapsMax);
    this.#remember('gap', `,,${gap.from},${gap.to},${NOT_HELD}`);
    this.checkpoint();
  }

  #tellGaps(file: CsvFile): void {
    for (const { from, to } of this.#gaps) {
      if (to <= file.upto) continue;
      this.#files.append(file.name, remark('gap', from, to, NOT_HELD));
      file.upto = to;
    }
  }

  #remember(what: string, rest: string): void {
    if (!this.#names.has(GAPS_NAME)) {
      this.#names.add(GAPS_NAME);
      this.#namesUnsynced = true;
      this.#files.append(GAPS_NAME, GAPS_HEADING);
    }
    this.#files.append(GAPS_NAME, `${this.#index},${what},${this.#sequence + 1},${rest}\n`);
  }

  #lookUp(sensor: SensorId): CsvSensor {
    const base = csvBase(sensor);
    const files: CsvFile[] = [];
    // What waits to be written of a sensor that was forgotten here must be found in its file.
    if (this.#names.has(csvName(base, 1)) && this.#files.pendingBytes > 0) this.#files.write();
    for (let number = 1; number <= LIMITS.csvFilesPerSensorMax; number++) {
      const name = csvName(base, number);
      if (!this.#names.has(name)) break;
      const isJson = number === LIMITS.csvFilesPerSensorMax;
      files.push(readFile(this.#directory, name, isJson));
    }
    const found = new CsvSensor(sensor, files);
    if (this.#sensors.size >= LIMITS.csvSensorsKeptMax) {
      for (const longestKnown of this.#sensors.keys()) {
        this.#sensors.delete(longestKnown);
        break;
      }
    }
    this.#sensors.set(sensor, found);
    return found;
  }

  #save(change: { readonly group?: GroupId; readonly clean?: boolean }): void {
    const group = change.group ?? this.#durable?.group;
    assert(group !== undefined, 'a cursor is one of a group');
    const clean = change.clean ?? this.#durable?.clean ?? false;
    // A cursor that is made unclean says nothing of what is taken and not yet durable.
    const atDurable = change.clean === false && this.#durable !== null ? this.#durable : null;
    this.#durable = {
      group,
      index: atDurable?.index ?? this.#index,
      sequence: atDurable?.sequence ?? this.#sequence,
      clean,
      gaps: this.#gaps,
    };
    writeCursor(this.#directory, this.#durable);
  }

  /** The files of an order that has ended are kept, out of the way. */
  #setAside(group: string): void {
    this.#files.close();
    this.#sensors.clear();
    let to = join(this.#directory, DISSOLVED, group);
    for (let again = 2; existsSync(to); again++) to = join(this.#directory, DISSOLVED, `${group}.${again}`);
    mkdirSync(to, { recursive: true, mode: 0o700 });
    for (const name of this.#names) renameSync(join(this.#directory, name), join(to, name));
    this.#names.clear();
    syncDirectory(to);
    syncDirectory(this.#directory);
  }
}

/** Cuts each file back to what is sure. (HI5) */
function cutAll(directory: string, names: Set<string>, { index, sequence }: CsvCursor): void {
  for (const name of names) {
    const path = join(directory, name);
    if (cutBeyond(path, name === GAPS_NAME ? index : sequence)) continue;
    names.delete(name);
    // A file that somebody else put there is none of ours.
    if (isOurs(path)) rmSync(path);
  }
  syncDirectory(directory);
}

/** Whether its heading is one of ours, or was never whole. */
function isOurs(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const heading = headingOf(file);
    if (heading === null || heading.includes('\0')) return true;
    return columnsIn(heading) !== null || `${heading}\n` === GAPS_HEADING;
  } finally {
    closeSync(file);
  }
}

function readFile(directory: string, name: string, isJson: boolean): CsvFile {
  const file = openSync(join(directory, name), 'r');
  try {
    const heading = headingOf(file);
    const columns = heading === null ? null : columnsIn(heading);
    if (columns === null)
      throw new Error(`${join(directory, name)} is no CSV file of this node: move it away`);
    const upto = lastPlace(file, Number.MAX_SAFE_INTEGER)?.place ?? 0;
    return { name, columns, isJson, upto };
  } finally {
    closeSync(file);
  }
}

/** Removes all CSV files and the word of how far they are: for a node that begins anew. */
export function wipeCsv(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (isCsvName(name) || name.startsWith('csv.cursor')) rmSync(join(directory, name));
  }
}
