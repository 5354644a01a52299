// Several replication machines in virtual time, between them a network that loses, repeats, delays and overtakes.
// Everything is drawn from one seed.

import { must } from '../../kit/assert.ts';
import { Heap } from '../../kit/heap.ts';
import { Random } from '../../kit/random.ts';
import type { StreamName, StreamSnapshot } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import { type Identity, type PeerId, type SensorId, sameIdentity } from '../../model/ids.ts';
import type { Record, Value } from '../../model/reading.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { AckMessage, Message, ReplicationMessage } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { Replication } from './machine.ts';
import { REPLICATION_DEFAULTS, type ReplicationOptions } from './options.ts';
import { EPOCH_MS, identityOf, meta, reading, tombstone } from './testing.ts';

export interface MeshOptions {
  readonly seed: number;
  readonly lossPercent?: number;
  readonly duplicatePercent?: number;
  readonly latencyMs?: { readonly min: number; readonly max: number };
  readonly replication?: Partial<ReplicationOptions>;
}

export interface Disk {
  readonly own: StreamName;
  readonly streams: readonly StreamSnapshot[];
}

export interface Delivery {
  readonly atMs: number;
  readonly turn: number;
  readonly from: PeerId;
  readonly to: PeerId;
  readonly message: ReplicationMessage | AckMessage;
  /** The connection it travels on: what a connection had under way ends with it. */
  readonly link: number;
}

interface Site {
  readonly peer: PeerId;
  readonly machine: Replication;
  own: StreamName;
  /** The last own number its disk held when it started. */
  recoveredN: number;
  readonly out: Outbox;
  /** Connections by number, the same at both ends. */
  readonly links: Map<PeerId, number>;
}

export class Mesh {
  /** Everything handed to the network, lost or not. */
  readonly sent: Delivery[] = [];
  readonly facts: { readonly peer: PeerId; readonly atMs: number; readonly fact: Fact }[] = [];
  lossPercent: number;
  readonly #options: ReplicationOptions;
  readonly #duplicatePercent: number;
  readonly #latencyMs: { readonly min: number; readonly max: number };
  readonly #random: Random;
  readonly #sites = new Map<PeerId, Site>();
  readonly #network = new Heap<Delivery>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn));
  #nowMs = 0;
  #turn = 0;
  #factsSeen = 0;

