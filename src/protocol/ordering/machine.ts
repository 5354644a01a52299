// The ordering of one peer: it holds the log and moves it. It finds or founds its group, follows or leads under the
// ballots that an election gives it, brings the peer's own records into the order, and helps others to what they
// lack. Who may lead is not decided here. SPEC rules OR1-OR45.
//
//    no group ──founded, or heard of one──▶ begins from a base ──▶ has a log: follows, leads, fetches
//
// The surprise: a message is never refused for coming from a low peer or at a bad time, only for an old ballot, a
// foreign group or a past disk. Everything else is settled by what stands in the log.

import type { Random } from '../../kit/random.ts';
import type { Ballot } from '../../model/ballot.ts';
import type { OutboxRest, StreamName } from '../../model/durable.ts';
import type { Base, Entry, OrderState, RecoveredLog } from '../../model/entry.ts';
import type { GroupId, GroupMember } from '../../model/group-view.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Accession } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { FoundingMessage, ReplicateMessage, ViewMessage } from '../../wire/ordering-messages.ts';
import { BaseSupply } from './base-fetch.ts';
import { Courier } from './courier.ts';
import { Entrance } from './entrance.ts';
import { foundingBase } from './first-base.ts';
import type { GroupLog } from './group-log.ts';
import { Herald } from './herald.ts';
import { Lobby } from './lobby.ts';
import type { OrderingOptions } from './options.ts';
import type { OrderingHost } from './ordering-host.ts';
import type { OrderingOutbox, OutboxBatch } from './port.ts';
import type { OrderingRules } from './rules.ts';
import { orderingCounters, type Site } from './site.ts';

type FromAnybody = Exclude<ReplicateMessage, { type: 'COORDINATOR' | 'APPEND' | 'HEARTBEAT' }>;
export type FromLeader = Extract<ReplicateMessage, { type: 'COORDINATOR' | 'APPEND' | 'HEARTBEAT' }>;

export interface OrderingSelf {
  readonly member: GroupMember;
  readonly expectNodes: number;
  readonly options: OrderingOptions;
  readonly rules: OrderingRules;
}

/** What the disk held at start. `outbox`: the oldest identity first. */
export interface RecoveredHistory {
  readonly state: OrderState;
  readonly log: RecoveredLog;
  readonly outbox?: readonly OutboxRest[];
}

export class Ordering {
  readonly #site: Site;
  readonly #host: OrderingHost;
  readonly #lobby: Lobby;
  readonly #courier: Courier;
  readonly #bases: BaseSupply;
  readonly #herald: Herald;
  readonly #entrance: Entrance;
  #recovered: RecoveredLog | null;
  #live: readonly PeerId[] = [];

  constructor(self: OrderingSelf, host: OrderingHost, recovered: RecoveredHistory, random: Random, now: Now) {
    const { member, options, rules } = self;
    const { peer, identity } = member;
    this.#site = { self: peer, identity, options, rules, counters: orderingCounters(), logVersion: 0 };
    this.#host = host;
    this.#recovered = recovered.log;
    const { founding, floor, damaged } = recovered.state;
    const base = recovered.log.base ?? foundingBase(recovered.state);
    // A base is saved before the group is written down that it belongs to.
    const group = base?.group ?? recovered.state.group;
    this.#lobby = new Lobby(this.#site, member, self.expectNodes, group, founding, random.fork(), now);
    this.#bases = new BaseSupply(this.#site);
    this.#herald = new Herald(this.#site);
    this.#courier = new Courier(this.#site);
    this.#entrance = new Entrance(this.#site, host, this.#lobby, this.#courier, this.#herald, random);
    if (base !== null) this.#entrance.open(base, recovered.log, { floor, isDamaged: damaged });
    for (const rest of recovered.outbox ?? []) {
      this.#courier.ingress.found(rest, this.committedN({ origin: peer, identity: rest.identity }));
    }
    this.#courier.ingress.continueAs(identity, this.committedN({ origin: peer, identity }));
  }

  get log(): GroupLog | null {
    return this.#courier.log;
  }

  get present(): readonly PeerId[] {
    return this.#herald.present(this.log);
  }

  get pending(): number {
    return this.#courier.ingress.pending;
  }

  /** The group that this peer's own goes into. */
  get mergesInto(): GroupId | null {
    return this.#entrance.merging.into;
  }

  get hasPlace(): boolean {
    return this.#lobby.hasPlace;
  }

  get joins(): boolean {
    return this.#lobby.joins;
  }

  get counters(): Site['counters'] {
    return this.#site.counters;
  }

  get wakeAt(): number {
    return Math.min(
      this.#lobby.wakeAt,
      this.#courier.ingress.wakeAt,
      this.log?.wakeAt ?? NEVER,
      this.log === null ? NEVER : this.#entrance.merging.wakeAt,
    );
  }

  committedN(name: StreamName): number {
    return this.log?.replica.committedN(name) ?? 0;
  }

