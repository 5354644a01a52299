// A large cluster in virtual time: N whole peers, the network between them, and the ears of a measurement. It is
// for measuring; what must never happen is looked for by `world.ts` and its checkers. SPEC rules SM20-SM22.

import { must } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import { type Address, addressText } from '../../model/address.ts';
import type { StreamSnapshot } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import { type Identity, type PeerId, parsePeerId, type SensorId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import { Names } from '../../model/names.ts';
import type { PeerOptions } from '../../peer/options.ts';
import type { Channel } from '../../protocol/outbox.ts';
import type { Message } from '../../wire/messages.ts';
import { EPOCH_MS } from '../clock.ts';
import { Wire } from '../wire.ts';
import { Agenda, type What } from './agenda.ts';
import { Air } from './air.ts';
import type { FleetOptions } from './options.ts';
import { type Ground, Station } from './station.ts';
import { Tally } from './tally.ts';

const KNOWN_WITHIN_MS = 10_000;

/** Told of every fact of every peer. */
export type Ear = (station: Station, fact: Fact) => void;

export class Fleet implements Ground {
  readonly options: FleetOptions;
  readonly agenda = new Agenda();
  readonly air: Air;
  readonly tally: Tally;
  readonly stations: Station[] = [];
  /** For the choices of the scenario. */
  readonly random: Random;
  readonly diskMs: number;
  readonly names = new Names();
  readonly #wire: Wire;
  readonly #byId = new Map<PeerId, Station>();
  readonly #byAddress = new Map<string, Station>();
  readonly #ears: Ear[] = [];
  readonly #processes: Random;
  #members: readonly Rumour[] | null = null;

  /**
   * `sensorsKnown`: so many sensors of each node have a reading that all peers know from the start, apart from
   * the `newcomers`, whose disks are empty.
   */
  constructor(options: FleetOptions, sensorsKnown = 0, newcomers: readonly number[] = []) {
    const random = new Random(options.seed);
    this.options = options;
    this.random = random.fork();
    this.#processes = random.fork();
    this.diskMs = options.diskMs;
    this.#wire = new Wire(options.codec);
    this.tally = new Tally(options.nodes, options.sizeEvery);
    const clocks = random.fork();
    const identities = random.fork();
    const readings = random.fork();
    const streams: StreamSnapshot[] = [];
    for (let index = 0; index < options.nodes; index++) {
      const id = stationName(index);
      const hardState = { identity: { birth: 1, random: hex(identities) }, incarnation: 0 };
      const isKnown = sensorsKnown > 0 && !newcomers.includes(index);
      if (isKnown) streams.push(knownStream(id, hardState.identity, sensorsKnown, readings));
      const { identity } = hardState;
      const snapshot = isKnown ? { identity, ownN: sensorsKnown, streams, receipts: [] } : null;
      const offsetMs = clocks.between(-options.clockSkewMs, options.clockSkewMs);
      const place = {
        index,
        id,
        address: { host: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 9_000 },
      };
      const station = new Station(place, { hardState, snapshot }, offsetMs, this);
      this.stations.push(station);
      this.#byId.set(id, station);
      this.#byAddress.set(addressText(station.address), station);
    }
    this.air = new Air(this.agenda, this.stations, this.tally, random.fork(), options.air);
  }

  get nowMs(): number {
    return this.agenda.nowMs;
  }

  station(index: number): Station {
    return must(this.stations[index], 'the station exists');
  }

  /** Every peer that runs, paused ones among them. */
  *running(): Iterable<Station> {
    for (const station of this.stations) if (station.peer !== null) yield station;
  }

  /** What a station says of where it stands. */
  zoneOf(index: number): string {
    const { zones } = this.options;
    return zones === 1 ? '' : `zone-${index % zones}`;
  }

  stationOf(peer: PeerId): Station | null {
    return this.#byId.get(peer) ?? null;
  }

  stationAt(address: Address): Station | null {
    return this.#byAddress.get(addressText(address)) ?? null;
  }

  carry(from: PeerId, message: Message, channel: Channel): Message {
    return this.options.codec ? this.#wire.carry(from, message, channel) : message;
  }

  listen(ear: Ear): void {
    this.#ears.push(ear);
  }

  heard(station: Station, fact: Fact): void {
    for (const ear of this.#ears) ear(station, fact);
  }

  /** All of them, as the options say; those that start cold within `withinMs`. `except`: they come later. */
  startAll(withinMs = 0, except: ReadonlySet<number> = new Set()): void {
    const { start } = this.options;
    const first = this.stations.filter(({ index }) => !except.has(index));
    if (start.kind === 'joined') {
      this.#members = first.map((station) => this.#rumourOf(station));
      if (start.linked) this.air.linkAll(first);
    }
    for (const station of first) {
      if (withinMs === 0) this.start(station);
      else this.agenda.at(this.random.between(0, withinMs), () => this.start(station));
    }
  }

  /** A member of the first hour, or who comes later with the first stations as its seeds. */
  start(station: Station): void {
    const { start } = this.options;
    const members = start.kind === 'joined' && station.life === 0 && this.nowMs === 0 ? this.#members : null;
    const joined = members && { members, linked: start.kind === 'joined' && start.linked };
    station.start(this.#peerOptions(station), this.#processes.fork(), joined);
  }

  runUntil(untilMs: number): void {
    const { agenda } = this;
    while (agenda.take(untilMs)) this.#run(agenda.station, agenda.life, agenda.what);
  }

  runFor(ms: number): void {
    this.runUntil(this.nowMs + ms);
  }

  /** Until it holds, looked at every `everyMs`; null if that is not by `withinMs` from here. */
  runUntilTrue(holds: () => boolean, withinMs: number, everyMs: number): number | null {
    const startMs = this.nowMs;
    while (!holds()) {
      if (this.nowMs >= startMs + withinMs) return null;
      this.runUntil(Math.min(this.nowMs + everyMs, startMs + withinMs));
    }
    return this.nowMs - startMs;
  }

  #run(index: number, life: number, what: What): void {
    if (index < 0) {
      if (typeof what === 'function') what();
      return;
    }
    const station = this.stations[index];
    if (station === undefined || station.life !== life || typeof what === 'function') return;
    if (what === null) station.ring();
    else if (station.up) station.deliver(what);
  }

  #rumourOf({ id, address, index }: Station): Rumour {
    const { identity } = this.station(index).hello();
    return {
      peer: id,
      identity,
      incarnation: 1,
      status: 'alive',
      address,
      apiPort: 0,
      zone: this.zoneOf(index),
    };
  }

  #peerOptions({ id, address, index }: Station): PeerOptions {
    const { start, membership, replication, topology } = this.options;
    const seeds = start.kind === 'cold' ? start.seeds : 3;
    return {
      peer: id,
      address,
      apiPort: 0,
      zone: this.zoneOf(index),
      seeds: this.stations
        .slice(0, seeds)
        .filter((seed) => seed.index !== index)
        .map((seed) => seed.address),
      topology,
      membership,
      replication,
      history: null,
      maxClockSkewMs: 5_000,
      snapshotIntervalMs: 60_000,
      snapshotAfterRecords: 500_000,
    };
  }
}

/** `node-0000`, `node-0001` …: in the order of their index, and all of one length. */
export function stationName(index: number): PeerId {
  const parsed = parsePeerId(`node-${String(index).padStart(4, '0')}`);
  return must(parsed.ok ? parsed.value : undefined, 'a station has a good name');
}

/** As sensors are: each with a value and a moment of its own, within the last ten seconds. */
function knownStream(origin: PeerId, identity: Identity, sensors: number, random: Random): StreamSnapshot {
  const records = Array.from({ length: sensors }, (_, at) => {
    const atMs = EPOCH_MS - Math.round(((sensors - at - random.unit()) * KNOWN_WITHIN_MS) / sensors);
    return {
      kind: 'reading' as const,
      n: at + 1,
      sensor: `h${origin.slice(-4)}/t${at}` as SensorId,
      value: (150 + random.below(150)) / 10,
      tsMs: atMs,
      ingestTsMs: atMs,
      lwwTsMs: atMs,
    };
  });
  return { origin, identity, upto: sensors, droppedUpto: 0, records };
}

function hex(random: Random): string {
  const word = () => random.u32().toString(16).padStart(8, '0');
  return word() + word();
}
