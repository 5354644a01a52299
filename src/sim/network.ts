// The simulated network: datagrams that are lost, doubled, late and overtaken; connections that are in order
// and reliable until the path is cut, and then silent. SPEC rules SM2, SM3.
//
// The surprise: a frame sent into a cut path is not lost. It waits, as TCP retransmits, and arrives after the
// path is healed, unless the connection was given up first. So very old frames do arrive.

import type { Random } from '../kit/random.ts';
import { type Address, addressText } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import type { Input } from '../peer/port.ts';
import type { Channel, ContactFailure } from '../protocol/outbox.ts';
import type { Hello, Message } from '../wire/messages.ts';
import { type Connection, Connections } from './connections.ts';
import type { Paths } from './paths.ts';
import type { Timeline } from './timeline.ts';

/** What the network sees of a machine. */
export interface Station {
  readonly index: number;
  readonly peer: PeerId;
  readonly address: Address;
  readonly life: number;
  /** A process runs here, though it may be paused. */
  readonly up: boolean;
  readonly paused: boolean;
  /** Without power, nothing answers at all; a machine whose process is gone refuses connections. */
  readonly powered: boolean;
  hello(): Hello;
  /** Handles the input, or keeps it while paused. */
  deliver(input: Input): void;
}

export interface NetworkOptions {
  /** A dial without an answer is given up. */
  readonly dialTimeoutMs: number;
  /** For so long a dial counts as failed: twice as long with each failure in a row. */
  readonly dialPauseMs: { readonly min: number; readonly max: number };
  /** A connection whose path is cut is given up after a while, by both ends. */
  readonly silenceMs: { readonly min: number; readonly max: number };
  /** Frames that wait for a dial or in a cut path; what comes on top is dropped. */
  readonly waitingFramesMax: number;
  /** How a message crosses: as it is, or through the codec. */
  readonly carry: (from: PeerId, message: Message, channel: Channel) => Message;
}

interface Dial {
  readonly frames: { readonly to: PeerId; readonly message: Message }[];
  /** Somebody asked for an answer. */
  contacted: boolean;
}

export class Network {
  readonly #timeline: Timeline;
  readonly #options: NetworkOptions;
  readonly #paths: Paths;
  readonly #connections: Connections;
  readonly #byAddress = new Map<string, Station>();
  /** Under way, by `<from index> <address>`: one dial an address. */
  readonly #dials = new Map<string, Dial>();
  /** By the same keys: how often dials have failed in a row, and until when the last one counts as failed. */
  readonly #failed = new Map<string, { readonly times: number; readonly untilMs: number }>();

  constructor(timeline: Timeline, random: Random, paths: Paths, options: NetworkOptions) {
    this.#timeline = timeline;
    this.#options = options;
    this.#paths = paths;
    this.#connections = new Connections(timeline, random, paths, options);
    paths.onCut = (from, to) => this.#connections.cut(from, to);
    paths.onHeal = (from, to) => this.#connections.heal(from, to);
  }

  /** The station answers at its address from here on. */
  listen(station: Station): void {
    this.#byAddress.set(addressText(station.address), station);
  }

  /** The machine has another address: nobody is at the old one. */
  unlisten(address: Address): void {
    this.#byAddress.delete(addressText(address));
  }

