// A small network of several membership machines in virtual time, for the tests of membership. Whole peers
// with disks and all faults are the simulator's.

import { must } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import { type Address, addressText } from '../../model/address.ts';
import type { Fact } from '../../model/fact.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import type { MembershipMessage, Message } from '../../wire/messages.ts';
import type { Channel, Outbox } from '../outbox.ts';
import { Membership } from './machine.ts';
import { MEMBERSHIP_DEFAULTS, type MembershipOptions } from './options.ts';
import { at, helloOf, homeOf, RecordedOutbox, rumourOf } from './testing.ts';

export interface LanOptions {
  readonly seed: number;
  readonly delayMs: number;
  readonly lossPercent: number;
}

export interface Start {
  readonly seeds?: readonly PeerId[];
  readonly rumour?: Partial<Rumour>;
  readonly wallAheadMs?: number;
  readonly options?: Partial<MembershipOptions>;
}

/** A running peer. */
export interface Station {
  readonly peer: PeerId;
  readonly address: Address;
  readonly membership: Membership;
  readonly facts: { readonly atMs: number; readonly fact: Fact }[];
  readonly wallAheadMs: number;
  readonly startedMs: number;
  readonly links: Set<Station>;
  /** What arrives while it is stopped. */
  frozen: { readonly sinceMs: number; readonly inbox: (() => void)[] } | null;
  incarnation: number;
  identity: Identity;
  running: boolean;
}

const DIAL_TIMEOUT_MS = 1_000;
const DISK_MS = 3;

export class Lan {
  readonly #options: LanOptions;
  readonly #random: Random;
  readonly #events = new Map<number, (() => void)[]>();
  readonly #listening = new Map<string, Station>();
  readonly #cut = new Set<string>();
  /** All that were ever started. */
  readonly stations = new Set<Station>();
  nowMs = 0;
  messages = 0;

