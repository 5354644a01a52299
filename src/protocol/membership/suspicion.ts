// A suspicion: the time a member has to refute what is said of it (SWIM §4.2). It starts long and is shortened
// by every further peer that found the member silent itself (Lifeguard, Dadgar 2017, §IV.B). SPEC rule MB8.
//
// Who found it silent travels with the rumour, so that it does not matter by which way one hears of it, and who
// only passes it on confirms nothing.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { MembershipOptions } from './options.ts';

/** Confirmations after which a suspicion is as short as it gets. */
const WANTED_MAX = LIMITS.accusersMax - 1;

/** log(confirmed + 1) / log(wanted + 1), by wanted and confirmed: `Math.log` is not the same on every engine. */
const SHORTENED: readonly (readonly number[])[] = [[1], [0, 1], [0, 0.63, 1], [0, 0.5, 0.79, 1]];

export interface SuspicionBounds {
  readonly minMs: number;
  readonly maxMs: number;
  /** How many confirmations are wanted: no more than there are others to give them. */
  readonly wanted: number;
}

export class Suspicion {
  #sinceMs: number;
  #certain = false;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Somebody waited for a refutation in vain, so it lasts no longer than the shortest. */
  makeCertain(): void {
    this.#certain = true;
  }

  /** Gives the member its time again, for the peer itself was not there to hear it. */
  restart(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  dueMs({ minMs, maxMs, wanted }: SuspicionBounds, accusers: number): number {
    const confirmed = Math.min(Math.max(0, accusers - 1), wanted);
    const shortened = this.#certain ? 1 : (SHORTENED[wanted]?.[confirmed] ?? 1);
    return this.#sinceMs + maxMs - (maxMs - minMs) * shortened;
  }
}

/** Those of `said` and then of `more`, each once and no more than count; `said` itself where none is added. */
export function withAccusers(said: readonly PeerId[], more: readonly PeerId[]): readonly PeerId[] {
  const added = more.filter((peer) => !said.includes(peer)).slice(0, LIMITS.accusersMax - said.length);
  return added.length === 0 ? said : [...said, ...added];
}

/** Larger clusters need longer, by the logarithm of their size, for a refutation to get around. `stretch`: by health. */
export function suspicionBounds(
  members: number,
  stretch: number,
  { suspicionMinMs, suspicionMaxMs }: MembershipOptions,
): SuspicionBounds {
  const scale = Math.max(1, doublings(members) / 4) * stretch;
  return {
    minMs: suspicionMinMs * scale,
    maxMs: Math.max(suspicionMinMs, suspicionMaxMs) * scale,
    wanted: Math.max(0, Math.min(WANTED_MAX, members - 2)),
  };
}

/** How often 1 must be doubled to exceed `count`: a logarithm that is exact. */
export function doublings(count: number): number {
  return 32 - Math.clz32(count);
}
