// A suspicion: the time a member has to refute what is said of it (SWIM §4.2). It starts long and is shortened
// by every further peer that says the same (Lifeguard, Dadgar 2017, §IV.B). SPEC rule MB8.

import type { PeerId } from '../../model/ids.ts';
import type { Health } from './health.ts';
import type { MembershipOptions } from './options.ts';

/** Confirmations after which a suspicion is as short as it gets. */
const WANTED_MAX = 3;

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
  /** Who says it; the first is the one who began. At most 1 + WANTED_MAX. */
  readonly #accusers: PeerId[];
  #certain = false;

  constructor(by: PeerId, nowMs: number) {
    this.#accusers = [by];
    this.#sinceMs = nowMs;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Whether this peer had not said so yet. */
  confirm(by: PeerId): boolean {
    if (this.#accusers.length > WANTED_MAX || this.#accusers.includes(by)) return false;
    this.#accusers.push(by);
    return true;
  }

  /** Somebody waited for a refutation in vain, so it lasts no longer than the shortest. */
  makeCertain(): void {
    this.#certain = true;
  }

  /** Gives the member its time again, for the peer itself was not there to hear it. */
  restart(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  dueMs({ minMs, maxMs, wanted }: SuspicionBounds): number {
    const confirmed = Math.min(this.#accusers.length - 1, wanted);
    const shortened = this.#certain ? 1 : (SHORTENED[wanted]?.[confirmed] ?? 1);
    return this.#sinceMs + maxMs - (maxMs - minMs) * shortened;
  }
}

/** Larger clusters need longer, by the logarithm of their size, for a refutation to get around. */
export function suspicionBounds(
  members: number,
  health: Health,
  { suspicionMinMs, suspicionMaxMs }: MembershipOptions,
): SuspicionBounds {
  const scale = Math.max(1, doublings(members) / 4) * health.suspicionStretch;
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
