// The network of a large cluster: what `network.ts` and `connections.ts` do, without an object for a connection
// or a path. SPEC rules SM20, SM21.
//
// Leaner in this: each pair has one latency for all frames, so that they keep their order by themselves; a frame
// sent into a cut path is lost rather than held; and addresses do not change.

import type { Random } from '../../kit/random.ts';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Input } from '../../peer/port.ts';
import type { Channel, ContactFailure, LinkLoss } from '../../protocol/outbox.ts';
import type { Hello, Message } from '../../wire/messages.ts';
import type { Agenda } from './agenda.ts';
import { Cuts } from './cuts.ts';
import { CONTACTED, DOOMED, LINKED, LinkTable, STALE } from './link-table.ts';
import type { AirOptions } from './options.ts';
import type { Tally } from './tally.ts';

/** What the network sees of a machine. */
export interface Terminal {
  readonly index: number;
  readonly id: PeerId;
  readonly address: Address;
  readonly life: number;
  /** A process runs here, though it may be paused. */
  readonly up: boolean;
  readonly paused: boolean;
  readonly powered: boolean;
  hello(): Hello;
  deliver(input: Input): void;
}

/** Frames that wait for one dial; what comes on top is dropped. */
const WAITING_FRAMES_MAX = 64;
/** TCP's first wait before it repeats what was not acknowledged (RFC 6298, Linux' minimum). */
const REPEAT_AFTER_MS = 200;

export class Air {
  readonly cuts: Cuts;
  readonly #agenda: Agenda;
  readonly #options: AirOptions;
  readonly #random: Random;
  readonly #latencySeed: number;
  readonly #terminals: readonly Terminal[];
  readonly #tally: Tally;
  readonly #links: LinkTable;
  /** By `from * terminals + to`. */
  readonly #waiting = new Map<number, Message[]>();
  /** When the last repeated frame of a connection arrives: what follows does not overtake it. */
  readonly #lateUntilMs = new Map<number, number>();
  readonly #lossChance: number;

  constructor(
    agenda: Agenda,
    terminals: readonly Terminal[],
    tally: Tally,
    random: Random,
    options: AirOptions,
  ) {
    this.cuts = new Cuts(terminals.length);
    this.#agenda = agenda;
    this.#options = options;
    this.#random = random;
    this.#latencySeed = random.u32();
    this.#terminals = terminals;
    this.#tally = tally;
    this.#links = new LinkTable(terminals.length);
    this.#lossChance = options.lossChance;
  }

  linkAll(terminals: readonly Terminal[]): void {
    this.#links.linkAll(terminals);
  }

