// What each peer says of each other, kept from facts alone: a byte a pair, and how many pairs say what. SPEC rule
// SM23.

import type { MemberStatus } from '../../model/member.ts';
import type { Fleet } from './fleet.ts';
import type { Station } from './station.ts';

type Said = 'unknown' | MemberStatus;
const SAID: readonly Said[] = ['unknown', 'alive', 'suspected', 'dead', 'left'];

/** A peer's word about another has changed. */
export interface Verdict {
  readonly atMs: number;
  readonly by: Station;
  readonly of: Station;
  readonly said: Said;
  readonly was: Said;
}

export class Verdicts {
  readonly #fleet: Fleet;
  readonly #size: number;
  readonly #said: Uint8Array;
  onChange: (verdict: Verdict) => void = () => {};

  /** `joined`: all say alive of all from the start. */
  constructor(fleet: Fleet, joined: boolean) {
    this.#fleet = fleet;
    this.#size = fleet.stations.length;
    this.#said = new Uint8Array(this.#size * this.#size);
    if (joined) this.#said.fill(codeOf('alive'));
    fleet.listen((by, fact) => {
      if (fact.type !== 'member-joined' && fact.type !== 'member-status') return;
      const of = fleet.stationOf(fact.peer);
      if (of !== null) this.#change(by, of, fact.type === 'member-joined' ? 'alive' : fact.status);
    });
  }

  /** How many ordered pairs of running peers do not take each other for alive. */
  get pairsApart(): number {
    const running = [...this.#fleet.running()];
    const alive = codeOf('alive');
    let apart = 0;
    for (const by of running) {
      const row = by.index * this.#size;
      for (const of of running) if (of !== by && this.#said[row + of.index] !== alive) apart++;
    }
    return apart;
  }

  #change(by: Station, of: Station, said: Said): void {
    const at = by.index * this.#size + of.index;
    const was = SAID[this.#said[at] as number] ?? 'unknown';
    if (was === said) return;
    this.#said[at] = codeOf(said);
    this.onChange({ atMs: this.#fleet.nowMs, by, of, said, was });
  }
}

function codeOf(said: Said): number {
  return SAID.indexOf(said);
}
