// Connections between machines: each end knows only what its own system told it. Frames of one direction keep
// their order; a cut path holds them back until it heals or the end gives up. SPEC rules SM3, SM4.

import type { Random } from '../kit/random.ts';
import { type Address, sameAddress } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import type { LinkLoss } from '../protocol/outbox.ts';
import type { Hello, Message } from '../wire/messages.ts';
import type { NetworkOptions, Station } from './network.ts';
import type { Paths } from './paths.ts';
import type { Timeline } from './timeline.ts';

export interface Connection {
  readonly ends: readonly [End, End];
}

interface End {
  readonly station: Station;
  readonly life: number;
  /** Where the station was when the connection was made. */
  readonly address: Address;
  open: boolean;
  /** When the last frame towards this end arrives: later ones do not overtake it. */
  lastArrivalMs: number;
  /** Frames this end has sent into a cut path. */
  readonly held: Message[];
}

export class Connections {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #paths: Paths;
  readonly #options: NetworkOptions;
  /** By the station's index, then by the other's peer id: the connection this end would send on. */
  readonly #byStation = new Map<number, Map<PeerId, Connection>>();

  constructor(timeline: Timeline, random: Random, paths: Paths, options: NetworkOptions) {
    this.#timeline = timeline;
    this.#random = random;
    this.#paths = paths;
    this.#options = options;
  }

  /** The accepting side has it at once, the dialling side only when the answer arrives: see `admit`. */
  make(dialler: Station, accepter: Station): Connection {
    const nowMs = this.#timeline.nowMs;
    return { ends: [endOf(dialler, nowMs), endOf(accepter, nowMs)] };
  }

  /**
   * From here on `station` sends on this connection. A link that stands to the same process goes on; one to an
   * earlier process of that peer is over.
   */
  admit(station: Station, connection: Connection, hello: Hello): void {
    const [, far] = sides(connection, station);
    const connections = this.#of(station);
    const standing = connections.get(hello.peer);
    const other = standing && sides(standing, station)[1];
    if (standing && other && other.life !== far.life) {
      this.#lose(standing, sides(standing, station)[0], 'closed');
    }
    const isLinked = connections.has(hello.peer);
    connections.set(hello.peer, connection);
    if (this.#paths.isCut(station.index, far.station.index)) {
      this.#giveUpLater(connection, station.index, far.station.index);
    }
    if (!isLinked) station.deliver({ type: 'link-up', hello });
  }

  /** Whether `station` has a link to whoever is at that address. */
  reaches(station: Station, address: Address): boolean {
    for (const connection of this.#of(station).values()) {
      if (sameAddress(sides(connection, station)[1].address, address)) return true;
    }
    return false;
  }

  /** Whether there is a connection, and to this address. */
  isAt(station: Station, to: PeerId, address: Address): boolean {
    const connection = this.#of(station).get(to);
    return connection === undefined || sameAddress(sides(connection, station)[1].address, address);
  }

  abandon(station: Station, to: PeerId): void {
    const connection = this.#of(station).get(to);
    if (connection === undefined) return;
    this.#timeline.after(0, () => this.#lose(connection, sides(connection, station)[0], 'failed'));
  }

