// What others say, looked over before it is believed: deltas and digests. It also notices when somebody holds a
// stream of this peer's id that this peer did not write. SPEC rules RP12, RP18, RP20, RP23.

import type { SyncSource } from '../../model/fact.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { Delta, Digest } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import type { Absent } from './absent.ts';
import {
  type Comparison,
  compareEntries,
  comparePlaces,
  differingBuckets,
  missesTombstones,
} from './comparison.ts';
import { problemOf } from './delta.ts';
import type { BucketsDigest, EntriesDigest, PlacesDigest } from './digest.ts';
import type { News } from './news.ts';
import type { Replica } from './replica.ts';
import type { Traffic } from './traffic.ts';

/** `nothing`: valid, and known already. `behind`: the peer forgot what it had and has to ask anew. */
export type TakenFrom = 'something' | 'nothing' | 'refused' | 'behind';

export class Inbox {
  readonly #replica: Replica;
  readonly #absent: Absent;
  readonly #news: News;
  readonly #traffic: Traffic;
  /** What was heard of this peer's id and announced already: of its own stream, and of other births. */
  #heardUpto = 0;
  #heardBirth = 0;

  constructor(replica: Replica, absent: Absent, news: News, traffic: Traffic) {
    this.#replica = replica;
    this.#absent = absent;
    this.#news = news;
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

  /**
   * What came beside a digest. Whoever has not seen tombstones that were dropped here may still show what they hid:
   * until it has begun anew only what it wrote itself is taken. (RP16)
   */
  believed(from: PeerId, digest: Digest, deltas: readonly Delta[], now: Now): readonly Delta[] {
    if (deltas.length === 0 || digest.kind !== 'entries' || !this.#replica.anyDropped) return deltas;
    const compared = compareEntries(this.#replica, from, digest, now.steadyMs);
    if (compared === null || !missesTombstones(compared)) return deltas;
    return deltas.filter(({ origin }) => origin === from);
  }

  /** Null when the digest makes no sense. */
  compare(from: PeerId, digest: EntriesDigest | PlacesDigest, now: Now, out: Outbox): Comparison | null {
    const compared =
      digest.kind === 'entries'
        ? compareEntries(this.#replica, from, digest, now.steadyMs)
        : comparePlaces(this.#replica, from, digest, now.steadyMs);
    if (compared === null) {
      this.#refuse(from, 'a digest lists streams in order and within its range', out);
      return null;
    }
    for (const { identity, upto } of compared.ofThisPeer) this.#hearOfOwn(identity, upto, out);
    for (const stream of compared.retired) {
      // Who knows the origin to be there knows better. (RP51)
      if (this.#absent.has(stream.origin)) this.#replica.streams.retire(stream, true);
    }
    return compared;
  }

  /** The live buckets of which the other has something else; null when the digest makes no sense. */
  differing(from: PeerId, digest: BucketsDigest, out: Outbox): readonly number[] | null {
    const differing = differingBuckets(this.#replica, digest);
    if (differing === null) this.#refuse(from, 'a digest has a hash for each bucket', out);
    return differing;
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
    const stream = this.#news.listens(now.steadyMs) ? this.#replica.streams.find(delta) : null;
    const upto = stream?.upto ?? 0;
    const records =
      source === 'full_sync' ? this.#replica.takeAnew(delta, now) : this.#replica.take(delta, now);
    if (records === 'behind') return 'behind';
    if (records.length > 0) {
      const { origin, identity } = delta;
      this.#traffic.applied(records.length);
      if (stream !== null && stream.upto > upto) this.#news.advanced(stream, upto, now.steadyMs);
      if (this.#absent.has(origin)) this.#absent.heardOf(origin, now.steadyMs);
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
