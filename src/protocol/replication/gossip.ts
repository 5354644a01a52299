// Exchanges: each round, a few random partners and this peer tell each other what the other lacks. SPEC rules
// RP27-RP37, RP45, RP49, RP53, RP54.
//
//   GOSSIP_STATE(digest) ─▶        ◀─ ACK                          both have the same
//                                  ◀─ SENSOR_UPDATE(deltas)        only I lacked something
//                                  ◀─ GET_DELTA(digest, deltas)    the partner lacks something, or wants to know more
//   SENSOR_UPDATE(deltas) ─▶
//
// A digest that is not enough is answered by one that says more: the hash of everything by hashes of buckets, those
// by the watermarks of the buckets that differ, and watermarks without names by names where the two sides list
// different streams. Each answer says more than what it answers, so an exchange ends.
//
// The surprise: who lacks much asks one partner only and lets the others' offers pass, since each would send the same.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Now } from '../../model/time.ts';
import type { AckMessage, Delta, Digest } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { Agreement } from './agreement.ts';
import { type Comparison, isEqual } from './comparison.ts';
import { DeltaPack } from './delta.ts';
import { ALL, isWhole, type Scope, scopeOf } from './digest.ts';
import type { FullSync } from './full-sync.ts';
import type { Inbox } from './inbox.ts';
import { Listing } from './listing.ts';
import type { News } from './news.ts';
import type { ReplicationOptions } from './options.ts';
import { Pace } from './pace.ts';
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
  readonly scope: Scope;
  readonly named: boolean;
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
  readonly #news: News;
  readonly #fullSync: FullSync;
  readonly #traffic: Traffic;
  readonly #options: ReplicationOptions;
  readonly #agreement: Agreement;
  readonly #listing: Listing;
  readonly #pace = new Pace();
  #ask: Ask | null = null;

  constructor(
    parts: {
      readonly replica: Replica;
      readonly inbox: Inbox;
      readonly partners: Partners;
      readonly rounds: Rounds;
      readonly push: Push;
      readonly news: News;
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
    this.#news = parts.news;
    this.#fullSync = parts.fullSync;
    this.#traffic = parts.traffic;
    this.#options = options;
    this.#agreement = new Agreement(ROUNDS_APART * options.gossipIntervalMs);
    this.#listing = new Listing(parts.replica.streams);
  }

  /** How many times an exchange that is cut short may be asked on. */
  get paceWindow(): number {
    return this.#pace.window;
  }

  wake(now: Now, out: Outbox): void {
    const isCalm = this.#expectsEqual() && !this.#tellsNews(now);
    const mood = this.#isFetching(now) ? 'busy' : isCalm ? 'calm' : 'active';
    if (this.#rounds.begin(now, mood)) this.#traffic.round();
    for (let visit = this.#rounds.next(now); visit !== null; visit = this.#rounds.next(now)) {
      if (!this.#isFetching(now)) this.#visit(visit, now, out);
    }
  }

  /** An exchange now, whoever's turn it is. */
  exchange(partner: Partner, now: Now, out: Outbox): void {
    this.#visit({ partner, kind: 'GOSSIP_STATE' }, now, out);
  }

  /** GOSSIP_STATE and GET_STATE, after their deltas were taken. */
  answer(from: PeerId, of: Visit['kind'], digest: Digest, now: Now, out: Outbox): void {
    const { streams } = this.#replica;
    if (digest.kind === 'root' || digest.kind === 'buckets') {
      const root = digest.kind === 'root' ? digest.hash : digest.root;
      if (root === streams.root) {
        this.#foundEqual(from, now, out);
        this.#traffic.send(from, { type: 'ACK', of }, out);
      } else this.#sayMore(from, digest, now, out);
      return;
    }
    const comparison = this.#inbox.compare(from, digest, now, out);
    if (comparison === null) return;
    this.#listing.found(comparison);
    const pack = new DeltaPack(LIMITS.deltaBytesMax);
    pack.addAll(comparison.gives);
    this.#addGaps(pack, false, now);
    const { deltas, more } = pack;
    const { lacks, named } = comparison;
    this.#tellBehind(from, comparison, out);

    if (deltas.length === 0 && isEqual(comparison)) {
      if (isWhole(digest)) this.#foundEqual(from, now, out);
      this.#traffic.send(from, { type: 'ACK', of }, out);
      return;
    }
    this.unequal();
    if (lacks !== null && of === 'GOSSIP_STATE' && !this.#willFetch(now)) {
      // What is given does not have to be listed, so the digest speaks only of what is asked for, if all was given.
      const mine = this.#listing.of(more ? scopeOf(digest) : lacks, named);
      this.#traffic.send(from, { type: 'GET_DELTA', digest: mine, deltas }, out);
    } else if (deltas.length > 0 || lacks !== null || comparison.retired.length > 0) {
      this.#traffic.send(from, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more }, out);
    }
  }

  /** GET_DELTA, after its deltas were taken: the partner's turn to be given. */
  give(from: PeerId, digest: Digest, deltasCame: boolean, now: Now, out: Outbox): void {
    if (digest.kind === 'root' || digest.kind === 'buckets') {
      const root = digest.kind === 'root' ? digest.hash : digest.root;
      // What came with it may have been all the difference.
      if (root === this.#replica.streams.root) this.#foundEqual(from, now, out);
      else this.#sayMore(from, digest, now, out);
      return;
    }
    const comparison = this.#inbox.compare(from, digest, now, out);
    if (comparison === null) return;
    this.#listing.found(comparison);
    const pack = new DeltaPack(LIMITS.deltaBytesMax);
    pack.addAll(comparison.gives);
    // Equal watermarks under unequal roots: the difference lies beyond gaps.
    this.#addGaps(pack, isEqual(comparison), now);
    const { deltas, more } = pack;
    const { lacks, named } = comparison;
    this.#tellBehind(from, comparison, out);
    if (lacks !== null && named && digest.kind === 'places' && !this.#isFetching(now)) {
      this.#traffic.send(from, { type: 'GET_DELTA', digest: this.#listing.of(lacks, named), deltas }, out);
      return;
    }
    if (deltas.length > 0) {
      this.#traffic.send(from, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more }, out);
    }
    if (deltasCame) this.#pace.answered(comparison.lacking > 0);
    if (lacks !== null && (!deltasCame || comparison.lacking === 0 || this.#pace.mayAskOn())) {
      this.#askFor(from, lacks, named, now, out);
    }
    if (deltas.length > 0 || !isEqual(comparison)) this.unequal();
    else if (isWhole(digest)) this.#foundEqual(from, now, out);
  }

  /** SENSOR_UPDATE in answer to a digest, after its deltas were taken. Who gets nowhere asks no further. (RP35) */
  given(from: PeerId, progress: boolean, more: boolean, now: Now, out: Outbox): void {
    const ask = this.#ask?.peer === from ? this.#ask : null;
    this.#askEnded(from);
    if (ask === null) this.#pace.answered(more);
    if (more && progress && this.#pace.mayAskOn()) {
      this.#askFor(from, ask?.scope ?? ALL, ask?.named ?? false, now, out);
    }
  }

  acknowledged(from: PeerId, of: AckMessage['of'], now: Now, out: Outbox): void {
    if (of === 'GET_STATE') this.#askEnded(from);
    const partner = this.#partners.find(from);
    const asked = partner?.asked;
    if (!partner || !asked) return;
    partner.asked = null;
    this.#listing.nothingFound();
    this.#news.foundEqual();
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

  #visit({ partner, kind }: Visit, now: Now, out: Outbox): void {
    const digest = this.#digest();
    partner.asked = { root: this.#replica.streams.root, whole: isWhole(digest) };
    if (kind === 'GET_STATE') this.#traffic.send(partner.peer, { type: kind, digest }, out);
    else this.#traffic.send(partner.peer, { type: kind, digest, deltas: this.#ridingAlong(now) }, out);
  }

  /** Own changes that wait to be pushed, and what is news here. */
  #ridingAlong(now: Now): readonly Delta[] {
    const fresh = this.#push.fresh();
    if (!this.#tellsNews(now)) return fresh;
    const news = this.#news.deltas(false, now.steadyMs);
    return fresh.length === 0
      ? news
      : [...news.filter(({ origin }) => origin !== this.#replica.own.origin), ...fresh];
  }

  /** An unequal hash: what is known of the difference, and a digest that says more. */
  #sayMore(to: PeerId, digest: Extract<Digest, { kind: 'root' | 'buckets' }>, now: Now, out: Outbox): void {
    this.unequal();
    const pack = new DeltaPack(LIMITS.deltaBytesMax);
    for (const stream of this.#replica.streams.gapped) pack.addAhead(stream);
    const news = this.#isAmongFew ? [] : this.#news.deltas(true, now.steadyMs);
    const deltas = [...news, ...pack.deltas];
    if (this.#willFetch(now)) {
      this.#traffic.send(to, { type: 'SENSOR_UPDATE', source: 'pull', deltas, more: false }, out);
      return;
    }
    let mine: Digest = this.#listing.next();
    if (digest.kind === 'buckets') {
      const buckets = this.#inbox.differing(to, digest, out);
      if (buckets === null) return;
      mine = this.#listing.of({ ...ALL, buckets }, false);
    }
    this.#traffic.send(to, { type: 'GET_DELTA', digest: mine, deltas }, out);
  }

  #askFor(peer: PeerId, scope: Scope, named: boolean, now: Now, out: Outbox): void {
    if (this.#isFetching(now)) return;
    const untilMs = now.steadyMs + ASK_INTERVALS * this.#options.gossipIntervalMs;
    this.#ask = { peer, scope, named, untilMs };
    const digest = this.#listing.of(scope, named);
    const partner = this.#partners.find(peer);
    if (partner) partner.asked = { root: this.#replica.streams.root, whole: isWhole(digest) };
    this.#traffic.send(peer, { type: 'GET_STATE', digest }, out);
  }

  #askEnded(peer: PeerId): void {
    if (this.#ask?.peer === peer) this.#ask = null;
  }

  #foundEqual(peer: PeerId, now: Now, out: Outbox): void {
    this.#listing.nothingFound();
    this.#news.foundEqual();
    this.#agreement.found(peer, this.#replica.streams.root, now, out);
  }

  /** Whether somebody is sending this peer all it lacks, so that nobody else should. */
  #isFetching(now: Now): boolean {
    if (this.#fullSync.isUnderWay) return true;
    return this.#ask !== null && now.steadyMs < this.#ask.untilMs;
  }

  /** The same, or this peer has nothing yet and asks for everything as soon as it knows the other to be alive. (RP41) */
  #willFetch(now: Now): boolean {
    return this.#isFetching(now) || this.#fullSync.isNeeded;
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
    return this.#listing.next();
  }

  /** Whoever is pushed to with everybody else needs no news. */
  get #isAmongFew(): boolean {
    return this.#partners.count <= this.#options.eagerPeersMax;
  }

  #tellsNews(now: Now): boolean {
    return !this.#isAmongFew && this.#news.rides(now.steadyMs);
  }

  #expectsEqual(): boolean {
    const { count, otherZones } = this.#partners;
    const pushedToAll = otherZones === 0 && count <= this.#options.eagerPeersMax;
    return this.#agreement.isExpected(this.#replica.streams.root, pushedToAll);
  }
}