  send(from: Terminal, to: Terminal, message: Message, channel: Channel): void {
    this.#tally.message(from.index, from.id, to.index, message, channel);
    if (channel === 'datagram') this.#sendDatagram(from, to, message);
    else if (this.#links.has(from.index, to.index, LINKED)) this.#sendFrame(from, to, message);
    else {
      const waiting = this.#dial(from, to);
      if (waiting.length < WAITING_FRAMES_MAX) waiting.push(message);
    }
  }

  /** No answer where a link stands already: the peer knows of it. */
  contact(from: Terminal, to: Terminal | null, cannot: (cause: ContactFailure) => void): void {
    if (to === null) this.#after(this.#options.dialTimeoutMs, () => cannot('timeout'));
    else if (to === from) this.#after(0, () => cannot('rejected'));
    else if (!this.#links.has(from.index, to.index, LINKED)) {
      this.#dial(from, to);
      this.#links.set(from.index, to.index, CONTACTED);
    }
  }

  /** The process is gone. Its system closes its connections, if it still has the power to. */
  gone(station: Terminal, powered: boolean): void {
    for (const other of this.#terminals) {
      this.#waiting.delete(this.#pathOf(station, other));
      if (other === station || !this.#links.has(other.index, station.index, LINKED)) continue;
      this.#links.set(other.index, station.index, STALE);
      if (powered && !this.cuts.isCut(station.index, other.index)) {
        this.#loseAfter(this.latencyMs(station.index, other.index), other, station, 'closed');
      }
    }
    this.#links.clearAll(station.index);
  }

  /** The same both ways, and for good. */
  latencyMs(a: number, b: number): number {
    const { min, max } = this.#options.latencyMs;
    let hash = (this.#latencySeed ^ Math.imul(Math.min(a, b), 0x9e37_79b1)) | 0;
    hash = Math.imul(hash ^ (hash >>> 15) ^ Math.max(a, b), 0x85eb_ca77);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae3d);
    return min + (((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000) * (max - min);
  }

  #sendDatagram(from: Terminal, to: Terminal, message: Message): void {
    if (this.cuts.isCut(from.index, to.index) || this.#isLost()) return;
    const delayMs = this.latencyMs(from.index, to.index) * (1 + this.#options.jitter * this.#random.unit());
    this.#deliverAt(this.#agenda.nowMs + delayMs, to, {
      type: 'received',
      from: from.id,
      message,
      channel: 'datagram',
    });
  }

  #sendFrame(from: Terminal, to: Terminal, message: Message): void {
    const [a, b] = [from.index, to.index];
    if (this.cuts.isCut(a, b)) {
      this.#doom(from, to);
      return;
    }
    if (this.#links.has(a, b, STALE)) {
      this.#sendToNobody(from, to);
      return;
    }
    const atMs = this.#frameArrivesMs(a, b);
    if (atMs === null) return;
    this.#deliverAt(atMs, to, { type: 'received', from: from.id, message, channel: 'stream' });
  }

  /** Null for a frame that is lost. */
  #frameArrivesMs(a: number, b: number): number | null {
    let atMs = this.#agenda.nowMs + this.latencyMs(a, b);
    if (this.#options.lostFrames === 'lost') return this.#isLost() ? null : atMs;
    for (let waitMs = REPEAT_AFTER_MS; this.#isLost(); waitMs *= 2) atMs += waitMs;
    const path = a * this.#terminals.length + b;
    const beforeMs = this.#lateUntilMs.get(path) ?? 0;
    if (beforeMs > atMs) return beforeMs;
    if (atMs > this.#agenda.nowMs + REPEAT_AFTER_MS) this.#lateUntilMs.set(path, atMs);
    else if (beforeMs > 0) this.#lateUntilMs.delete(path);
    return atMs;
  }

  /** The machine knows no such connection and says so, if it is there to say it. */
  #sendToNobody(from: Terminal, to: Terminal): void {
    if (to.powered && !this.cuts.isCut(to.index, from.index)) {
      this.#loseAfter(2 * this.latencyMs(from.index, to.index), from, to, 'failed');
    } else this.#doom(from, to);
  }

  /** Nothing is acknowledged: both ends give the connection up, unless the path is whole again by then. */
  #doom(from: Terminal, to: Terminal): void {
    if (this.#links.has(from.index, to.index, DOOMED)) return;
    this.#links.set(from.index, to.index, DOOMED);
    const { min, max } = this.#options.silenceMs;
    const life = from.life;
    this.#after(this.#random.between(min, max), () => {
      if (from.life !== life) return;
      this.#links.clear(from.index, to.index, DOOMED);
      if (this.#links.has(from.index, to.index, STALE)) this.#lose(from, to, 'silent');
      else if (this.cuts.isCut(from.index, to.index)) {
        this.#lose(from, to, 'silent');
        this.#lose(to, from, 'silent');
      }
    });
  }

  #loseAfter(delayMs: number, at: Terminal, other: Terminal, cause: LinkLoss): void {
    const life = at.life;
    this.#after(delayMs, () => {
      if (at.life === life && this.#links.has(at.index, other.index, STALE)) this.#lose(at, other, cause);
    });
  }

