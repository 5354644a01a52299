// Who is dead or gone and not in the roster any more. Kept so that old words cannot bring anybody back: a member
// that is buried rises only by a claim that overrides the one it was buried with, which only its own higher
// incarnation or a later identity does. SPEC rule MB22.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';

interface Grave {
  readonly rumour: Rumour;
  readonly untilMs: number;
}

export class Graves {
  readonly #keptMs: number;
  /** The longest buried first. */
  readonly #byPeer = new Map<PeerId, Grave>();

  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  get(peer: PeerId): Rumour | undefined {
    return this.#byPeer.get(peer)?.rumour;
  }

  bury(rumour: Rumour, nowMs: number): void {
    this.#byPeer.delete(rumour.peer);
    this.#byPeer.set(rumour.peer, { rumour, untilMs: nowMs + this.#keptMs });
    if (this.#byPeer.size > LIMITS.membersMax) this.#dropFirst();
  }

  open(peer: PeerId): void {
    this.#byPeer.delete(peer);
  }

  patrol(nowMs: number): void {
    const first = this.#byPeer.values().next().value;
    if (first !== undefined && first.untilMs <= nowMs) this.#dropFirst();
  }

  #dropFirst(): void {
    const first = this.#byPeer.keys().next().value;
    if (first !== undefined) this.#byPeer.delete(first);
  }
}
