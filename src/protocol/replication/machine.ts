// Replication: every peer has the latest of every sensor, without a leader, whatever is cut off or lost meanwhile.
// Each origin numbers its own changes; peers tell each other how far they have each stream (digests) and send what
// lies above (deltas): scuttlebutt (van Renesse 2008). Which reading of a sensor is shown is a view over the
// streams, by last write wins. SPEC rules RP1-RP54.
//
//   own changes ─▶ Replica ─▶ Push ──▶ everybody, at once
//                    ▲  │
//   others ─▶ Inbox ─┘  └────▶ Gossip, FullSync ──▶ whoever lacks something
//
// The surprise: time orders nothing here. Replication goes by (origin, identity, n) alone, so a wrong clock can
// spoil what is shown and never what is had.

import { unreachable } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { StreamName, StreamSnapshot } from '../../model/durable.ts';
import type { SyncSource } from '../../model/fact.ts';
import type { PeerId, SensorId } from '../../model/ids.ts';
import { Names } from '../../model/names.ts';
import type { MetaRecord, Record } from '../../model/reading.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { LatestReading, StreamView } from '../../model/view.ts';
import type { AckMessage, Delta, ReplicationMessage } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { Absent } from './absent.ts';
import { FullSync } from './full-sync.ts';
import { Gossip } from './gossip.ts';
import { Inbox, type TakenFrom } from './inbox.ts';
import { News } from './news.ts';
import type { ReplicationOptions } from './options.ts';
import { type Partner, Partners } from './partners.ts';
import { Push } from './push.ts';
import type { StateRecord } from './registers.ts';
import { Replica } from './replica.ts';
import { Rounds } from './rounds.ts';
import { streamKey } from './stream.ts';
import { Traffic } from './traffic.ts';

/** Who is away is looked through so often. */
const LOOK_EVERY_MS = 10_000;

export class Replication {
  readonly #options: ReplicationOptions;
  readonly #replica: Replica;
  readonly #partners: Partners;
  readonly #traffic = new Traffic();
  readonly #absent: Absent;
  readonly #news: News;
  readonly #inbox: Inbox;
  readonly #push: Push;
  readonly #fullSync: FullSync;
  readonly #rounds: Rounds;
  readonly #gossip: Gossip;
  readonly #random: Random;
  #started = false;
  /** The latest moment it was told of (steady clock). */
  #nowMs: number;
  #lookAtMs: number;