  /** One end takes its connection for lost. */
  #lose(at: Terminal, other: Terminal, cause: LinkLoss): void {
    if (!this.#links.has(at.index, other.index, LINKED)) return;
    this.#links.clear(at.index, other.index, LINKED | STALE);
    if (at.up) at.deliver({ type: 'link-down', peer: other.id, cause });
  }

  #dial(from: Terminal, to: Terminal): Message[] {
    const path = this.#pathOf(from, to);
    const underWay = this.#waiting.get(path);
    if (underWay !== undefined) return underWay;
    const waiting: Message[] = [];
    this.#waiting.set(path, waiting);
    const backMs = this.latencyMs(from.index, to.index);
    const isUnheard = this.#isLost() || this.#isLost();
    if (!to.powered || this.cuts.isCut(from.index, to.index) || isUnheard) {
      this.#after(this.#options.dialTimeoutMs, () => this.#giveUp(from, to, waiting, 'timeout'));
    } else {
      this.#after(backMs, () => this.#answer(from, to, waiting, backMs));
    }
    return waiting;
  }

  /** The first packet of a dial has arrived at `to`. */
  #answer(from: Terminal, to: Terminal, waiting: Message[], backMs: number): void {
    if (!this.#isCurrent(from, to, waiting)) return;
    const isCut = this.cuts.isCut(to.index, from.index);
    if (!to.up && to.powered && !isCut) {
      this.#after(backMs, () => this.#giveUp(from, to, waiting, 'refused'));
      return;
    }
    // A paused process says no HELLO.
    if (!to.up || to.paused || isCut) {
      this.#after(this.#options.dialTimeoutMs, () => this.#giveUp(from, to, waiting, 'timeout'));
      return;
    }
    const hello = to.hello();
    const life = to.life;
    this.#tally.hello(from.index, to.index, from.hello());
    this.#tally.hello(to.index, from.index, hello);
    this.#admit(to, from);
    this.#after(backMs, () => {
      if (!this.#isCurrent(from, to, waiting)) return;
      this.#dialEnded(from, to);
      if (to.life !== life || !to.up) return;
      this.#admit(from, to, hello);
      for (const message of waiting) this.#sendFrame(from, to, message);
    });
  }

  #admit(at: Terminal, other: Terminal, hello: Hello = other.hello()): void {
    if (this.#links.has(at.index, other.index, STALE)) this.#lose(at, other, 'closed');
    if (this.#links.has(at.index, other.index, LINKED)) return;
    this.#links.set(at.index, other.index, LINKED);
    at.deliver({ type: 'link-up', hello });
  }

  #giveUp(from: Terminal, to: Terminal, waiting: Message[], cause: ContactFailure): void {
    if (!this.#isCurrent(from, to, waiting)) return;
    const isAsked = this.#links.has(from.index, to.index, CONTACTED);
    this.#dialEnded(from, to);
    if (isAsked && from.up) from.deliver({ type: 'contact-failed', address: to.address, cause });
  }

  #dialEnded(from: Terminal, to: Terminal): void {
    this.#waiting.delete(this.#pathOf(from, to));
    this.#links.clear(from.index, to.index, CONTACTED);
  }

  /** A dial of an earlier life has nobody left who waits for it. */
  #isCurrent(from: Terminal, to: Terminal, waiting: Message[]): boolean {
    return this.#waiting.get(this.#pathOf(from, to)) === waiting;
  }

  #isLost(): boolean {
    return this.#lossChance > 0 && this.#random.chance(this.#lossChance);
  }

  #deliverAt(atMs: number, to: Terminal, input: Input): void {
    this.#agenda.put(atMs, to.index, to.life, input);
  }

  #after(delayMs: number, run: () => void): void {
    this.#agenda.at(this.#agenda.nowMs + delayMs, run);
  }

  #pathOf(from: Terminal, to: Terminal): number {
    return from.index * this.#terminals.length + to.index;
  }
}
