// A history log on a disk in memory, driven answer by answer, and a memory of all that was asked and answered: what a
// test needs to crash it anywhere and to look at what is left.

import { assert, must } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import type { Ballot } from '../../model/ballot.ts';
import type { Base, Entry, EntryBody, RecoveredLog } from '../../model/entry.ts';
import { encodeEntry, NO_CHAIN, sameChain } from '../../wire/entry.ts';
import type { Disk } from '../disk.ts';
import type { MemoryDisk } from '../memory-disk.ts';
import type { OutboxOptions } from '../outbox-store.ts';
import { ann, FIRST, SMALL, StoreInTest } from '../testing.ts';

export const SMALL_ORDER: OutboxOptions = {
  ...SMALL,
  order: {
    history: {
      segmentBytes: 4_096,
      firstSegmentBytes: 2_048,
      reserveBytes: 1_024,
      groupBytesMax: 2_048,
      markAfterMs: 50,
      retryFullAfterMs: 1_000,
      openSegmentsMax: 3,
      cursorsMax: 4,
    },
    outboxBytesMax: 20_000,
    outboxPolicy: 'block',
    outboxTailBytesMax: 2_000,
  },
};

/** What changes the log, one record each. */
type Op =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'install'; readonly base: Base };

/** A log as it should be. */
export interface Model {
  /** What it begins behind. */
  readonly base: { readonly index: number; readonly sequence: number; readonly chain: Entry['chain'] };
  readonly entries: readonly Entry[];
}

const EMPTY: Model = { base: { index: 0, sequence: 1, chain: NO_CHAIN }, entries: [] };

export class LogInTest {
  readonly machine: StoreInTest;
  round = 1;
  /** The log as it was found at the last start, and what was asked since. */
  found: Model = EMPTY;
  ops: Op[] = [];
  /** So many of them were answered. */
  answered = 0;
  floor = 0;
  /** The highest floor that is durable. */
  durableFloor = 0;

  constructor(options: OutboxOptions = SMALL_ORDER, between: (disk: MemoryDisk) => Disk = (disk) => disk) {
    this.machine = new StoreInTest(options, between);
  }

  get store(): StoreInTest['store'] {
    return this.machine.store;
  }

  get disk(): MemoryDisk {
    return this.machine.disk;
  }

  /** The log once all that was asked is done. */
  get asked(): Model {
    return this.ops.reduce(after, this.found);
  }

  get answeredModel(): Model {
    return this.ops.slice(0, this.answered).reduce(after, this.found);
  }

  get recovered(): RecoveredLog {
    return must(this.machine.opened?.order, 'the store is open').log;
  }

  get lastIndex(): number {
    return endOf(this.asked).index;
  }

  ready(): this {
    this.machine.open();
    this.machine.saveIdentity(FIRST);
    return this;
  }

  run(): void {
    this.machine.queue.runAll();
  }

