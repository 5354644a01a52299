// What others say, looked over before it is believed: deltas and digests. It also notices when somebody holds a
// stream of this peer's id that this peer did not write. SPEC rules RP12, RP18, RP20, RP23.

import type { SyncSource } from '../../model/fact.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { Delta } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { problemOf } from './delta.ts';
import { type Comparison, compareDigest, type EntriesDigest } from './digest.ts';
import type { Replica } from './replica.ts';
import type { Traffic } from './traffic.ts';

/** `nothing`: valid, and known already. `behind`: the peer forgot what it had and has to ask anew. */
export type TakenFrom = 'something' | 'nothing' | 'refused' | 'behind';

export class Inbox {
  readonly #replica: Replica;
  readonly #traffic: Traffic;
  /** What was heard of this peer's id and announced already: of its own stream, and of other births. */
  #heardUpto = 0;
  #heardBirth = 0;

  constructor(replica: Replica, traffic: Traffic) {
    this.#replica = replica;
    this.#traffic = traffic;
  }

  take(from: PeerId, deltas: readonly Delta[], source: SyncSource, now: Now, out: Outbox): TakenFrom {
    for (const delta of deltas) {
      const problem = problemOf(delta);
      if (problem !== null) {
        this.#refuse(from, problem, out);
        return 'refused';
      }
    }
    const { version } = this.#replica.streams;
    for (const delta of deltas) {
      if (delta.origin === this.#replica.own.origin) this.#hearOfOwn(delta.identity, delta.upto, out);
      if (this.#takeOne(from, delta, source, now, out) === 'behind') {
        this.#forgetAll(delta);
        if (delta.after === 0) this.#takeOne(from, delta, source, now, out);
        return 'behind';
      }
    }
    return this.#replica.streams.version > version ? 'something' : 'nothing';
  }

  /** Null when the digest makes no sense. */
  compare(from: PeerId, digest: EntriesDigest, out: Outbox): Comparison | null {
    const comparison = compareDigest(this.#replica, from, digest);
    if (comparison === null) this.#refuse(from, 'a digest lists streams in order and within its range', out);
    else for (const { identity, upto } of comparison.ofThisPeer) this.#hearOfOwn(identity, upto, out);
    return comparison;
  }

  /** What was heard of the former identity says nothing about another one. */
  identityTaken(): void {
    this.#heardUpto = 0;
    this.#heardBirth = 0;
  }

  announceCollisions(out: Outbox): void {
    for (const collision of this.#replica.view.takeCollisions()) {
      out.announce({ type: 'sensor-collision', ...collision });
    }
  }

  #takeOne(from: PeerId, delta: Delta, source: SyncSource, now: Now, out: Outbox): 'taken' | 'behind' {
    const records = this.#replica.take(delta, now);
    if (records === 'behind') return 'behind';
    if (records.length > 0) {
      const { origin, identity } = delta;
      this.#traffic.applied(records.length);
      out.announce({ type: 'registers-changed', origin, identity, records, source, from });
      this.announceCollisions(out);
    }
    return 'taken';
  }

  #forgetAll(delta: Delta): void {
    this.#replica.forgetForeign();
    this.#replica.forget(delta);
  }

  #hearOfOwn(identity: Identity, upto: number, out: Outbox): void {
    const { own } = this.#replica;
    if (sameIdentity(identity, own.identity)) {
      if (upto <= Math.max(own.upto, this.#heardUpto)) return;
      this.#heardUpto = upto;
    } else {
      if (identity.birth < own.identity.birth || identity.birth <= this.#heardBirth) return;
      this.#heardBirth = identity.birth;
    }
    out.announce({ type: 'foreign-identity', identity, upto });
  }

  #refuse(peer: PeerId, reason: string, out: Outbox): void {
    out.announce({ type: 'message-refused', peer, code: 'malformed', reason });
  }
}
