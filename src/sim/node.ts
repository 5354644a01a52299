// One simulated machine: a disk, a clock, an address, and a process that comes and goes. It is the host of
// that process: it brings it inputs and carries its requests out. SPEC rules SM2, SM4, SM5.

import { AssertionError, must } from '../kit/assert.ts';
import type { Address } from '../model/address.ts';
import { type Batch, isOrdered, type ReceiptKey, type Recovered } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import type { Now } from '../model/time.ts';
import type { Input, PeerOutbox } from '../peer/port.ts';
import type { OutboxBatch } from '../protocol/ordering/port.ts';
import type { Channel } from '../protocol/outbox.ts';
import { type Hello, type Message, PROTOCOL, PROTOCOL_MIN } from '../wire/messages.ts';
import { MachineClock } from './clock.ts';
import type { DiskWrite, SimDisk } from './disk.ts';
import type { Network, Station } from './network.ts';
import { payloadOf } from './order/image.ts';
import { SimOrderRequests } from './order-requests.ts';
import type { Timeline } from './timeline.ts';
import type { Place, Watcher } from './watcher.ts';

/** What runs on a machine: a peer, or what stands in for one in a test of the simulator. */
export interface Process {
  readonly wakeAt: number;
  /** Whether it takes part in the order. */
  readonly takesPart?: boolean;
  start(out: PeerOutbox): void;
  handle(input: Input, now: Now, out: PeerOutbox): void;
  addressOf(peer: PeerId): Address | null;
}

/** What a machine's system keeps for a paused process; more datagrams are dropped, more frames too. */
const INBOX_DATAGRAMS_MAX = 128;
const INBOX_MAX = 16_384;
/** What a read of the log or the outbox takes. */
const READ_MS = 0.2;

interface Run<P> {
  readonly process: P;
  readonly out: PeerOutbox;
  readonly startedMs: number;
  readonly instance: string;
  /** Others may connect: the process knows that it will not forget this start. */
  open: boolean;
  leaving: boolean;
  /** When the one alarm is set for. */
  alarmMs: number;
}

export interface NodeWorld {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly watcher: Watcher;
  problem(checker: string, at: Place, what: string): void;
}

export class SimNode<P extends Process> implements Station, Place {
  readonly index: number;
  readonly peer: PeerId;
  readonly clock = new MachineClock();
  readonly disk: SimDisk;
  /** Where the machine stands, as its HELLO says. */
  zone = '';
  readonly #world: NodeWorld;
  #address: Address;
  #run: Run<P> | null = null;
  #life = 0;
  #powered = true;
  /** Since when the process does not run though it lives, and what its system has kept for it. */
  #pausedSinceMs: number | null = null;
  #inbox: Input[] = [];
  #inboxDatagrams = 0;
  #tickets = 0;

  constructor(index: number, peer: PeerId, address: Address, disk: SimDisk, world: NodeWorld) {
    this.index = index;
    this.peer = peer;
    this.#address = address;
    this.disk = disk;
    this.#world = world;
  }

  get address(): Address {
    return this.#address;
  }

  get life(): number {
    return this.#life;
  }

  get up(): boolean {
    return this.#run?.open === true;
  }