  constructor(options: LanOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  start(peer: PeerId, { seeds = [], rumour = {}, wallAheadMs = 0, options = {} }: Start = {}): Station {
    const self = rumourOf(peer, rumour);
    const now = at(this.nowMs, wallAheadMs);
    const all = { ...MEMBERSHIP_DEFAULTS, ...options };
    const station: Station = {
      peer,
      address: self.address,
      facts: [],
      wallAheadMs,
      startedMs: this.nowMs,
      links: new Set(),
      frozen: null,
      membership: new Membership(self, seeds.map(homeOf), all, this.#random.fork(), now),
      incarnation: self.incarnation,
      identity: self.identity,
      running: true,
    };
    this.stations.add(station);
    this.#listening.set(addressText(self.address), station);
    this.#step(station, (at, out) => station.membership.start(at, out));
    return station;
  }

  /** The one started last. */
  of(peer: PeerId): Station {
    return must(
      [...this.stations].findLast((station) => station.peer === peer),
      `${peer} was started`,
    );
  }

  kill(peer: PeerId): void {
    const station = this.of(peer);
    station.running = false;
    this.#listening.delete(addressText(station.address));
    for (const other of station.links) this.#unlink(station, other);
  }

  leave(peer: PeerId): void {
    this.#step(this.of(peer), (now, out) => this.of(peer).membership.leave(now, out));
  }

  freeze(peer: PeerId): void {
    this.of(peer).frozen = { sinceMs: this.nowMs, inbox: [] };
  }

  thaw(peer: PeerId): void {
    const station = this.of(peer);
    const { sinceMs, inbox } = must(station.frozen, `${peer} is frozen`);
    station.frozen = null;
    this.#step(station, (now, out) => station.membership.stalled(this.nowMs - sinceMs, now, out));
    for (const arrival of inbox) arrival();
  }

  /** Nothing gets from the one to the other; the way back is another matter. */
  cut(from: PeerId, to: PeerId): void {
    this.#cut.add(`${from}>${to}`);
  }

  /** Nothing gets from one side to the other, either way. */
  split(side: readonly PeerId[], other: readonly PeerId[]): void {
    for (const a of side) {
      for (const b of other) {
        this.cut(a, b);
        this.cut(b, a);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  runFor(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) this.#tick();
  }

  /** When it came true; fails after `withinMs`. */
  runUntil(isTrue: () => boolean, withinMs: number): number {
    const startMs = this.nowMs;
    while (!isTrue()) {
      if (this.nowMs - startMs >= withinMs) throw new Error(`did not come true within ${withinMs} ms`);
      this.#tick();
    }
    return this.nowMs - startMs;
  }

  /** Whether every running peer has exactly the other running ones for reachable. */
  everyoneKnowsEveryone(): boolean {
    const running = [...this.stations].filter((station) => station.running);
    return running.every(({ peer, membership }) => {
      const alive = membership.alivePeers();
      return (
        alive.length === running.length - 1 &&
        running.every((other) => other.peer === peer || alive.includes(other.peer))
      );
    });
  }

  #tick(): void {
    this.nowMs++;
    for (const event of this.#events.get(this.nowMs) ?? []) event();
    this.#events.delete(this.nowMs);
    for (const station of this.stations) {
      if (!station.running || station.frozen !== null || station.membership.wakeAt > this.nowMs) continue;
      this.#step(station, (now, out) => station.membership.wake(now, out));
    }
  }

  #later(ms: number, event: () => void): void {
    const dueMs = this.nowMs + Math.max(1, Math.ceil(ms));
    const events = this.#events.get(dueMs);
    if (events === undefined) this.#events.set(dueMs, [event]);
    else events.push(event);
  }

  #deliver(to: Station, step: (now: Now, out: Outbox) => void): void {
    if (!to.running) return;
    if (to.frozen !== null) to.frozen.inbox.push(() => this.#step(to, step));
    else this.#step(to, step);
  }

  #step(station: Station, step: (now: Now, out: Outbox) => void): void {
    if (!station.running) return;
    const out = new RecordedOutbox();
    step(at(this.nowMs, station.wallAheadMs), out);
    for (const { to, message, channel } of out.sent) this.#send(station, to, message, channel);
    for (const address of out.contacts) this.#dial(station, address, () => {});
    for (const fact of out.facts) this.#announced(station, fact);
  }

  #announced(station: Station, fact: Fact): void {
    const { membership } = station;
    station.facts.push({ atMs: this.nowMs, fact });
    if (fact.type === 'incarnation-raised') {
      station.incarnation = fact.incarnation;
      this.#later(DISK_MS, () =>
        this.#deliver(station, (now, out) => membership.incarnationSaved(fact.incarnation, now, out)),
      );
    }
    if (fact.type === 'foreign-identity') {
      station.identity = { birth: fact.identity.birth + 1, random: station.identity.random };
      station.incarnation++;
      const { identity, incarnation } = station;
      this.#later(DISK_MS, () =>
        this.#deliver(station, (now, out) => membership.identityTaken(identity, incarnation, now, out)),
      );
    }
    if (fact.type === 'duplicate-node')
      this.#later(1, () => {
        station.running = false;
      });
  }

  #send(from: Station, to: PeerId, message: Message, channel: Channel): void {
    this.messages++;
    const address = from.membership.addressOf(to);
    if (address === null) return;
    if (channel === 'datagram') {
      if (this.#random.chance(this.#options.lossPercent / 100)) return;
      this.#later(this.#delay(), () =>
        this.#arrive(from, this.#listening.get(addressText(address)), message, channel),
      );
      return;
    }
    const linked = [...from.links].find((station) => station.peer === to);
    if (linked !== undefined)
      this.#later(this.#options.delayMs, () => this.#arrive(from, linked, message, channel));
    else this.#dial(from, address, (other) => this.#arrive(from, other, message, channel));
  }

  #arrive(from: Station, to: Station | undefined, message: Message, channel: Channel): void {
    if (to === undefined || !this.#passes(from, to)) return;
    this.#deliver(to, (now, out) => {
      to.membership.evidence(from.peer, 'direct', now);
      if (isMembershipMessage(message)) to.membership.receive(from.peer, message, channel, now, out);
    });
  }

  #dial(from: Station, address: Address, linked: (other: Station) => void): void {
    this.#later(this.#options.delayMs, () => {
      const other = this.#listening.get(addressText(address));
      if (other === undefined) {
        this.#failContact(from, address, 'refused', this.#options.delayMs);
      } else if (other === from) {
        this.#failContact(from, address, 'rejected', 1);
      } else if (other.frozen !== null || !this.#passes(from, other) || !this.#passes(other, from)) {
        this.#failContact(from, address, 'timeout', DIAL_TIMEOUT_MS);
      } else {
        this.#greet(other, from);
        this.#later(this.#options.delayMs, () => {
          this.#greet(from, other);
          if (from.peer !== other.peer) linked(other);
        });
      }
    });
  }

  #failContact(from: Station, address: Address, cause: 'refused' | 'rejected' | 'timeout', ms: number): void {
    this.#later(ms, () =>
      this.#deliver(from, (now, out) => from.membership.contactFailed(address, cause, now, out)),
    );
  }

  #greet(station: Station, other: Station): void {
    if (!other.running || station.links.has(other)) return;
    const { peer, identity, incarnation, address } = other;
    const hello = helloOf(rumourOf(peer, { identity, incarnation, address }), this.nowMs - other.startedMs);
    if (station.peer === peer) {
      this.#deliver(station, (now, out) => station.membership.namesake(hello, now, out));
      return;
    }
    const namesake = [...station.links].find((standing) => standing.peer === peer);
    if (namesake !== undefined) this.#unlink(station, namesake);
    station.links.add(other);
    this.#deliver(station, (now, out) => station.membership.linkUp(hello, now, out));
  }

  /** The one end closes, the other hears of it. */
  #unlink(station: Station, other: Station): void {
    station.links.delete(other);
    other.links.delete(station);
    if (!this.#passes(station, other)) return;
    this.#later(this.#options.delayMs, () =>
      this.#deliver(other, (now, out) => other.membership.linkDown(station.peer, 'closed', now, out)),
    );
  }

  #passes(from: Station, to: Station): boolean {
    return !this.#cut.has(`${from.peer}>${to.peer}`);
  }

  #delay(): number {
    return this.#options.delayMs * this.#random.between(0.5, 1.5);
  }
}

function isMembershipMessage(message: Message): message is MembershipMessage {
  return ['JOIN_REQUEST', 'PEER_LIST', 'PING', 'PONG', 'PING_REQUEST'].includes(message.type);
}
