// Who waits until own records are committed, and how long. All wait equally long, so who came first is due first, and
// one alarm serves all. SPEC rule HB9.

import { Heap } from '../kit/heap.ts';
import { type Identity, identityText } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

export interface CommitWait {
  readonly identity: Identity;
  readonly lastN: number;
  committed(): void;
  /** Not in time; the records will be committed some day all the same. */
  late(): void;
}

interface Waiting extends CommitWait {
  readonly dueAtMs: number;
  over: boolean;
}

/** Gives how to call it off. */
export type Later = (ms: number, act: () => void) => () => void;

export class CommitWaits {
  readonly #waitMs: number;
  readonly #later: Later;
  readonly #steadyMs: () => number;
  readonly #byIdentity = new Map<string, Heap<Waiting>>();
  /** Late ones that are in a heap still. */
  #lateInHeaps = 0;
  /** In the order in which they are due; those that are over leave when their time comes. */
  #queue: Waiting[] = [];
  #callOff: (() => void) | null = null;
  /** At most commitWaitsMax: who comes beyond it need not wait. */
  #waiting = 0;

  constructor(waitMs: number, steadyMs: () => number, later: Later) {
    this.#waitMs = waitMs;
    this.#steadyMs = steadyMs;
    this.#later = later;
  }

  get size(): number {
    return this.#waiting;
  }

  add(wait: CommitWait): void {
    if (this.#waiting >= LIMITS.commitWaitsMax) {
      wait.late();
      return;
    }
    const waiting: Waiting = {
      identity: wait.identity,
      lastN: wait.lastN,
      committed: () => wait.committed(),
      late: () => wait.late(),
      dueAtMs: this.#steadyMs() + this.#waitMs,
      over: false,
    };
    this.#heapOf(wait.identity).push(waiting);
    this.#queue.push(waiting);
    this.#waiting++;
    if (this.#callOff === null) this.#arm(this.#waitMs);
  }

  /** Own records of this identity up to `upto` have their places. */
  committed(identity: Identity, upto: number): void {
    const name = identityText(identity);
    const heap = this.#byIdentity.get(name);
    if (heap === undefined) return;
    for (let first = heap.first; first !== undefined && first.lastN <= upto; first = heap.first) {
      heap.pop();
      if (this.#end(first)) first.committed();
      else this.#lateInHeaps--;
    }
    if (heap.size === 0) this.#byIdentity.delete(name);
  }

  /** Nobody waits any longer. */
  close(): void {
    this.#callOff?.();
    this.#callOff = null;
    const all = this.#queue;
    this.#queue = [];
    this.#byIdentity.clear();
    for (const waiting of all) if (this.#end(waiting)) waiting.late();
  }

  #alarm(): void {
    this.#callOff = null;
    const nowMs = this.#steadyMs();
    let due = 0;
    for (const waiting of this.#queue) {
      if (!waiting.over && waiting.dueAtMs > nowMs) break;
      due++;
      if (!this.#end(waiting)) continue;
      this.#lateInHeaps++;
      waiting.late();
    }
    this.#queue = this.#queue.slice(due);
    if (this.#lateInHeaps > this.#waiting) this.#forgetLate();
    const next = this.#queue[0];
    if (next !== undefined) this.#arm(Math.max(1, next.dueAtMs - nowMs));
  }

  #forgetLate(): void {
    this.#byIdentity.clear();
    this.#lateInHeaps = 0;
    for (const waiting of this.#queue) if (!waiting.over) this.#heapOf(waiting.identity).push(waiting);
  }

  #heapOf(identity: Identity): Heap<Waiting> {
    const name = identityText(identity);
    let heap = this.#byIdentity.get(name);
    if (heap === undefined) {
      heap = new Heap((a, b) => a.lastN < b.lastN);
      this.#byIdentity.set(name, heap);
    }
    return heap;
  }

  #arm(ms: number): void {
    this.#callOff = this.#later(ms, () => this.#alarm());
  }

  #end(waiting: Waiting): boolean {
    if (waiting.over) return false;
    waiting.over = true;
    this.#waiting--;
    return true;
  }
}
