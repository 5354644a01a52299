// One machine of a large cluster: the host of a whole peer. It brings it inputs, carries its requests out, and
// keeps what its disk keeps. SPEC rules SM20, SM21.

import { AssertionError } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { Address } from '../../model/address.ts';
import type { Batch, HardState, KnownAddress, Recovered, Snapshot } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import type { Names } from '../../model/names.ts';
import type { Reading } from '../../model/reading.ts';
import type { Now } from '../../model/time.ts';
import type { PeerOptions } from '../../peer/options.ts';
import { Peer } from '../../peer/peer.ts';
import type { Input, PeerOutbox } from '../../peer/port.ts';
import type { Channel } from '../../protocol/outbox.ts';
import { type Hello, type Message, PROTOCOL, PROTOCOL_MIN } from '../../wire/messages.ts';
import { EPOCH_MS } from '../clock.ts';
import type { Agenda } from './agenda.ts';
import type { Air, Terminal } from './air.ts';
import { SITE } from './tally.ts';

/** What all stations share. */
export interface Ground {
  readonly agenda: Agenda;
  readonly air: Air;
  readonly diskMs: number;
  /** Of all peers. */
  readonly names: Names;
  stationOf(peer: PeerId): Station | null;
  stationAt(address: Address): Station | null;
  zoneOf(index: number): string;
  carry(from: PeerId, message: Message, channel: Channel): Message;
  heard(station: Station, fact: Fact): void;
}

/** What a machine's system keeps for a paused process; more datagrams are dropped, more frames too. */
const INBOX_DATAGRAMS_MAX = 128;
const INBOX_MAX = 16_384;
const INSTANCE = '0000000000000000';
/** More than the rounding of one sum of times, less than any deadline is off. */
const ROUNDING_MS = 0.000_1;
const WAKE: Input = { type: 'wake' };

export class Station implements Terminal, PeerOutbox {
  readonly order = null;
  readonly index: number;
  readonly id: PeerId;
  readonly address: Address;
  readonly #ground: Ground;
  readonly #clockOffsetMs: number;

  #peer: Peer | null = null;
  #life = 0;
  #open = false;
  #powered = true;
  #startedMs = 0;
  #alarmMs = Number.POSITIVE_INFINITY;
  #pausedSinceMs: number | null = null;
  #inbox: Input[] = [];
  #inboxDatagrams = 0;
  #tickets = 0;

  /** What the disk has. */
  #hardState: HardState;
  #snapshot: Snapshot | null;
  #batches: Batch[] = [];
  #addresses: readonly KnownAddress[] = [];

  constructor(
    place: { readonly index: number; readonly id: PeerId; readonly address: Address },
    disk: { readonly hardState: HardState; readonly snapshot: Snapshot | null },
    clockOffsetMs: number,
    ground: Ground,
  ) {
    this.index = place.index;
    this.id = place.id;
    this.address = place.address;
    this.#hardState = disk.hardState;
    this.#snapshot = disk.snapshot;
    this.#clockOffsetMs = clockOffsetMs;
    this.#ground = ground;
  }

  get life(): number {
    return this.#life;
  }

  get up(): boolean {
    return this.#open;
  }

