// How far back the log reaches: what was trimmed, who holds it nevertheless, and the files that go. SPEC rule ST44.

import type { Disk } from '../disk.ts';
import { type Task, told } from '../task.ts';
import type { Bases } from './bases.ts';
import type { Chores } from './chores.ts';
import type { Losses } from './losses.ts';
import { Pins } from './pins.ts';
import type { Reader } from './reader.ts';
import { segmentName } from './segment.ts';
import type { Segments } from './segments.ts';
import type { Writer } from './writer.ts';

export interface RetentionStart {
  readonly firstSegment: number;
  /** Entries up to here are needed no more. */
  readonly trimmed: number;
}

interface Parts {
  readonly bases: Bases;
  readonly losses: Losses;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly chores: Chores;
}

export interface RetentionEvents {
  /** Saves the superblock, with where the log begins. */
  remember(done: () => void): void;
  /** Somebody held the log beyond the time that was set for it. */
  expired(name: string): void;
  /** `wakeAt` has come nearer. */
  wakeMoved(): void;
}

export class Retention {
  readonly #disk: Disk;
  readonly #segments: Segments;
  readonly #parts: Parts;
  readonly #events: RetentionEvents;
  readonly #pins = new Pins();
  #firstSegment: number;
  #trimmed: number;

  constructor(disk: Disk, segments: Segments, start: RetentionStart, parts: Parts, events: RetentionEvents) {
    this.#disk = disk;
    this.#segments = segments;
    this.#parts = parts;
    this.#events = events;
    this.#firstSegment = start.firstSegment;
    this.#trimmed = start.trimmed;
  }

  get firstSegment(): number {
    return this.#firstSegment;
  }

  get trimmed(): number {
    return this.#trimmed;
  }

  get startIndex(): number {
    return Math.max(this.#segments.start, this.#trimmed + 1);
  }

  get wakeAt(): number {
    return this.#pins.wakeAt;
  }

  wake(nowMs: number): void {
    const expired = this.#pins.expire(nowMs);
    for (const name of expired) this.#events.expired(name);
    if (expired.length > 0) this.apply();
  }

  trim(upto: number): void {
    if (upto <= this.#trimmed) return;
    this.#trimmed = upto;
    this.apply();
  }

  pin(name: string, from: number, untilMs: number): void {
    this.#pins.set(name, from, untilMs);
    this.#events.wakeMoved();
  }

  unpin(name: string): void {
    this.#pins.drop(name);
    this.apply();
  }

  /** Whole segments go, as far as nothing holds them. */
  apply(): void {
    if (this.#segments.upTo(this.#removable).length > 0) this.#parts.chores.add(() => this.#remove());
  }

  /** The log begins anew behind `trimmed`, in this segment; all before it goes. */
  *beginAnew(firstSegment: number, trimmed: number): Task<null> {
    const old = this.#firstSegment;
    this.#firstSegment = firstSegment;
    this.#trimmed = trimmed;
    return yield* this.#forgetFrom(old);
  }

  /** Up to where segments may go: covered by two bases, committed, and held by no reader. */
  get #removable(): number {
    const { bases, writer } = this.#parts;
    return Math.min(this.#trimmed, this.#pins.from - 1, bases.covered, writer.floor);
  }

  *#remove(): Task<null> {
    const gone = this.#segments.upTo(this.#removable);
    const last = gone.at(-1);
    if (last === undefined) return null;
    const old = this.#firstSegment;
    this.#firstSegment = last.number + 1;
    this.#segments.forget(gone.length);
    this.#parts.losses.forget({ from: 0, to: this.#segments.start - 1 });
    yield* this.#forgetFrom(old);
    this.#parts.writer.tryAgain();
    return null;
  }

  /** Says where the log begins before a file goes: a start would take it for lost otherwise. */
  *#forgetFrom(old: number): Task<null> {
    yield* told((done) => this.#events.remember(done));
    for (let number = old; number < this.#firstSegment; number++) {
      this.#parts.reader.drop(number);
      const name = segmentName(number);
      // One that was damaged may be gone already.
      yield* told((done) => this.#disk.remove(name, done));
    }
    return yield* this.#parts.bases.prune(this.#trimmed);
  }
}