  send(from: Station, to: PeerId, address: Address | null, message: Message, channel: Channel): void {
    const carried = this.#options.carry(from.peer, message, channel);
    if (channel === 'datagram') {
      if (address !== null) this.#sendDatagram(from, address, carried);
    } else if (!this.#sendFrame(from, to, address, carried) && address !== null) {
      const { frames } = this.#dial(from, address);
      if (frames.length < this.#options.waitingFramesMax) frames.push({ to, message: carried });
    }
  }

  /** No answer where a link stands already: the peer knows of it. */
  contact(from: Station, address: Address): void {
    if (!this.#connections.reaches(from, address)) this.#dial(from, address).contacted = true;
  }

  /** The process at `station` is gone. Its system closes its connections, if it still has the power to. */
  gone(station: Station): void {
    for (const key of this.#dials.keys()) {
      if (key.startsWith(`${station.index} `)) this.#dials.delete(key);
    }
    this.#connections.gone(station);
  }

  /** Who moved has left the old connection behind, unless nobody answers where it is said to be. */
  #sendFrame(from: Station, to: PeerId, address: Address | null, message: Message): boolean {
    const isMoved = address !== null && !this.#connections.isAt(from, to, address);
    const failedUntilMs = address === null ? 0 : (this.#failed.get(dialKey(from, address))?.untilMs ?? 0);
    if (isMoved && failedUntilMs <= this.#timeline.nowMs) {
      this.#connections.abandon(from, to);
      return false;
    }
    return this.#connections.send(from, to, message);
  }

  #sendDatagram(from: Station, address: Address, message: Message): void {
    const to = this.#byAddress.get(addressText(address));
    if (to === undefined) return;
    const copies = this.#paths.copies(from.index, to.index);
    for (let copy = 0; copy < copies; copy++) {
      const life = to.life;
      this.#timeline.after(this.#paths.latencyMs(from.index, to.index), () => {
        if (to.life === life && to.up) {
          to.deliver({ type: 'received', from: from.peer, message, channel: 'datagram' });
        }
      });
    }
  }

  #dial(from: Station, address: Address): Dial {
    const key = dialKey(from, address);
    const underWay = this.#dials.get(key);
    if (underWay) return underWay;

    const dial: Dial = { frames: [], contacted: false };
    this.#dials.set(key, dial);
    const life = from.life;
    const isOver = (): boolean => from.life !== life || !from.up || this.#dials.get(key) !== dial;
    const giveUp = (cause: ContactFailure): void => {
      if (isOver()) return;
      this.#dials.delete(key);
      this.#fail(key);
      if (dial.contacted) from.deliver({ type: 'contact-failed', address, cause });
    };
    const done = (connection: Connection, hello: Hello): void => {
      if (isOver()) return;
      this.#dials.delete(key);
      this.#failed.delete(key);
      this.#connections.admit(from, connection, hello);
      for (const frame of dial.frames) {
        if (frame.to === hello.peer) this.#connections.send(from, hello.peer, frame.message);
      }
    };

    const to = this.#byAddress.get(addressText(address));
    if (to === undefined || !to.powered || this.#paths.isCut(from.index, to.index)) {
      this.#timeline.after(this.#options.dialTimeoutMs, () => giveUp('timeout'));
    } else if (to === from) {
      this.#timeline.after(0, () => giveUp('rejected'));
    } else {
      const thereMs = this.#paths.latencyMs(from.index, to.index);
      this.#timeline.after(thereMs, () => this.#answer(from, life, to, done, giveUp));
    }
    return dial;
  }

  #fail(key: string): void {
    const { min, max } = this.#options.dialPauseMs;
    const times = (this.#failed.get(key)?.times ?? 0) + 1;
    const pauseMs = Math.min(max, min * 2 ** Math.min(times - 1, 16));
    this.#failed.set(key, { times, untilMs: this.#timeline.nowMs + pauseMs });
  }

  /** The first packet of a dial has arrived at `to`. */
  #answer(
    from: Station,
    life: number,
    to: Station,
    done: (connection: Connection, hello: Hello) => void,
    giveUp: (cause: ContactFailure) => void,
  ): void {
    const backMs = this.#paths.latencyMs(to.index, from.index);
    if (to.powered && !to.up && !this.#paths.isCut(to.index, from.index)) {
      this.#timeline.after(backMs, () => giveUp('refused'));
      return;
    }
    // A paused process says no HELLO; its answer would need the way back as well.
    if (!to.up || to.paused || this.#paths.isCut(to.index, from.index) || from.life !== life || !from.up) {
      this.#timeline.after(this.#options.dialTimeoutMs, () => giveUp('timeout'));
      return;
    }
    const hello = to.hello();
    const connection = this.#connections.make(from, to);
    this.#connections.admit(to, connection, from.hello());
    this.#timeline.after(backMs, () => done(connection, hello));
  }
}

function dialKey(from: Station, address: Address): string {
  return `${from.index} ${addressText(address)}`;
}