  get paused(): boolean {
    return this.#pausedSinceMs !== null;
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** Null between two lives. */
  get peer(): Peer | null {
    return this.#peer;
  }

  now(): Now {
    const { nowMs } = this.#ground.agenda;
    return {
      steadyMs: nowMs - this.#startedMs,
      wallMs: Math.floor(EPOCH_MS + nowMs + this.#clockOffsetMs),
    };
  }

  /** `joined`: who is a member from the start, and whether there is a connection to each. */
  start(
    options: PeerOptions,
    random: Random,
    joined: { readonly members: readonly Rumour[]; readonly linked: boolean } | null,
  ): void {
    const recovered: Recovered = {
      hardState: this.#hardState,
      snapshot: this.#snapshot,
      batches: this.#batches,
      addresses: this.#addresses,
    };
    this.#life++;
    this.#powered = true;
    this.#startedMs = this.#ground.agenda.nowMs;
    this.#peer = new Peer(options, recovered, random, this.now(), this.#ground.names);
    if (joined !== null) this.deliver({ type: 'joined', ...joined });
    this.#peer.start(this);
  }

  /** The process ends without a word. Without `powered` its system cannot even close the connections. */
  stop(powered: boolean): void {
    this.#peer = null;
    this.#life++;
    this.#open = false;
    this.#powered = powered;
    this.#alarmMs = Number.POSITIVE_INFINITY;
    this.#pausedSinceMs = null;
    this.#inbox = [];
    this.#inboxDatagrams = 0;
    this.#ground.air.gone(this, powered);
  }

  pause(): void {
    if (this.#peer !== null) this.#pausedSinceMs ??= this.#ground.agenda.nowMs;
  }

  /** The process finds out how long it was away, then finds what its system kept. */
  resume(): void {
    if (this.#pausedSinceMs === null) return;
    const forMs = this.#ground.agenda.nowMs - this.#pausedSinceMs;
    const inbox = this.#inbox;
    this.#pausedSinceMs = null;
    this.#inbox = [];
    this.#inboxDatagrams = 0;
    this.deliver({ type: 'stalled', forMs });
    for (const input of inbox) this.deliver(input);
    this.#wake();
  }

  submit(readings: readonly Reading[]): void {
    if (this.#peer !== null) this.deliver({ type: 'submit', ticket: ++this.#tickets, readings });
  }

  deliver(input: Input): void {
    if (this.#peer === null) return;
    if (this.#pausedSinceMs !== null) {
      this.#keep(input);
      return;
    }
    this.#peer.handle(input, this.now(), this);
    this.#setAlarm();
  }

  /** An alarm rings. Only the one that was set last counts: an earlier one has taken the place of the others. */
  ring(): void {
    if (this.#alarmMs > this.#ground.agenda.nowMs) return;
    this.#alarmMs = Number.POSITIVE_INFINITY;
    this.#wake();
  }

  hello(): Hello {
    const { identity, incarnation } = this.#hardState;
    const uptimeMs = Math.round(this.#ground.agenda.nowMs - this.#startedMs);
    return {
      type: 'HELLO',
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL,
      site: SITE,
      peer: this.id,
      identity,
      incarnation,
      address: this.address,
      apiPort: 0,
      zone: this.#ground.zoneOf(this.index),
      instance: INSTANCE,
      uptimeMs,
    };
  }

  send(to: PeerId, message: Message, channel: Channel): void {
    const ground = this.#ground;
    const station = ground.stationOf(to);
    if (station === null) throw new AssertionError('messages go to members');
    ground.air.send(this, station, ground.carry(this.id, message, channel), channel);
  }

  contact(address: Address): void {
    const life = this.#life;
    this.#ground.air.contact(this, this.#ground.stationAt(address), (cause) => {
      if (this.#life === life) this.deliver({ type: 'contact-failed', address, cause });
    });
  }

  announce(fact: Fact): void {
    this.#ground.heard(this, fact);
  }

  append(batch: Batch): void {
    this.#write(() => {
      this.#batches.push(batch);
      this.deliver({ type: 'appended', batch });
    });
  }

  saveHardState(state: HardState): void {
    this.#write(() => {
      this.#hardState = state;
      this.#open = true;
      this.deliver({ type: 'hard-state-saved', state });
    });
  }

  saveSnapshot(snapshot: Snapshot): void {
    this.#write(() => {
      this.#snapshot = snapshot;
      this.#batches = this.#batches.filter(({ records }) => (records.at(-1)?.n ?? 0) > snapshot.ownN);
      this.deliver({ type: 'snapshot-saved', snapshot });
    });
  }

  saveAddresses(addresses: readonly KnownAddress[]): void {
    this.#addresses = addresses;
  }

  /** Every write takes the same time, so they are answered in order. A crash loses what is under way. */
  #write(done: () => void): void {
    const life = this.#life;
    const { agenda, diskMs } = this.#ground;
    agenda.at(agenda.nowMs + diskMs, () => {
      if (this.#life === life) done();
    });
  }

  #keep(input: Input): void {
    if (input.type === 'received') {
      if (this.#inbox.length >= INBOX_MAX) return;
      if (input.channel === 'datagram' && ++this.#inboxDatagrams > INBOX_DATAGRAMS_MAX) return;
    }
    this.#inbox.push(input);
  }

  /** What the peer wants to be woken for may have moved on since. */
  #wake(): void {
    if (this.#peer === null || this.#pausedSinceMs !== null) return;
    const now = this.now();
    if (this.#peer.wakeAt <= now.steadyMs) this.#peer.handle(WAKE, now, this);
    this.#setAlarm();
  }

  #setAlarm(): void {
    if (this.#peer === null) return;
    const { agenda } = this.#ground;
    const dueMs = this.#peer.wakeAt + this.#startedMs;
    // A sum that is rounded down would ring before anything is due, at one moment for ever.
    const roundedMs = dueMs - this.#startedMs < this.#peer.wakeAt ? dueMs + ROUNDING_MS : dueMs;
    const atMs = Math.max(agenda.nowMs, roundedMs);
    if (atMs >= this.#alarmMs) return;
    this.#alarmMs = atMs;
    agenda.put(atMs, this.index, this.#life, null);
  }
}
