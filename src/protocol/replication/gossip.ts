// Exchanges: each round, a few random partners and this peer tell each other what the other lacks. SPEC rules
// RP27-RP37, RP45.
//
//   GOSSIP_STATE(digest) ─▶        ◀─ ACK                          both have the same
//                                  ◀─ SENSOR_UPDATE(deltas)        only I lacked something
//                                  ◀─ GET_DELTA(digest, deltas)    the partner lacks something (too)
//   SENSOR_UPDATE(deltas) ─▶
//
// The surprise: who lacks much asks one partner only and lets the others' offers pass, since each would send the same.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Now } from '../../model/time.ts';
import type { AckMessage, Digest } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { Agreement } from './agreement.ts';
import { DeltaPack } from './delta.ts';
import { ALL, type Comparison, type EntriesDigest, entriesOf, isWhole, type KeyRange } from './digest.ts';
import type { FullSync } from './full-sync.ts';
import type { Inbox } from './inbox.ts';
import type { ReplicationOptions } from './options.ts';
import type { Partner, Partners } from './partners.ts';
import type { Push } from './push.ts';
import type { Replica } from './replica.ts';
import type { Rounds, Visit } from './rounds.ts';
import type { Traffic } from './traffic.ts';

/** What waits beyond a gap is told again once the gap has stood for so many intervals, and for so many more. */
const GAP_STANDS_INTERVALS = 10;
/** An answer that was asked for is waited for so many intervals. */
const ASK_INTERVALS = 2;

/** A request for more, under way: at most one, so that nobody is sent the same by several. */
interface Ask {
  readonly peer: PeerId;
  readonly range: KeyRange;
  readonly untilMs: number;
}

/** Sides that were unequal for fewer rounds than this did not come apart: something was under way. */
const ROUNDS_APART = 5;

export class Gossip {
  readonly #replica: Replica;
  readonly #inbox: Inbox;
  readonly #partners: Partners;
  readonly #rounds: Rounds;
  readonly #push: Push;
  readonly #fullSync: FullSync;
  readonly #traffic: Traffic;
  readonly #options: ReplicationOptions;
  readonly #agreement: Agreement;
  #ask: Ask | null = null;
  /** Where the next digest continues when one cannot list all. */
  #cursor = '';

  constructor(
    parts: {
      readonly replica: Replica;
      readonly inbox: Inbox;
      readonly partners: Partners;
      readonly rounds: Rounds;
      readonly push: Push;
      readonly fullSync: FullSync;
      readonly traffic: Traffic;
    },
    options: ReplicationOptions,
  ) {
    this.#replica = parts.replica;
    this.#inbox = parts.inbox;
    this.#partners = parts.partners;
    this.#rounds = parts.rounds;
    this.#push = parts.push;
    this.#fullSync = parts.fullSync;
    this.#traffic = parts.traffic;
    this.#options = options;
    this.#agreement = new Agreement(ROUNDS_APART * options.gossipIntervalMs);
  }

