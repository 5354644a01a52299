// The committed order of each group as an onlooker knows it: an entry is in it once a leader has raised its commit
// index over it. Checkers compare everything else with this. SPEC rules SM51, SM53.

import type { Ballot } from '../../model/ballot.ts';
import type { Entry } from '../../model/entry.ts';
import { NO_GROUP, type OrderPlace, OrderWatcher } from './watcher.ts';

export interface Committed {
  readonly entry: Entry;
  /** The ballot of the leader that committed it. */
  readonly under: Ballot;
  readonly atMs: number;
}

export class GroupTruth {
  readonly committed: Committed[] = [];

  get last(): number {
    return this.committed.length;
  }

  at(index: number): Committed | undefined {
    return this.committed[index - 1];
  }
}

export class Truth extends OrderWatcher {
  readonly #nowMs: () => number;
  readonly #groups = new Map<string, GroupTruth>();
  #groupsSeen: GroupTruth = new GroupTruth();
  #groupSeen: string | null = null;

  constructor(nowMs: () => number) {
    super();
    this.#nowMs = nowMs;
  }

  get groups(): ReadonlyMap<string, GroupTruth> {
    return this.#groups;
  }

  of(group: string | null): GroupTruth {
    const name = group ?? NO_GROUP;
    if (name === this.#groupSeen) return this.#groupsSeen;
    let truth = this.#groups.get(name);
    if (truth === undefined) {
      truth = new GroupTruth();
      this.#groups.set(name, truth);
    }
    this.#groupSeen = name;
    this.#groupsSeen = truth;
    return truth;
  }

  override committed(at: OrderPlace, from: number, to: number): void {
    if (at.leads === null) return;
    const truth = this.of(at.group);
    for (let index = Math.max(from, truth.last) + 1; index <= to; index++) {
      const entry = at.asked.at(index);
      if (entry === undefined || index !== truth.last + 1) return;
      truth.committed.push({ entry, under: at.leads, atMs: this.#nowMs() });
    }
  }
}
