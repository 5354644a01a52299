// A network of membership machines in virtual time, from two to thousands, for the tests of membership. Whole
// peers with disks and all faults are the simulator's. Time goes in steps of a millisecond.

import { must } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import { type Address, addressText } from '../../model/address.ts';
import type { Fact } from '../../model/fact.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { MembershipMessage, Message } from '../../wire/messages.ts';
import type { Channel, Outbox } from '../outbox.ts';
import { Membership } from './machine.ts';
import { MEMBERSHIP_DEFAULTS } from './options.ts';
import { at, helloOf, homeOf, rumourOf } from './testing.ts';
import type { LanOptions, Start, Station } from './testing-station.ts';

const DIAL_TIMEOUT_MS = 1_000;
const DISK_MS = 3;
/** What a lost packet of a stream waits for, at first. */
const RESEND_MS = 200;
/** A connection over which nothing comes back is given up. */
const SILENCE_MS = 10_000;
/** What a stopped process finds of datagrams: its system's buffer. */
const INBOX_MAX = 256;

export class Lan {
  readonly #options: LanOptions;
  readonly #random: Random;
  readonly #events = new Map<number, (() => void)[]>();
  readonly #listening = new Map<string, Station>();
  readonly #byPeer = new Map<PeerId, Station>();
  readonly #cut = new Set<string>();
  /** Two sides of a split, by peer; null while there is none. */
  #sides: ReadonlySet<PeerId> | null = null;
  /** All that were ever started. */
  readonly stations = new Set<Station>();
  nowMs = 0;
  messages = 0;

