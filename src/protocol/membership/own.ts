// What this peer says of itself, and what it does about those who say otherwise. SPEC rules MB10, MB20, MB21.
//
//   believed ──suspected, dead, moved──▶ doubted ──the raised incarnation is durable──▶ believed
//
// A raised incarnation is told to nobody before the disk has it: a peer that forgot it in a crash would start
// below what others believe, and they would not believe it again.

import type { Address } from '../../model/address.ts';
import { addressText, sameAddress } from '../../model/address.ts';
import { compareIdentities, type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { MemberStatus, Rumour } from '../../model/member.ts';
import type { Outbox } from '../outbox.ts';

/** Below this difference in age two namesakes count as started together: HELLOs take time to arrive. */
const SAME_AGE_MS = 2_000;

/**
 * `outdated`: this peer has said more since, and the sender should hear it. `refuting`: it raises its
 * incarnation because of this. `disputed`: it has to say more, and is about to.
 */
export type Hearsay = 'agreed' | 'outdated' | 'refuting' | 'disputed';

interface Doubt {
  readonly incarnation: number;
  readonly said: MemberStatus;
  readonly by: PeerId;
}

export class Own {
  readonly startedMs: number;
  #rumour: Rumour;
  /** The raised incarnation the disk has still to confirm. */
  #doubt: Doubt | null = null;
  /** The highest identity others were heard to use with this id; told once. */
  #foreign: Identity | null = null;

  constructor(rumour: Rumour, nowMs: number) {
    this.#rumour = rumour;
    this.startedMs = nowMs;
  }

  get rumour(): Rumour {
    return this.#rumour;
  }

  get peer(): PeerId {
    return this.#rumour.peer;
  }

  get address(): Address {
    return this.#rumour.address;
  }

  heard(claim: Rumour, by: PeerId, out: Outbox): Hearsay {
    if (!sameIdentity(claim.identity, this.#rumour.identity))
      return this.#heardOfForeign(claim.identity, out);
    const mine = this.#rumour.incarnation;
    if (claim.incarnation < mine) return 'outdated';
    // Only this peer raises its incarnation, and only durably: the disk it started from is an older copy.
    if (claim.incarnation > mine) return this.#heardOfForeign(claim.identity, out);
    if (claim.status === 'alive' && sameAddress(claim.address, this.address)) return 'agreed';
    if (this.#doubt !== null && this.#doubt.incarnation > claim.incarnation) return 'disputed';
    this.#doubt = { incarnation: claim.incarnation + 1, said: claim.status, by };
    out.announce({ type: 'incarnation-raised', incarnation: this.#doubt.incarnation });
    return 'refuting';
  }

  /** The disk has it: from here on others may. Returns who doubted, to be told at once. */
  incarnationSaved(incarnation: number, out: Outbox): PeerId | null {
    if (incarnation <= this.#rumour.incarnation) return null;
    this.#rumour = { ...this.#rumour, incarnation };
    const doubt = this.#doubt;
    if (doubt === null || doubt.incarnation > incarnation) return null;
    this.#doubt = null;
    out.announce({ type: 'rumour-refuted', said: doubt.said, incarnation });
    return doubt.by;
  }

  identityTaken(identity: Identity, incarnation: number): void {
    this.#doubt = null;
    this.#foreign = null;
    this.#rumour = { ...this.#rumour, identity, incarnation };
  }

  leave(): void {
    this.#rumour = { ...this.#rumour, status: 'left' };
  }

  /** Of two live processes with one id the one that started later goes. Both decide alike. (MB21) */
  isLaterThan(address: Address, uptimeMs: number, nowMs: number): boolean {
    if (sameAddress(address, this.address)) return false;
    const olderMs = uptimeMs - (nowMs - this.startedMs);
    if (Math.abs(olderMs) >= SAME_AGE_MS) return olderMs > 0;
    return addressText(address) < addressText(this.address);
  }

  /** An identity of this id that is no earlier than the own one and not of this disk's making. */
  #heardOfForeign(identity: Identity, out: Outbox): Hearsay {
    if (identity.birth < this.#rumour.identity.birth) return 'outdated';
    if (this.#foreign === null || compareIdentities(identity, this.#foreign) > 0) {
      this.#foreign = identity;
      out.announce({ type: 'foreign-identity', identity, upto: 0 });
    }
    return 'disputed';
  }
}