  append(...bodies: EntryBody[]): readonly Entry[] {
    const entries: Entry[] = [];
    let end = endOf(this.asked);
    for (const body of bodies) {
      const count = body.kind === 'data' ? body.lastN - body.firstN + 1 : 0;
      const head = { ballot: this.ballot, index: end.index + 1, firstSequence: end.sequence, count, body };
      const entry = encodeEntry(head, end.chain);
      entries.push(entry);
      end = { index: entry.index, sequence: end.sequence + count, chain: entry.chain };
    }
    this.#ask(
      entries.map((entry) => ({ kind: 'entry', entry })),
      (done) => this.store.appendLog(entries, this.floor, done),
    );
    return entries;
  }

  cut(after: number): void {
    this.round++;
    this.#ask([{ kind: 'cut', after }], (done) => this.store.cutLog(after, done));
  }

  install(base: Base): void {
    this.floor = base.index;
    this.durableFloor = 0;
    this.#ask([{ kind: 'install', base }], (done) => this.store.saveBase(base, done));
  }

  /** Takes a base of what is committed. */
  base(): void {
    if (this.floor > this.answeredModel.base.index) this.store.saveBase(this.baseAt(this.floor), () => {});
  }

  baseAt(index: number, group = '0123456789abcdef'): Base {
    const entry = this.asked.entries.find((one) => one.index === index);
    const { sequence, chain } = entry ? endBehind(entry) : this.asked.base;
    return baseOf(index, sequence, chain, group);
  }

  /** What was durable at one time is known committed from here on. */
  commit(index: number): void {
    const cuts = this.ops.slice(this.answered).flatMap((op) => (op.kind === 'cut' ? [op.after] : []));
    this.floor = Math.max(this.floor, Math.min(index, endOf(this.answeredModel).index, ...cuts));
  }

  get ballot(): Ballot {
    return { round: this.round, priority: 0, peer: ann, identity: FIRST };
  }

  /** Reads all that is there through the store. */
  readAll(from = this.store.logStart): readonly Entry[] {
    const all: Entry[] = [];
    for (let next = from; ; ) {
      const read = this.read(next, Number.MAX_SAFE_INTEGER, 1_500);
      if (read.length === 0) return all;
      all.push(...read);
      next = (read.at(-1)?.index ?? next) + 1;
    }
  }

  read(from: number, to: number, bytesMax: number): readonly Entry[] {
    const answers: (readonly Entry[])[] = [];
    this.store.readLog(from, to, bytesMax, (entries) => answers.push(entries));
    this.run();
    return must(answers[0], 'a read is answered');
  }

  find(sequence: number): number | null {
    const answers: (number | null)[] = [];
    this.store.findSequence(sequence, (index) => answers.push(index));
    this.run();
    return answers[0] ?? null;
  }

  mend(entries: readonly Entry[]): boolean {
    const answers: boolean[] = [];
    this.store.mendLog(entries, (mended) => answers.push(mended));
    this.run();
    return must(answers[0] === undefined ? null : { mended: answers[0] }, 'mending is answered').mended;
  }

  /** The power fails, and the log is opened again and compared with what was asked. */
  crash(seed: number): void {
    this.machine.crash(new Random(seed));
    this.machine.open();
    this.verify();
  }

  /**
   * Gives the log back what it misses, as other peers would, and tells whether all of it was taken. What is refused
   * is offered once more, as a peer does: what stands beside it may have been written anew meanwhile.
   */
  restore(model: Model): boolean {
    let refusals = 0;
    for (let tries = 0; tries < 50; tries++) {
      const holes = this.machine.opened?.store.logHoles ?? [];
      const hole = holes[0];
      // What had left the log may be called missing behind its end, until it has grown beyond that.
      if (hole === undefined || hole.from > endOf(model).index) return true;
      const isTail = hole.from === this.store.logEnd + 1;
      const wanted = model.entries.filter(({ index }) => index >= hole.from && index <= hole.to);
      if (isTail) this.#giveBack(wanted);
      else if (this.mend(wanted.slice(0, 5))) refusals = 0;
      else if (refusals++ > 0) return false;
    }
    return false;
  }

  #giveBack(entries: readonly Entry[]): void {
    this.store.appendLog(entries, this.floor, () => {});
    this.run();
  }

  /**
   * Compares what an opened store found with what was asked: it is what the log was after everything answered, or
   * after something asked later. What is missing of that must be reported. The test goes on from what was found.
   */
  verify(): void {
    const { base, entries, damaged, start, floor } = this.recovered;
    const end = entries.at(-1)?.index ?? base?.index ?? 0;
    const matching = this.#matching(end, entries);
    const owed = endOf(this.answeredModel).index;
    const isReported = damaged.length > 0 || this.machine.opened?.tailUnknown === true;
    assert(matching !== null || isReported, `the log ends at ${end}, answered was ${owed}: ${this.#story()}`);
    const isPrefix = matching !== null || this.#isPrefix(entries);
    assert(isPrefix, 'no entry is there that was not asked for at its place');
    assert(floor <= end, 'nothing is committed that is not there');
    assert(
      isReported || floor >= Math.min(this.durableFloor, end),
      'what was known to be committed stays so',
    );
    const model = matching ?? this.answeredModel;
    const known = model.entries.filter(({ index }) => index <= end);
    this.found = { base: model.base, entries: known };
    this.ops = [];
    this.answered = 0;
    this.floor = floor;
    this.durableFloor = floor;
    assert(start <= end + 1, 'a log begins before it ends');
    for (const [at, entry] of entries.entries()) {
      assert(entry.index === (base?.index ?? 0) + 1 + at, 'entries are given without a gap');
    }
  }

  /** The state of the log that was found, of those that may be: null if there is none. */
  #matching(end: number, entries: readonly Entry[]): Model | null {
    let model = this.answeredModel;
    for (let at = this.answered; ; at++) {
      if (endOf(model).index === end && isEqual(model, entries)) return model;
      const op = this.ops[at];
      if (op === undefined) return null;
      model = after(model, op);
    }
  }

  #isPrefix(entries: readonly Entry[]): boolean {
    const states = [this.answeredModel, this.asked];
    return states.some((model) => isEqual(model, entries));
  }

  #ask(ops: readonly Op[], call: (done: () => void) => void): void {
    this.ops.push(...ops);
    const upto = this.ops.length;
    const { ops: asked } = this;
    // A cut says nothing of what is committed.
    const floor = ops.some(({ kind }) => kind === 'cut') ? 0 : this.floor;
    call(() => {
      if (this.ops !== asked) return;
      assert(upto >= this.answered, 'answers come in order');
      this.answered = upto;
      this.durableFloor = Math.max(this.durableFloor, Math.min(floor, endOf(this.answeredModel).index));
    });
  }

  #story(): string {
    return JSON.stringify({ report: this.machine.report, damaged: this.recovered.damaged });
  }
}