  wake(now: Now, out: Outbox): void {
    const mood = this.#isFetching(now) ? 'busy' : this.#expectsEqual() ? 'calm' : 'active';
    if (this.#rounds.begin(now, mood)) this.#traffic.round();
    for (let visit = this.#rounds.next(now); visit !== null; visit = this.#rounds.next(now)) {
      if (!this.#isFetching(now)) this.#visit(visit, out);
    }
  }

  /** An exchange now, whoever's turn it is. */
  exchange(partner: Partner, out: Outbox): void {
    this.#visit({ partner, kind: 'GOSSIP_STATE' }, out);
  }

  /** GOSSIP_STATE and GET_STATE, after their deltas were taken. */
  answer(from: PeerId, of: Visit['kind'], digest: Digest, now: Now, out: Outbox): void {
    if (digest.kind === 'root') {
      this.#answerRoot(from, of, digest.hash, now, out);
      return;
    }
    const comparison = this.#inbox.compare(from, digest, out);
    if (comparison === null) return;
    const pack = new DeltaPack();
    pack.addAll(comparison.gives);
    this.#addGaps(pack, false, now);
    const { deltas, more } = pack;
    const { lacks } = comparison;
    this.#tellBehind(from, comparison, out);

    if (deltas.length === 0 && isEqual(comparison)) {
      if (isWhole(digest)) this.#agreement.found(from, this.#replica.streams.root, now, out);
      this.#traffic.send(from, { type: 'ACK', of }, out);
      return;
    }
    this.unequal();
    if (lacks !== null && of === 'GOSSIP_STATE' && !this.#isFetching(now)) {
      // What is given does not have to be listed, so the digest speaks only of what is asked for, if all was given.
      const mine = entriesOf(this.#replica.streams, more ? digest : lacks);
      this.#traffic.send(from, { type: 'GET_DELTA', digest: mine, deltas }, out);
    } else if (deltas.length > 0 || lacks !== null) {
      this.#traffic.send(from, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more }, out);
    }
  }

  /** GET_DELTA, after its deltas were taken: the partner's turn to be given. */
  give(from: PeerId, digest: Digest, now: Now, out: Outbox): void {
    if (digest.kind === 'root') {
      this.#askFor(from, ALL, now, out);
      return;
    }
    const comparison = this.#inbox.compare(from, digest, out);
    if (comparison === null) return;
    const pack = new DeltaPack();
    pack.addAll(comparison.gives);
    // Equal entries under unequal roots: the difference lies beyond gaps.
    this.#addGaps(pack, isEqual(comparison), now);
    const { deltas, more } = pack;
    this.#tellBehind(from, comparison, out);
    if (deltas.length > 0) {
      this.#traffic.send(from, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more }, out);
    }
    if (comparison.lacks !== null) this.#askFor(from, comparison.lacks, now, out);
    if (deltas.length > 0 || !isEqual(comparison)) this.unequal();
    else if (isWhole(digest)) this.#agreement.found(from, this.#replica.streams.root, now, out);
  }

  /** SENSOR_UPDATE in answer to a digest, after its deltas were taken. Who gets nowhere asks no further. (RP35) */
  given(from: PeerId, progress: boolean, more: boolean, now: Now, out: Outbox): void {
    const range = this.#ask?.peer === from ? this.#ask.range : ALL;
    this.#askEnded(from);
    if (more && progress) this.#askFor(from, range, now, out);
  }

  acknowledged(from: PeerId, of: AckMessage['of'], now: Now, out: Outbox): void {
    if (of === 'GET_STATE') this.#askEnded(from);
    const partner = this.#partners.find(from);
    const asked = partner?.asked;
    if (!partner || !asked) return;
    partner.asked = null;
    if (asked.whole) this.#agreement.found(from, asked.root, now, out);
    else this.#agreement.partFound(asked.root);
  }

  peerLost(peer: PeerId): void {
    this.#askEnded(peer);
  }

  /** Something was found missing, here or there. */
  unequal(): void {
    this.#agreement.missed();
  }

  #visit({ partner, kind }: Visit, out: Outbox): void {
    const digest = this.#digest();
    partner.asked = { root: this.#replica.streams.root, whole: isWhole(digest) };
    if (kind === 'GET_STATE') this.#traffic.send(partner.peer, { type: kind, digest }, out);
    else this.#traffic.send(partner.peer, { type: kind, digest, deltas: this.#push.fresh() }, out);
  }

  #answerRoot(from: PeerId, of: Visit['kind'], hash: number, now: Now, out: Outbox): void {
    const { root } = this.#replica.streams;
    if (hash === root) {
      this.#agreement.found(from, root, now, out);
      this.#traffic.send(from, { type: 'ACK', of }, out);
      return;
    }
    this.unequal();
    const pack = new DeltaPack();
    for (const stream of this.#replica.streams.gapped) pack.addAhead(stream);
    const { deltas } = pack;
    if (this.#isFetching(now)) {
      this.#traffic.send(from, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more: false }, out);
    } else this.#traffic.send(from, { type: 'GET_DELTA', digest: this.#entries(), deltas }, out);
  }

  #askFor(peer: PeerId, range: KeyRange, now: Now, out: Outbox): void {
    if (this.#isFetching(now)) return;
    const untilMs = now.steadyMs + ASK_INTERVALS * this.#options.gossipIntervalMs;
    this.#ask = { peer, range, untilMs };
    const digest = entriesOf(this.#replica.streams, range);
    const partner = this.#partners.find(peer);
    if (partner) partner.asked = { root: this.#replica.streams.root, whole: isWhole(digest) };
    this.#traffic.send(peer, { type: 'GET_STATE', digest }, out);
  }

  #askEnded(peer: PeerId): void {
    if (this.#ask?.peer === peer) this.#ask = null;
  }

  /** Whether somebody is sending this peer all it lacks, so that nobody else should. */
  #isFetching(now: Now): boolean {
    if (this.#fullSync.isUnderWay) return true;
    return this.#ask !== null && now.steadyMs < this.#ask.untilMs;
  }

  #tellBehind(to: PeerId, comparison: Comparison, out: Outbox): void {
    if (comparison.behind.length === 0) return;
    const streams = comparison.behind
      .slice(0, LIMITS.digestEntriesMax)
      .map(({ stream: { origin, identity } }) => ({ origin, identity }));
    this.#traffic.send(to, { type: 'DELTA_UNAVAILABLE', streams }, out);
  }

  /**
   * What lies beyond gaps needs telling only when the gap stays: nobody may be left who can fill it. Then it is told
   * to everybody for a while, and afterwards, by `all`, to those who are known to differ. (RP37)
   */
  #addGaps(pack: DeltaPack, all: boolean, now: Now): void {
    const stands = GAP_STANDS_INTERVALS * this.#options.gossipIntervalMs;
    for (const stream of this.#replica.streams.gapped) {
      const standsForMs = now.steadyMs - stream.gapSinceMs;
      if (all || (standsForMs >= stands && standsForMs < 2 * stands)) pack.addAhead(stream);
    }
  }

  /** A root hash where equality is likely, since it costs the same however many streams there are. (RP30) */
  #digest(): Digest {
    if (this.#expectsEqual()) return { kind: 'root', hash: this.#replica.streams.root };
    return this.#entries();
  }

  #entries(): EntriesDigest {
    const digest = entriesOf(this.#replica.streams, { after: this.#cursor, until: '' });
    this.#cursor = digest.until;
    return digest;
  }

  #expectsEqual(): boolean {
    const pushedToAll = this.#partners.count <= this.#options.eagerPeersMax;
    return this.#agreement.isExpected(this.#replica.streams.root, pushedToAll);
  }
}

function isEqual({ gives, behind, lacks }: Comparison): boolean {
  return gives.length === 0 && behind.length === 0 && lacks === null;
}