  get paused(): boolean {
    return this.#pausedSinceMs !== null;
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** The process, paused or not; null between two lives. */
  get process(): P | null {
    return this.#run?.process ?? null;
  }

  get isLeaving(): boolean {
    return this.#run?.leaving === true;
  }

  now(): Now {
    return this.clock.read(this.#world.timeline.nowMs);
  }

  move(address: Address): void {
    this.#world.network.unlisten(this.#address);
    this.#address = address;
    this.#world.network.listen(this);
  }

  start(make: () => P, recovered: Recovered, instance: string): void {
    const { timeline, watcher } = this.#world;
    this.#life++;
    this.#powered = true;
    this.clock.restartSteady(timeline.nowMs);
    const process = this.#guard(make);
    if (process === null) return;
    const out = new NodeOutbox(this, this.#life, this.#world);
    this.#run = {
      process,
      out,
      startedMs: timeline.nowMs,
      instance,
      open: false,
      leaving: false,
      alarmMs: Number.POSITIVE_INFINITY,
    };
    watcher.started(this, recovered);
    this.#guard(() => process.start(out));
    this.#setAlarm();
  }

  /** The process ends here and now. Without `powered` its system cannot even close the connections. */
  stop(powered: boolean): void {
    if (this.#run === null) return;
    const graceful = this.#run.leaving;
    this.#run = null;
    this.#powered = powered;
    this.#pausedSinceMs = null;
    this.#inbox = [];
    this.#inboxDatagrams = 0;
    this.disk.crash();
    this.#world.network.gone(this);
    this.#world.watcher.stopped(this, graceful);
  }

  pause(): void {
    if (this.#run) this.#pausedSinceMs ??= this.#world.timeline.nowMs;
  }

  /** The process finds out how long it was away, then finds what its system kept. */
  resume(): void {
    if (this.#pausedSinceMs === null) return;
    const forMs = this.#world.timeline.nowMs - this.#pausedSinceMs;
    this.#pausedSinceMs = null;
    const inbox = this.#inbox;
    this.#inbox = [];
    this.#inboxDatagrams = 0;
    if (this.up) this.deliver({ type: 'stalled', forMs });
    for (const input of inbox) this.deliver(input);
    this.#ring();
  }

  leave(): void {
    if (!this.up || this.paused || this.#run === null) return;
    this.#run.leaving = true;
    this.deliver({ type: 'leave' });
  }

  hello(): Hello {
    const state = this.disk.hardState;
    const run = this.#run;
    if (state === null || run === null) throw new AssertionError('who says HELLO has a hard state');
    return {
      type: 'HELLO',
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL,
      site: 'sim',
      peer: this.peer,
      identity: state.identity,
      incarnation: state.incarnation,
      address: this.#address,
      apiPort: 0,
      zone: this.zone,
      instance: run.instance,
      uptimeMs: Math.round(this.#world.timeline.nowMs - run.startedMs),
    };
  }

  /** Null when nobody is there to take it. */
  submit(readings: readonly Reading[], receipt?: ReceiptKey): number | null {
    if (this.#run === null || this.paused || this.isLeaving) return null;
    const ticket = ++this.#tickets;
    this.#world.watcher.submitted(this, ticket, readings, receipt);
    this.deliver({ type: 'submit', ticket, readings, ...(receipt && { receipt }) });
    return ticket;
  }

  forget(sensors: readonly SensorId[]): number | null {
    if (this.#run === null || this.paused || this.isLeaving) return null;
    const ticket = ++this.#tickets;
    this.#world.watcher.forgot(this, ticket, sensors);
    this.deliver({ type: 'forget', ticket, sensors });
    return ticket;
  }

  deliver(input: Input): void {
    const run = this.#run;
    if (run === null) return;
    if (this.paused) {
      this.#keep(input);
      return;
    }
    this.#guard(() => run.process.handle(input, this.now(), run.out));
    if (input.type === 'hard-state-saved') run.open = true;
    this.#setAlarm();
  }

  #keep(input: Input): void {
    if (input.type === 'received') {
      if (this.#inbox.length >= INBOX_MAX) return;
      if (input.channel === 'datagram' && ++this.#inboxDatagrams > INBOX_DATAGRAMS_MAX) return;
    }
    this.#inbox.push(input);
  }

  /** One alarm a process: an earlier one that is not due any more is set anew when it rings. */
  #setAlarm(): void {
    const run = this.#run;
    if (run === null) return;
    const { timeline } = this.#world;
    const wakeMs = run.process.wakeAt;
    if (wakeMs === Number.POSITIVE_INFINITY) return;
    const atMs = Math.max(timeline.nowMs, this.clock.virtualOf(wakeMs));
    if (atMs >= run.alarmMs) return;
    run.alarmMs = atMs;
    timeline.at(atMs, () => {
      if (this.#run !== run || run.alarmMs !== atMs) return;
      run.alarmMs = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }

  #ring(): void {
    const run = this.#run;
    if (run === null || this.paused) return;
    const now = this.now();
    if (run.process.wakeAt <= now.steadyMs) this.#guard(() => run.process.handle(WAKE, now, run.out));
    this.#setAlarm();
  }

  /** A peer that finds itself wrong is a problem of the run, not of the simulator. */
  #guard<T>(step: () => T): T | null {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#world.problem('no assertion fails', this, error.stack ?? error.message);
      return null;
    }
  }
}

const WAKE: Input = { type: 'wake' };

/** Carries the requests of one life of a process out. */
class NodeOutbox<P extends Process> implements PeerOutbox {
  readonly order: SimOrderRequests;
  readonly #node: SimNode<P>;
  readonly #life: number;
  readonly #world: NodeWorld;

  constructor(node: SimNode<P>, life: number, world: NodeWorld) {
    this.#node = node;
    this.#life = life;
    this.#world = world;
    this.order = new SimOrderRequests({
      image: () => node.disk.order,
      write: (write, answer) => this.#write({ type: 'order', write }, answer),
      read: (answer) => {
        world.timeline.after(READ_MS, () => {
          if (node.life === life) node.deliver(answer());
        });
      },
    });
  }

  send(to: PeerId, message: Message, channel: Channel): void {
    const { network, watcher } = this.#world;
    watcher.sent(this.#node, to, message, channel);
    network.send(this.#node, to, this.#node.process?.addressOf(to) ?? null, message, channel);
  }

  contact(address: Address): void {
    this.#world.watcher.contacted(this.#node, address);
    this.#world.network.contact(this.#node, address);
  }

  announce(fact: Fact): void {
    this.#world.watcher.announced(this.#node, fact);
  }

  append(batch: Parameters<PeerOutbox['append']>[0]): void {
    if (this.#node.process?.takesPart !== true) {
      this.#write({ type: 'batch', batch }, { type: 'appended', batch });
      return;
    }
    const stored = outboxBatch(batch);
    this.#write({ type: 'batch', batch, stored }, { type: 'appended', batch, stored });
  }

  saveHardState(state: Parameters<PeerOutbox['saveHardState']>[0]): void {
    this.#write({ type: 'hard-state', state }, { type: 'hard-state-saved', state });
  }

  saveSnapshot(snapshot: Parameters<PeerOutbox['saveSnapshot']>[0]): void {
    this.#write({ type: 'snapshot', snapshot }, { type: 'snapshot-saved', snapshot });
  }

  saveAddresses(addresses: Parameters<PeerOutbox['saveAddresses']>[0]): void {
    this.#node.disk.keepAddresses(addresses);
  }

  #write(write: DiskWrite, answer: Input | null): void {
    this.#world.watcher.asked(this.#node, write);
    this.#node.disk.write(write, () => {
      if (answer !== null && this.#node.life === this.#life) this.#node.deliver(answer);
    });
  }
}

/** As the order reads it: of the records only their numbers matter. */
function outboxBatch(batch: Batch): OutboxBatch {
  const { identity, records } = batch;
  const firstN = must(records[0], 'a batch has records').n;
  const lastN = firstN + records.length - 1;
  const readings = records.filter((record) => isOrdered(batch, record)).length;
  return { identity, firstN, lastN, readings, payload: payloadOf(firstN, lastN) };
}