/** A batch of so many records, opaque. */
export function data(bytes: number, records = 1, random?: Random): EntryBody {
  const payload = Uint8Array.from({ length: bytes }, (_, at) => (random ? random.below(256) : at * 7));
  const producer = { origin: ann, identity: FIRST };
  return { kind: 'data', producer, firstN: 1, lastN: records, payload };
}

export const CONTROL: EntryBody = { kind: 'epoch-start' };

export function baseOf(index: number, nextSequence: number, chain: Entry['chain'], group: string): Base {
  const ballot: Ballot = { round: 1, priority: 0, peer: ann, identity: FIRST };
  const view = { voters: [], learners: [], joint: null, tieBreak: false };
  return {
    group,
    index,
    ballot,
    chain,
    nextSequence,
    view,
    viewId: 0,
    producers: [],
    epochs: [],
    absorbed: [],
    version: 1,
  };
}

export function endOf({ base, entries }: Model): Model['base'] {
  const last = entries.at(-1);
  return last ? endBehind(last) : base;
}

function endBehind({ index, firstSequence, count, chain }: Entry): Model['base'] {
  return { index, sequence: firstSequence + count, chain };
}

function after(model: Model, op: Op): Model {
  if (op.kind === 'entry') return { ...model, entries: [...model.entries, op.entry] };
  if (op.kind === 'cut') return { ...model, entries: model.entries.filter(({ index }) => index <= op.after) };
  const { index, nextSequence, chain } = op.base;
  return { base: { index, sequence: nextSequence, chain }, entries: [] };
}

/** Whether these are the last entries of the model, or the first ones from where they begin. */
function isEqual({ entries }: Model, found: readonly Entry[]): boolean {
  return found.every((entry) => {
    const expected = entries.find(({ index }) => index === entry.index);
    return expected !== undefined && sameChain(expected.chain, entry.chain);
  });
}

/** So many pairs of an entry with three readings and one with none, one pair a group. */
export function filled(pairs: number): LogInTest {
  const log = new LogInTest().ready();
  for (let i = 0; i < pairs; i++) {
    log.append(data(50 + (i % 9) * 25, 3), CONTROL);
    log.run();
  }
  return log;
}

export function bytesOf(entries: readonly Entry[]): readonly (readonly number[])[] {
  return entries.map(({ bytes }) => [...bytes]);
}