  constructor(options: MeshOptions) {
    this.lossPercent = options.lossPercent ?? 0;
    this.#duplicatePercent = options.duplicatePercent ?? 0;
    this.#latencyMs = options.latencyMs ?? { min: 1, max: 1 };
    this.#options = { ...REPLICATION_DEFAULTS, ...options.replication };
    this.#random = new Random(options.seed);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get now(): Now {
    return { steadyMs: this.#nowMs, wallMs: EPOCH_MS + this.#nowMs };
  }

  /** A peer that runs and knows nobody. */
  start(
    peer: PeerId,
    disk: Disk = { own: { origin: peer, identity: identityOf(1) }, streams: [] },
  ): Replication {
    const machine = new Replication(disk.own, this.#options, this.#random.fork(), this.now);
    machine.restore(disk.streams, this.now);
    const out: Outbox = {
      send: (to, message) => this.#send(peer, to, message),
      contact: () => {},
      announce: (fact) => void this.facts.push({ peer, atMs: this.#nowMs, fact }),
    };
    const recoveredN = machine.upto(disk.own);
    this.#sites.set(peer, { peer, machine, own: disk.own, recoveredN, out, links: new Map() });
    machine.start(this.now, out);
    return machine;
  }

  machine(peer: PeerId): Replication {
    return this.#site(peer).machine;
  }

  machines(): Replication[] {
    return [...this.#sites.values()].map(({ machine }) => machine);
  }

  /** Links every two of them. */
  join(...peers: PeerId[]): void {
    peers.forEach((a, i) => {
      for (const b of peers.slice(i + 1)) this.#link(a, b);
    });
  }

  cut(a: PeerId, b: PeerId): void {
    for (const [site, other] of [
      [this.#site(a), b],
      [this.#site(b), a],
    ] as const) {
      site.links.delete(other);
      site.machine.linkDown(other, this.now, site.out);
      site.machine.memberDown(other, this.now, site.out);
    }
  }

  /** Ends the process. Gives what its disk holds. */
  stop(peer: PeerId): Disk {
    const disk = this.backup(peer);
    for (const other of [...this.#site(peer).links.keys()]) this.cut(peer, other);
    this.#sites.delete(peer);
    return disk;
  }

  /** What the peer's disk holds. */
  backup(peer: PeerId): Disk {
    const { own, machine } = this.#site(peer);
    return { own, streams: machine.snapshotStreams() };
  }

  /** Own readings of these sensors, under the next numbers. */
  write(peer: PeerId, readings: { readonly [sensor: string]: Value }, tsMs = EPOCH_MS + this.#nowMs): void {
    this.#record(peer, (n) =>
      Object.entries(readings).map(([s, value], i) => reading(n + i, s, value, tsMs)),
    );
  }

  describe(peer: PeerId, sensor: string, unit: string): void {
    this.#record(peer, (n) => [meta(n, sensor, unit)]);
  }

  forget(peer: PeerId, sensor: string, lwwTsMs = EPOCH_MS + this.#nowMs): void {
    this.#record(peer, (n) => [tombstone(n, sensor, lwwTsMs)]);
  }

  run(forMs: number): void {
    const untilMs = this.#nowMs + forMs;
    while (this.#step(untilMs));
    this.#nowMs = untilMs;
  }

  /** Runs until it holds, at most so long; gives how long it took. */
  runUntil(holds: () => boolean, atMostMs: number): number {
    const startMs = this.#nowMs;
    while (!holds()) {
      if (!this.#step(startMs + atMostMs)) throw new Error(`did not happen within ${atMostMs} ms`);
    }
    return this.#nowMs - startMs;
  }

  /** What everybody shows of a sensor, by peer. */
  valuesOf(sensor: SensorId): (Value | null)[] {
    return this.machines().map((machine) => machine.latestOf(sensor)?.record.value ?? null);
  }

  areEqual(): boolean {
    return new Set(this.machines().map((machine) => machine.stateHash())).size === 1;
  }

  factsOf<T extends Fact['type']>(peer: PeerId, type: T): Extract<Fact, { readonly type: T }>[] {
    return this.facts
      .filter((it) => it.peer === peer)
      .map(({ fact }) => fact)
      .filter((fact): fact is Extract<Fact, { readonly type: T }> => fact.type === type);
  }

  #step(untilMs: number): boolean {
    let next: Site | null = null;
    let atMs = this.#network.first?.atMs ?? Number.POSITIVE_INFINITY;
    for (const site of this.#sites.values()) {
      if (site.machine.wakeAt >= atMs) continue;
      atMs = site.machine.wakeAt;
      next = site;
    }
    if (atMs > untilMs) return false;
    this.#nowMs = Math.max(this.#nowMs, atMs);
    if (next) next.machine.wake(this.now, next.out);
    else this.#deliver(must(this.#network.pop(), 'the network has a delivery'));
    for (const { peer, fact } of this.facts.slice(this.#factsSeen)) {
      if (fact.type === 'foreign-identity') this.#rename(this.#site(peer), fact.identity);
    }
    this.#factsSeen = this.facts.length;
    return true;
  }

  /** As a peer does: a higher birth, and what was written under numbers taken already is written again. */
  #rename(site: Site, foreign: Identity): void {
    const { machine, own, out } = site;
    if (foreign.birth < own.identity.birth) return;
    const keepUpto = sameIdentity(foreign, own.identity) ? site.recoveredN : NEVER;
    const again = machine.ownLatest().filter((record) => record.n > keepUpto);
    site.own = { origin: site.peer, identity: identityOf(foreign.birth + 1) };
    site.recoveredN = 0;
    machine.identityTaken(site.own, keepUpto, this.now, out);
    machine.ownChanges(
      again.map((record, i) => ({ ...record, n: i + 1 })),
      this.now,
      out,
    );
  }

  #deliver({ from, to, message, link }: Delivery): void {
    const site = this.#sites.get(to);
    if (site?.links.get(from) === link) site.machine.receive(from, message, this.now, site.out);
  }

  #send(from: PeerId, to: PeerId, message: Message): void {
    if (!isReplication(message)) throw new Error(`${message.type} is none of replication's`);
    const link = this.#sites.get(from)?.links.get(to) ?? -1;
    const copies = this.#random.chance(this.#duplicatePercent / 100) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const { min, max } = this.#latencyMs;
      const atMs = this.#nowMs + this.#random.between(min, max);
      const delivery: Delivery = { atMs, turn: this.#turn++, from, to, message, link };
      if (copy === 0) this.sent.push(delivery);
      if (!this.#random.chance(this.lossPercent / 100)) this.#network.push(delivery);
    }
  }

  #link(a: PeerId, b: PeerId): void {
    if (this.#site(a).links.has(b)) return;
    const link = this.#turn++;
    this.#site(a).links.set(b, link);
    this.#site(b).links.set(a, link);
    for (const [site, other] of [
      [this.#site(a), b],
      [this.#site(b), a],
    ] as const) {
      site.machine.memberUp(other, this.now, site.out);
      site.machine.linkUp(other, this.now, site.out);
    }
  }

  #record(peer: PeerId, records: (firstN: number) => Record[]): void {
    const { machine, own, out } = this.#site(peer);
    machine.ownChanges(records(machine.upto(own) + 1), this.now, out);
  }

  #site(peer: PeerId): Site {
    return must(this.#sites.get(peer), `${peer} runs`);
  }
}

function isReplication(message: Message): message is ReplicationMessage | AckMessage {
  switch (message.type) {
    case 'GOSSIP_STATE':
    case 'GET_STATE':
    case 'GET_DELTA':
    case 'SENSOR_UPDATE':
    case 'FULL_SYNC_REQUEST':
    case 'FULL_SYNC_RESPONSE':
    case 'DELTA_UNAVAILABLE':
    case 'ACK':
      return true;
    default:
      return false;
  }
}
