// No two peers ever take different entries for committed at one index, nor different readings at one sequence; and
// each goes on where it stopped (state machine safety, Raft §5.4.3). SPEC rule SM53.

import type { Entry } from '../../../model/entry.ts';
import type { Truth } from '../truth.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';
import { sameChain } from './log-matching.ts';

export class Agreement extends OrderChecker {
  readonly rule = 'one committed order';
  readonly #truth: Truth;
  /** By group: the sequence the next reading gets. */
  readonly #next = new Map<string, { index: number; sequence: number }>();

  constructor(complain: Complain, truth: Truth) {
    super(complain);
    this.#truth = truth;
  }

  override committed(at: OrderPlace, from: number, to: number): void {
    if (to < from) {
      this.complain(at, `its commit index goes back from ${from} to ${to}`);
      return;
    }
    const truth = this.#truth.of(at.group);
    if (to > truth.last)
      this.complain(at, `takes ${to} for committed, no leader has committed above ${truth.last}`);
    for (let index = from + 1; index <= to; index++) this.#compare(at, index);
    this.#number(at);
  }

  #compare(at: OrderPlace, index: number): void {
    const mine = at.asked.at(index);
    const known = this.#truth.of(at.group).at(index)?.entry;
    if (mine === undefined || known === undefined || mine === known) return;
    if (!sameChain(mine.chain, known.chain) || !sameBytes(mine.bytes, known.bytes)) {
      this.complain(at, `takes ${text(mine)} for committed, elsewhere ${text(known)} is`);
    }
  }

  /** The numbers are a function of what stands before. */
  #number(at: OrderPlace): void {
    const truth = this.#truth.of(at.group);
    const name = at.group ?? '';
    let next = this.#next.get(name);
    if (next === undefined) {
      next = { index: 1, sequence: 1 };
      this.#next.set(name, next);
    }
    for (; next.index <= truth.last; next.index++) {
      const entry = truth.at(next.index)?.entry;
      if (entry === undefined) return;
      if (entry.index !== next.index || entry.firstSequence !== next.sequence) {
        this.complain(at, `${text(entry)} begins at sequence ${entry.firstSequence}, not ${next.sequence}`);
      }
      next.sequence += entry.count;
    }
  }
}

function text(entry: Entry): string {
  const { body } = entry;
  const what = body.kind === 'data' ? `${body.producer.origin}'s ${body.firstN}..${body.lastN}` : body.kind;
  return `entry ${entry.index} of ${entry.ballot.round}.${entry.ballot.peer} (${what})`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, at) => byte === b[at]));
}