  start(now: Now, out: OrderingOutbox): void {
    const recovered = this.#recovered;
    this.#recovered = null;
    if (this.log !== null) this.#host.remember({ group: this.log.replica.group }, out);
    this.log?.start(recovered, now, out);
    this.#settle(now, out);
  }

  wake(now: Now, out: OrderingOutbox): void {
    const live = this.#live;
    if (now.steadyMs >= this.#lobby.wakeAt)
      this.#lobby.wake(
        live,
        this.#courier.leader,
        now,
        this.#entrance.foundingPort(this.#live, now, out),
        out,
      );
    this.#courier.ingress.wake(now, out);
    this.log?.wake(live, now, out);
    if (this.log !== null && now.steadyMs >= this.#entrance.merging.wakeAt) {
      this.#entrance.merging.wake(this.log, now, out);
      // Who leads the group that this one goes into is known to its members alone.
      const strangers = live.filter((peer) => this.log?.isMember(peer) === undefined);
      this.#lobby.ask(strangers, out);
    }
    this.#entrance.beginAnewIfLost(this.#live, now, out);
    this.#settle(now, out);
  }

  linkUp(peer: PeerId, _now: Now, out: OrderingOutbox): void {
    if (!this.#live.includes(peer)) this.#live = [...this.#live, peer];
    out.send(peer, this.#lobby.greeting(), 'stream');
  }

  /** Somebody of the group speaks who is in no view known here: it may be this peer that lacks the view. */
  greet(peer: PeerId, now: Now, out: OrderingOutbox): void {
    this.#lobby.greet(peer, now, out);
  }

  linkDown(peer: PeerId): void {
    this.#live = this.#live.filter((other) => other !== peer);
    this.#lobby.lost(peer);
  }

  // ── what the election decided ──

  lead(ballot: Ballot, how: Accession, now: Now, out: OrderingOutbox): void {
    this.log?.lead(ballot, how, now, out);
    this.#courier.route(this.#site.self, now, out);
  }

  unlead(now: Now, out: OrderingOutbox): void {
    this.log?.unlead(out);
    this.#courier.route(null, now, out);
  }

  hold(isHeld: boolean): void {
    const sequencer = this.log?.reign?.sequencer;
    if (sequencer !== undefined) sequencer.isOpen = !isHeld;
  }

  fromLeader(from: PeerId, message: FromLeader, now: Now, out: OrderingOutbox): void {
    if (this.log === null) return;
    this.log.fromLeader(from, message, this.#live, now, out);
    if (this.#courier.leader !== from && this.log.isUnder(message.ballot))
      this.#courier.route(from, now, out);
    this.#settle(now, out);
  }

  receive(from: PeerId, message: FromAnybody, now: Now, out: OrderingOutbox): void {
    switch (message.type) {
      case 'APPEND_ACK':
      case 'HEARTBEAT_ACK':
      case 'MISMATCH':
        this.log?.fromFollower(from, message, now, out);
        break;
      case 'SEQUENCER_REQUEST':
        this.#courier.requested(from, message, now, out);
        break;
      case 'SEQUENCER_REPLY':
        if (this.log !== null && message.group === this.#entrance.merging.into) {
          this.#entrance.merging.answered(message.producer, message.answer, this.log, now, out);
        } else {
          this.#courier.answered(message.producer, message.answer, now, out);
        }
        break;
      case 'MISSING_SEQ_REQUEST':
      case 'MISSING_SEQ_RESPONSE':
        this.log?.asked(from, message, this.#live, now, out);
        break;
      case 'BASE_REQUEST':
        this.#bases.request(from, message, this.log?.replica.bases.oldest ?? null, out);
        break;
      case 'BASE': {
        const base = this.#lobby.base(from, message, now, out);
        if (base !== null) this.#entrance.begin(base, now, out);
        break;
      }
      case 'READ_INDEX_REQUEST':
        this.log?.answerReadPoint(from, message.nonce, now, out);
        break;
      case 'READ_INDEX_REPLY':
        break;
    }
    this.#settle(now, out);
  }

  founding(from: PeerId, message: FoundingMessage, now: Now, out: OrderingOutbox): void {
    this.#lobby.founding(from, message, now, this.#entrance.foundingPort(this.#live, now, out), out);
    this.#settle(now, out);
  }

  greeted(
    from: PeerId,
    message: Extract<ViewMessage, { type: 'VIEW_SYNC_REQUEST' }>,
    now: Now,
    out: OrderingOutbox,
  ): void {
    if (message.member.peer !== from) return;
    const log = this.log;
    if (log === null) {
      if (message.group === null) this.#lobby.saw(message, now);
      return;
    }
    const absorbed = log.replica.hasAbsorbed(message.group) ? message.group : null;
    const view = this.#herald.viewChange(log, this.#courier.leader);
    out.send(from, { ...view, absorbed }, 'stream');
    const changes = log.reign?.changes;
    if (changes === undefined || (message.group !== null && message.group !== log.replica.group)) return;
    if (message.joins) changes.joins(message.member);
    else if (message.group !== null) changes.leaves(from);
    changes.consider(now, out);
    this.#settle(now, out);
  }

  told(
    from: PeerId,
    message: Extract<ViewMessage, { type: 'VIEW_CHANGE' }>,
    now: Now,
    out: OrderingOutbox,
  ): void {
    const log = this.log;
    const { group, leader, present, commitIndex, logStart } = message;
    this.#lobby.told(message.view, leader, out);
    if (log === null) {
      if (message.dissolvedInto !== null || !this.#lobby.joins) return;
      if (this.#lobby.begin(group, from, now, out)) out.announce({ type: 'group-joined', group, from });
      return;
    }
    if (group !== log.replica.group) {
      // Who came back alone to the group that ended finds no quorum to end it with. (OR52)
      if (message.absorbed === log.replica.group) this.#entrance.merging.absorbed(group);
      else if (message.dissolvedInto === null) this.#entrance.merging.met(log.replica.group, group, leader);
      this.#settle(now, out);
      return;
    }
    if (message.isAbsorbed && message.dissolvedInto !== null)
      this.#entrance.merging.absorbed(message.dissolvedInto);
    if (message.commitIndex >= message.viewId && log.isPutOutBy(message.viewId, message.view))
      this.#lobby.putOut();
    log.heardOf({ id: message.viewId, view: message.view }, leader, commitIndex, logStart);
    // Who led before may still say whom it reaches.
    const isLed = leader === from && (this.#courier.leader ?? from) === from && from !== this.#site.self;
    if (isLed) this.#herald.heard(present, out);
    this.#entrance.beginAnewIfLost(this.#live, now, out);
    this.#settle(now, out);
  }

  // ── the disk ──

  appended(upto: number, version: number, now: Now, out: OrderingOutbox): void {
    this.log?.appended(upto, version, now, out);
    this.#settle(now, out);
  }

  baseSaved({ group, index }: Base, now: Now, out: OrderingOutbox): void {
    if (group === this.log?.replica.group) this.log.baseSaved(index, now, out);
    this.#settle(now, out);
  }

  stateSaved(state: OrderState, now: Now, out: OrderingOutbox): void {
    if (state.founding !== null) this.#lobby.foundingSaved(state.founding, out);
    if (state.group === this.log?.replica.group)
      this.log?.replica.stateSaved(state.promised, state.floor, out);
    this.#settle(now, out);
  }

  read(id: number, entries: readonly Entry[], now: Now, out: OrderingOutbox): void {
    const merged = this.log?.read(id, entries, now, out) ?? null;
    if (merged !== null && this.log !== null) this.#entrance.merging.read(merged, this.log, now, out);
    this.#settle(now, out);
  }

  outboxRead(id: number, batches: readonly OutboxBatch[], now: Now, out: OrderingOutbox): void {
    this.#courier.ingress.read(id, batches, now, out);
    this.#settle(now, out);
  }

  stored(batch: OutboxBatch, now: Now, out: OrderingOutbox): void {
    this.#courier.ingress.stored(batch, now, out);
    this.#settle(now, out);
  }

  identityTaken(identity: Identity, formerUpto: number, now: Now, out: OrderingOutbox): void {
    this.#courier.ingress.endAt(this.#site.identity, formerUpto);
    this.#site.identity = identity;
    this.#lobby.renamed({ ...this.#lobby.self, identity });
    this.#courier.ingress.continueAs(identity, this.committedN({ origin: this.#site.self, identity }));
    this.#settle(now, out);
  }

  // ── what people ask for ──

  /** Puts a peer out of the group; only who leads can. */
  remove(peer: PeerId, now: Now, out: OrderingOutbox): boolean {
    const changes = this.log?.reign?.changes;
    if (changes === undefined) return false;
    changes.leaves(peer);
    changes.consider(now, out);
    this.#settle(now, out);
    return true;
  }

  leaveGroup(out: OrderingOutbox): void {
    this.#lobby.joins = false;
    if (this.#courier.leader !== null && this.#courier.leader !== this.#site.self)
      out.send(this.#courier.leader, this.#lobby.greeting(), 'stream');
  }

  takesData(takes: boolean): void {
    if (this.log !== null) this.log.follower.takesData = takes;
  }

  retain(upto: number, isForced: boolean, now: Now, out: OrderingOutbox): void {
    this.log?.reign?.retain(upto, isForced, now, out);
    this.#settle(now, out);
  }

  // ── inside ──

  /** After each step: what it led to. */
  #settle(now: Now, out: OrderingOutbox): void {
    const log = this.log;
    if (log === null) return;
    log.settle(now, out);
    this.#entrance.merging.settle(log, now, out);
    if (this.#entrance.merging.isGone) {
      this.#entrance.goOver(log, this.#live, now, out);
      return;
    }
    this.#courier.ingress.settle(now, out);
    this.#lobby.judge(log.replica.views);
  }
}