  constructor(options: LanOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  start(peer: PeerId, start: Start = {}): Station {
    const { seeds = [], rumour = {}, wallAheadMs = 0, options = {} } = start;
    const { known = [], addresses = [], diskHangs = false } = start;
    const self = rumourOf(peer, rumour);
    const now = at(this.nowMs, wallAheadMs);
    const all = { ...MEMBERSHIP_DEFAULTS, ...options };
    const random = this.#random.fork();
    const membership = new Membership(self, seeds.map(homeOf), all, random, now, addresses);
    const station: Station = {
      peer,
      address: self.address,
      membership,
      facts: [],
      wallAheadMs,
      startedMs: this.nowMs,
      links: new Map(),
      out: {
        send: (to, message, channel) => this.#send(station, to, message, channel),
        contact: (address) => this.#dial(station, address, () => {}),
        announce: (fact) => this.#announced(station, fact),
      },
      frozen: null,
      diskHangs,
      incarnation: self.incarnation,
      identity: self.identity,
      addresses,
      running: true,
      alarmMs: Number.POSITIVE_INFINITY,
    };
    this.stations.add(station);
    this.#byPeer.set(peer, station);
    this.#listening.set(addressText(self.address), station);
    this.#step(station, (now, out) => {
      if (known.length > 0) membership.joined(known, false, now);
      membership.start(now, out);
    });
    return station;
  }

  /** The one started last. */
  of(peer: PeerId): Station {
    return must(this.#byPeer.get(peer), `${peer} was started`);
  }

  /** `silently`: its machine is gone too, so nobody is told that its connections are closed. */
  kill(peer: PeerId, silently = false): void {
    const station = this.of(peer);
    station.running = false;
    if (this.#listening.get(addressText(station.address)) === station && !silently) {
      this.#listening.delete(addressText(station.address));
    }
    for (const other of station.links.values()) this.#unlink(station, other, silently);
  }

  leave(peer: PeerId): void {
    this.#step(this.of(peer), (now, out) => this.of(peer).membership.leave(now, out));
  }

  freeze(peer: PeerId): void {
    this.of(peer).frozen ??= { sinceMs: this.nowMs, inbox: [] };
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

  /** Nothing gets from this side to all others, either way. */
  split(side: readonly PeerId[]): void {
    this.#sides = new Set(side);
  }

  heal(): void {
    this.#cut.clear();
    this.#sides = null;
  }

  runFor(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) this.#tick();
  }

  /** When it came true, looking every so often; fails after `withinMs`. */
  runUntil(isTrue: () => boolean, withinMs: number, everyMs = 1): number {
    const startMs = this.nowMs;
    while (!isTrue()) {
      if (this.nowMs - startMs >= withinMs) throw new Error(`not true within ${withinMs} ms`);
      this.runFor(everyMs);
    }
    return this.nowMs - startMs;
  }

  running(): Station[] {
    return [...this.stations].filter((station) => station.running);
  }

  /** Whether every running peer has exactly the other running ones for reachable. */
  everyoneKnowsEveryone(): boolean {
    const peers = new Set(this.running().map(({ peer }) => peer));
    return this.running().every(({ membership }) => {
      const alive = membership.alivePeers();
      return alive.length === peers.size - 1 && alive.every((other) => peers.has(other));
    });
  }

  #tick(): void {
    this.nowMs++;
    const events = this.#events.get(this.nowMs);
    if (events === undefined) return;
    for (const event of events) event();
    this.#events.delete(this.nowMs);
  }

  #later(ms: number, event: () => void): void {
    const dueMs = this.nowMs + Math.max(1, Math.ceil(ms));
    const events = this.#events.get(dueMs);
    if (events === undefined) this.#events.set(dueMs, [event]);
    else events.push(event);
  }

  #deliver(to: Station, step: (now: Now, out: Outbox) => void): void {
    if (!to.running) return;
    if (to.frozen === null) this.#step(to, step);
    else if (to.frozen.inbox.length < INBOX_MAX) to.frozen.inbox.push(() => this.#step(to, step));
  }

  #step(station: Station, step: (now: Now, out: Outbox) => void): void {
    if (!station.running) return;
    step(at(this.nowMs, station.wallAheadMs), station.out);
    this.#setAlarm(station);
  }

  #setAlarm(station: Station): void {
    const { wakeAt } = station.membership;
    if (wakeAt >= station.alarmMs) return;
    const dueMs = Math.max(this.nowMs + 1, Math.ceil(wakeAt));
    if (dueMs >= station.alarmMs) return;
    station.alarmMs = dueMs;
    this.#later(dueMs - this.nowMs, () => this.#ring(station, dueMs));
  }

  #ring(station: Station, dueMs: number): void {
    if (station.alarmMs !== dueMs) return;
    station.alarmMs = Number.POSITIVE_INFINITY;
    if (station.running && station.frozen === null) {
      if (station.membership.wakeAt <= this.nowMs) {
        this.#step(station, (now, out) => station.membership.wake(now, out));
      } else this.#setAlarm(station);
    }
  }

  #announced(station: Station, fact: Fact): void {
    const { membership } = station;
    this.#options.heard?.(station, fact);
    if (fact.type === 'addresses-known') station.addresses = fact.addresses;
    // Of those there is one for each pair.
    if (fact.type !== 'member-joined') station.facts.push({ atMs: this.nowMs, fact });
    if (fact.type === 'incarnation-raised' && !station.diskHangs) {
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
    this.#options.sniff?.(from.peer, to, message, channel);
    const address = from.membership.addressOf(to);
    if (address === null) return;
    if (channel === 'datagram') {
      if (this.#isLost()) return;
      const arrived = addressText(address);
      this.#later(this.#delay(), () => this.#arrive(from, this.#listening.get(arrived), message, channel));
      return;
    }
    const linked = from.links.get(to);
    if (linked !== undefined) {
      this.#later(this.#streamDelay(), () => this.#arrive(from, linked, message, channel));
      if (!this.#isWhole(from, linked)) this.#later(SILENCE_MS, () => this.#giveUp(from, linked));
    } else
      this.#dial(from, address, (other) => {
        if (other.peer === to) this.#arrive(from, other, message, channel);
      });
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
      const isDropped = this.#options.lossyStreams === true && (this.#isLost() || this.#isLost());
      if (other === undefined) {
        this.#failContact(from, address, 'refused', this.#options.delayMs);
      } else if (other === from) {
        this.#failContact(from, address, 'rejected', 1);
      } else if (
        isDropped ||
        !other.running ||
        other.frozen !== null ||
        !this.#passes(from, other) ||
        !this.#passes(other, from)
      ) {
        this.#failContact(from, address, 'timeout', DIAL_TIMEOUT_MS);
      } else {
        this.#greet(other, from);
        this.#later(this.#streamDelay(), () => {
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
    if (!other.running || station.links.get(other.peer) === other) return;
    const { peer, identity, incarnation, address } = other;
    const hello = helloOf(rumourOf(peer, { identity, incarnation, address }), this.nowMs - other.startedMs);
    if (station.peer === peer) {
      this.#deliver(station, (now, out) => station.membership.namesake(hello, now, out));
      return;
    }
    const namesake = station.links.get(peer);
    if (namesake !== undefined) this.#unlink(station, namesake, false);
    station.links.set(peer, other);
    this.#deliver(station, (now, out) => station.membership.linkUp(hello, now, out));
  }

  /** The one end closes, the other hears of it. */
  #unlink(station: Station, other: Station, silently: boolean): void {
    station.links.delete(other.peer);
    if (silently) {
      this.#later(SILENCE_MS, () => this.#giveUp(other, station));
      return;
    }
    if (!this.#passes(station, other)) {
      this.#later(SILENCE_MS, () => this.#giveUp(other, station));
      return;
    }
    other.links.delete(station.peer);
    this.#later(this.#options.delayMs, () =>
      this.#deliver(other, (now, out) => other.membership.linkDown(station.peer, 'closed', now, out)),
    );
  }

  /** Nothing was acknowledged for long, at either end. */
  #giveUp(station: Station, other: Station): void {
    if (station.links.get(other.peer) !== other || this.#isWhole(station, other)) return;
    for (const [end, far] of [[station, other] as const, [other, station] as const]) {
      if (end.links.get(far.peer) !== far) continue;
      end.links.delete(far.peer);
      this.#deliver(end, (now, out) => end.membership.linkDown(far.peer, 'silent', now, out));
    }
  }

  #isWhole(a: Station, b: Station): boolean {
    return b.running && this.#passes(a, b) && this.#passes(b, a);
  }

  #passes(from: Station, to: Station): boolean {
    if (this.#sides !== null && this.#sides.has(from.peer) !== this.#sides.has(to.peer)) return false;
    return this.#cut.size === 0 || !this.#cut.has(`${from.peer}>${to.peer}`);
  }

  #isLost(): boolean {
    return this.#options.lossPercent > 0 && this.#random.chance(this.#options.lossPercent / 100);
  }

  #delay(): number {
    return this.#options.delayMs * this.#random.between(0.5, 1.5);
  }

  #streamDelay(): number {
    let delayMs = this.#options.delayMs;
    if (this.#options.lossyStreams !== true) return delayMs;
    for (let resendMs = RESEND_MS; this.#isLost() && resendMs < 32 * RESEND_MS; resendMs *= 2) {
      delayMs += resendMs;
    }
    return delayMs;
  }
}

function isMembershipMessage(message: Message): message is MembershipMessage {
  return ['JOIN_REQUEST', 'PEER_LIST', 'PING', 'PONG', 'PING_REQUEST'].includes(message.type);
}