  /** False when there is no connection to send on. */
  send(from: Station, to: PeerId, message: Message): boolean {
    const connection = this.#of(from).get(to);
    if (connection === undefined) return false;
    const [near, far] = sides(connection, from);

    if (this.#paths.isCut(from.index, far.station.index)) {
      if (near.held.length < this.#options.waitingFramesMax) near.held.push(message);
    } else if (far.open) {
      this.#deliver(connection, near, far, message);
    } else {
      this.#refuse(connection, near, far);
    }
    return true;
  }

  /** The path stopped: its connection goes silent and is given up by both ends unless it heals in time. */
  cut(from: number, to: number): void {
    for (const connection of this.#of({ index: from }).values()) {
      const far = connection.ends[0].station.index === from ? connection.ends[1] : connection.ends[0];
      if (far.station.index === to) this.#giveUpLater(connection, from, to);
    }
  }

  heal(from: number, to: number): void {
    for (const connection of this.#of({ index: from }).values()) {
      const [near, far] = nearFirst(connection, from);
      if (far.station.index !== to) continue;
      const held = near.held.splice(0);
      for (const message of held) {
        if (near.open && far.open) this.#deliver(connection, near, far, message);
      }
    }
  }

  gone(station: Station): void {
    const connections = [...this.#of(station).values()];
    this.#of(station).clear();
    for (const connection of connections) {
      const [near, far] = sides(connection, station);
      near.open = false;
      if (!far.open) continue;
      if (station.powered && !this.#paths.isCut(station.index, far.station.index)) {
        const latencyMs = this.#paths.latencyMs(station.index, far.station.index);
        const atMs = Math.max(this.#timeline.nowMs + latencyMs, far.lastArrivalMs);
        this.#timeline.at(atMs, () => this.#lose(connection, far, 'closed'));
      } else {
        this.#timeline.after(this.#silenceMs(), () => this.#lose(connection, far, 'silent'));
      }
    }
  }

  #deliver(connection: Connection, near: End, far: End, message: Message): void {
    const latencyMs = this.#paths.latencyMs(near.station.index, far.station.index);
    far.lastArrivalMs = Math.max(far.lastArrivalMs, this.#timeline.nowMs + latencyMs);
    const from = near.station.peer;
    this.#timeline.at(far.lastArrivalMs, () => {
      if (far.open && far.station.life === far.life && far.station.up) {
        far.station.deliver({ type: 'received', from, message, channel: 'stream' });
      } else if (near.open) this.#refuse(connection, near, far);
    });
  }

  /** The far end's system knows no such connection and says so, if it is still there to say it. */
  #refuse(connection: Connection, near: End, far: End): void {
    if (!far.station.powered || !sameAddress(far.station.address, far.address)) return;
    if (this.#paths.isCut(far.station.index, near.station.index)) return;
    const backMs =
      this.#paths.latencyMs(near.station.index, far.station.index) +
      this.#paths.latencyMs(far.station.index, near.station.index);
    this.#timeline.after(backMs, () => this.#lose(connection, near, 'failed'));
  }

  #giveUpLater(connection: Connection, from: number, to: number): void {
    this.#timeline.after(this.#silenceMs(), () => {
      if (!this.#paths.isCut(from, to)) return;
      for (const end of connection.ends) this.#lose(connection, end, 'silent');
    });
  }

  /** One end's system takes the connection for lost. */
  #lose(connection: Connection, end: End, cause: LinkLoss): void {
    if (!end.open) return;
    end.open = false;
    end.held.length = 0;
    const other = connection.ends[0] === end ? connection.ends[1] : connection.ends[0];
    const connections = this.#of(end.station);
    // A newer connection took its place: to the peer the link never went down.
    if (connections.get(other.station.peer) !== connection) return;
    connections.delete(other.station.peer);
    if (end.station.life === end.life && end.station.up) {
      end.station.deliver({ type: 'link-down', peer: other.station.peer, cause });
    }
  }

  #silenceMs(): number {
    return this.#random.between(this.#options.silenceMs.min, this.#options.silenceMs.max);
  }

  #of(station: { readonly index: number }): Map<PeerId, Connection> {
    let connections = this.#byStation.get(station.index);
    if (connections === undefined) {
      connections = new Map();
      this.#byStation.set(station.index, connections);
    }
    return connections;
  }
}

function endOf(station: Station, nowMs: number): End {
  return {
    station,
    life: station.life,
    address: station.address,
    open: true,
    lastArrivalMs: nowMs,
    held: [],
  };
}

function sides(connection: Connection, near: { readonly index: number }): readonly [End, End] {
  return nearFirst(connection, near.index);
}

function nearFirst(connection: Connection, index: number): readonly [End, End] {
  const [a, b] = connection.ends;
  return a.station.index === index ? [a, b] : [b, a];
}