  constructor(
    own: StreamName,
    options: ReplicationOptions,
    random: Random,
    now: Now,
    names: Names = new Names(),
  ) {
    this.#options = options;
    this.#random = random;
    const replica = new Replica(own, options.tombstoneSpan, names);
    const partners = new Partners(options.crossZoneEvery, names);
    this.#partners = partners;
    const traffic = this.#traffic;
    const news = new News(options.gossipIntervalMs);
    this.#news = news;
    this.#absent = new Absent((origin) => origin === own.origin || partners.isAlive(origin));
    const inbox = new Inbox(replica, this.#absent, news, traffic);
    const push = new Push(replica, partners, traffic, options, random);
    const fullSync = new FullSync(replica, inbox, partners, traffic, options, random);
    this.#replica = replica;
    this.#inbox = inbox;
    this.#push = push;
    this.#fullSync = fullSync;
    this.#rounds = new Rounds(partners, options, random);
    const parts = { replica, inbox, partners, rounds: this.#rounds, push, news, fullSync, traffic };
    this.#gossip = new Gossip(parts, options);
    this.#lookAtMs = now.steadyMs + LOOK_EVERY_MS;
    this.#nowMs = now.steadyMs;
  }

  /** Takes what the disk kept: before `start`, the snapshot first. */
  restore(streams: readonly StreamSnapshot[], _now: Now): void {
    for (const stream of streams) this.#replica.restore(stream);
  }

  /** Own changes since the snapshot, oldest first. */
  restoreOwn(records: readonly Record[], _now: Now): void {
    this.#replica.record(records, 0);
  }

  get wakeAt(): number {
    if (!this.#started) return NEVER;
    const lookAtMs = this.#absent.waiting > 0 ? this.#lookAtMs : NEVER;
    return Math.min(this.#rounds.wakeAt, this.#push.wakeAt, this.#fullSync.wakeAt, lookAtMs);
  }

  start(now: Now, out: Outbox): void {
    this.#started = true;
    for (const { origin } of this.#replica.streams.sorted) this.#absent.heardOf(origin, now.steadyMs);
    this.#push.beginAt(this.#replica.own.upto);
    this.#rounds.start(now);
    this.#inbox.announceCollisions(out);
  }

  wake(now: Now, out: Outbox): void {
    if (!this.#started) return;
    this.#nowMs = now.steadyMs;
    if (now.steadyMs >= this.#lookAtMs) {
      this.#lookAtMs = now.steadyMs + LOOK_EVERY_MS;
      const gone = this.#absent.take(this.#options.absentListedMs, now.steadyMs);
      for (const origin of gone) this.#replica.retire(origin, true);
    }
    this.#fullSync.wake(now, out);
    this.#push.wake(now, out);
    this.#gossip.wake(now, out);
  }

  /** Own changes that are durable. */
  ownChanges(records: readonly Record[], now: Now, out: Outbox): void {
    const { own } = this.#replica;
    const { upto } = own;
    const taken = this.#replica.record(records, now.wallMs);
    if (taken.length > 0) {
      if (this.#started) this.#news.advanced(own, upto, now.steadyMs);
      const { origin, identity } = own;
      const source: SyncSource = 'local_sensor';
      out.announce({ type: 'registers-changed', origin, identity, records: taken, source, from: origin });
      this.#inbox.announceCollisions(out);
    }
    if (this.#started) this.#push.wake(now, out);
  }

  /**
   * Own changes continue under another name. Those of the former one above `keepUpto` were written under numbers
   * that others know as something else; `NEVER` when there are none.
   */
  identityTaken(own: StreamName, keepUpto: number, now: Now, _out: Outbox): void {
    this.#replica.rename(own, keepUpto, now);
    this.#inbox.identityTaken();
    this.#push.beginAt(this.#replica.own.upto);
  }

  receive(from: PeerId, message: ReplicationMessage | AckMessage, now: Now, out: Outbox): void {
    this.#nowMs = now.steadyMs;
    this.#traffic.received(message);
    switch (message.type) {
      case 'GOSSIP_STATE':
        if (!isOver(this.#take(from, message.deltas, 'push', now, out))) {
          this.#gossip.answer(from, message.type, message.digest, now, out);
        }
        return;
      case 'GET_STATE':
        this.#gossip.answer(from, message.type, message.digest, now, out);
        return;
      case 'GET_DELTA': {
        const { digest, deltas } = message;
        const believed = this.#inbox.believed(from, digest, deltas, now);
        if (!isOver(this.#take(from, believed, 'pull', now, out))) {
          this.#gossip.give(from, digest, believed.length > 0, now, out);
        }
        return;
      }
      case 'SENSOR_UPDATE': {
        const taken = this.#take(from, message.deltas, message.source, now, out);
        if (message.source === 'push' || isOver(taken)) return;
        this.#gossip.given(from, taken === 'something', message.more, now, out);
        return;
      }
      case 'FULL_SYNC_REQUEST':
        this.#fullSync.serve(from, message.digest, now, out);
        return;
      case 'FULL_SYNC_RESPONSE':
        this.#takeFullSync(from, message.deltas, message.more, now, out);
        return;
      case 'DELTA_UNAVAILABLE':
        this.#startAnew(from, message.streams, now, out);
        return;
      case 'ACK':
        if (message.of === 'FULL_SYNC_REQUEST') {
          this.#fullSyncAnswered(from, { records: 0, progress: false, more: false, after: '' }, now, out);
        } else this.#gossip.acknowledged(from, message.of, now, out);
        return;
      default:
        unreachable(message);
    }
  }

  memberUp(peer: PeerId, now: Now, out: Outbox): void {
    if (this.#partners.find(peer)?.alive) return;
    this.#absent.came(peer);
    this.#replica.retire(peer, false);
    this.#meet(this.#partners.setAlive(peer, true), now, out);
  }

  memberDown(peer: PeerId, now: Now, out: Outbox): void {
    this.#partners.setAlive(peer, false);
    this.#absent.heardOf(peer, now.steadyMs);
    this.#lose(peer, now, out);
  }

  linkUp(peer: PeerId, now: Now, out: Outbox): void {
    this.#meet(this.#partners.setLinked(peer, true), now, out);
  }

  linkDown(peer: PeerId, now: Now, out: Outbox): void {
    this.#partners.setLinked(peer, false);
    this.#lose(peer, now, out);
  }

  /** A busy link is left alone; what it missed is made up for once it has drained. */
  linkBusy(peer: PeerId, busy: boolean): void {
    const partner = this.#partners.find(peer);
    if (!partner || partner.busy === busy) return;
    partner.busy = busy;
    if (!busy && this.#started && this.#partners.isMet(partner)) this.#rounds.owe(partner);
  }

  /** Exchanges are mostly with peers of this zone. (RP47) */
  standsIn(zone: string): void {
    this.#partners.standsIn(zone);
  }

  /** Where a member that is alive stands. */
  memberZone(peer: PeerId, zone: string): void {
    this.#partners.setZone(peer, zone);
  }

  /** Gossip only with these, as far as they are alive; null: with all. */
  neighbours(peers: readonly PeerId[] | null): void {
    this.#partners.restrict(peers);
  }

  latest(): Iterable<LatestReading> {
    return this.#replica.view.latest();
  }

  latestOf(sensor: SensorId): LatestReading | null {
    return this.#replica.view.latestOf(sensor);
  }

  /** The time with which the tombstone competes that hides a sensor; null where none does. */
  forgottenTsMs(sensor: SensorId): number | null {
    return this.#replica.view.forgottenTsMs(sensor);
  }

  get sensorCount(): number {
    return this.#replica.view.sensorCount;
  }

  ownRegister(sensor: SensorId): StateRecord | null {
    return this.#replica.own.registers.state(sensor);
  }

  /** What a tombstone forgot has to be said again. */
  ownMeta(sensor: SensorId): MetaRecord | null {
    const { registers } = this.#replica.own;
    const meta = registers.meta(sensor);
    const state = registers.state(sensor);
    return meta && state?.kind === 'tombstone' && state.n > meta.n ? null : meta;
  }

  ownLatest(): readonly Record[] {
    return this.#replica.own.registers.records();
  }

  snapshotStreams(): readonly StreamSnapshot[] {
    return this.#replica.snapshot();
  }

  streams(): readonly StreamView[] {
    return this.#replica.rows(this.#nowMs);
  }

  upto(name: StreamName): number {
    return this.#replica.streams.find(name)?.upto ?? 0;
  }

  /** Equal at peers that show the same. Walks all, for checkers. */
  stateHash(): number {
    return this.#replica.view.hash();
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#traffic.counters(),
      replication_records_refused_total: this.#replica.recordsRefused,
      replication_streams_refused_total: this.#replica.streamsRefused,
    };
  }

  #take(from: PeerId, deltas: readonly Delta[], source: SyncSource, now: Now, out: Outbox): TakenFrom {
    const taken = this.#inbox.take(from, deltas, source, now, out);
    if (taken === 'behind') this.#syncWith(from, now, out);
    return taken;
  }

  #takeFullSync(from: PeerId, deltas: readonly Delta[], more: boolean, now: Now, out: Outbox): void {
    const before = this.#traffic.appliedTotal;
    const taken = this.#take(from, deltas, 'full_sync', now, out);
    if (isOver(taken)) return;
    const records = this.#traffic.appliedTotal - before;
    // The last delta may have been cut; all before it are whole.
    const whole = deltas.at(-2);
    const after = whole ? streamKey(whole) : '';
    this.#fullSyncAnswered(from, { records, progress: taken === 'something', more, after }, now, out);
  }

  #fullSyncAnswered(from: PeerId, answer: Parameters<FullSync['answered']>[1], now: Now, out: Outbox): void {
    if (!this.#fullSync.answered(from, answer, now, out)) return;
    // The partner may lack something in turn, and others were met and not spoken to. (RP44)
    for (const partner of this.#partners.all()) {
      if (partner.peer !== from && !partner.passedOver) continue;
      partner.passedOver = false;
      this.#gossip.exchange(partner, now, out);
    }
  }

  /**
   * Somebody dropped tombstones this peer has not seen, so what it shows may have been forgotten. All that others
   * wrote is fetched anew, unless that is what is going on already: then it only continues. (RP16, RP27)
   */
  #startAnew(from: PeerId, streams: readonly StreamName[], now: Now, out: Outbox): void {
    if (this.#fullSync.isUnderWay) return;
    const { own } = this.#replica;
    const known = streams.map((name) => this.#replica.streams.find(name));
    const stale = known.filter((stream) => stream !== null && stream !== own && stream.upto > 0);
    if (stale.length === 0) return;
    for (const stream of stale) {
      if (stream === null || stream.droppedUpto > stream.upto) continue;
      this.#replica.forgetForeign();
      this.#replica.forget(stream);
    }
    this.#syncWith(from, now, out);
  }

  #syncWith(peer: PeerId, now: Now, out: Outbox): void {
    this.#gossip.unequal();
    this.#fullSync.start(peer, now, out);
  }

  /**
   * Both sides notice each other, and one exchange is enough. Among few, who are all pushed to in any case, it does not
   * wait until somebody else needs the link. Among many only some are drawn: whoever comes is met by all of them, and
   * each would tell it the same. (RP33)
   */
  #meet(partner: Partner, now: Now, out: Outbox): void {
    if (!this.#started || !partner.alive || !this.#partners.isAllowed(partner)) return;
    if (partner.linked && this.#fullSync.isNeeded) {
      this.#syncWith(partner.peer, now, out);
      return;
    }
    const isOwnTurn = this.#replica.own.origin < partner.peer;
    if (!isOwnTurn || !(this.#isAmongFew || (partner.linked && this.#isDrawn()))) return;
    if (this.#fullSync.isUnderWay || this.#fullSync.isNeeded) partner.passedOver = true;
    else this.#gossip.exchange(partner, now, out);
  }

  get #isAmongFew(): boolean {
    return this.#partners.areAtMost(this.#options.eagerPeersMax);
  }

  /** Of as many as there are, about `eagerPeersMax` are. */
  #isDrawn(): boolean {
    return this.#random.chance(this.#options.eagerPeersMax / this.#partners.known);
  }

  #lose(peer: PeerId, now: Now, out: Outbox): void {
    this.#gossip.peerLost(peer);
    this.#fullSync.peerLost(peer, now, out);
  }
}

function isOver(taken: TakenFrom): boolean {
  return taken === 'refused' || taken === 'behind';
}
