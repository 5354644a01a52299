// Links between machines that all dial each other: in order and reliable until a path is cut, then silent until
// an end gives up. On a hostile day frames are also doubled, overtaken, and repeated minutes later over other
// links, which no real transport does and the protocol must survive. SPEC rule SM41.

import type { Random } from '../../kit/random.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import type { Paths } from '../paths.ts';
import type { Timeline } from '../timeline.ts';
import {
  type Connection,
  connectionOf,
  type End,
  endOf,
  isWhole,
  nearFirst,
  otherOf,
  type Pair,
  pairKey,
  type Station,
  setConnection,
} from './link-pair.ts';

export interface LinkOptions {
  /** A link whose path is cut is given up after a while, by each end for itself. */
  readonly silenceMs: { readonly min: number; readonly max: number };
  readonly dialPauseMs: { readonly min: number; readonly max: number };
  readonly dialTimeoutMs: number;
  /** Frames that wait in a cut path; what comes on top is dropped. */
  readonly heldMax: number;
  readonly duplicateChance: number;
  readonly overtakeChance: number;
  readonly replayChance: number;
  /** How much later a repeated frame turns up. */
  readonly replayMs: { readonly min: number; readonly max: number };
}

export const CALM_LINKS: LinkOptions = {
  silenceMs: { min: 500, max: 2_000 },
  dialPauseMs: { min: 20, max: 1_000 },
  dialTimeoutMs: 500,
  heldMax: 256,
  duplicateChance: 0,
  overtakeChance: 0,
  replayChance: 0,
  replayMs: { min: 0, max: 0 },
};

/** What a script does to a frame before it sets out. */
export type Verdict = 'pass' | 'drop' | 'hold';
export type Gate = (from: number, to: number, message: OrderingMessage) => Verdict;

interface Held {
  readonly from: Station;
  readonly to: number;
  readonly message: OrderingMessage;
}

export class Links {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #paths: Paths;
  readonly #stations: Station[] = [];
  /** By `low * stationsMax + high`. */
  readonly #pairs = new Map<number, Pair>();
  #options: LinkOptions;
  /** Every frame passes here first, if a script wants that. */
  gate: Gate | null = null;
  #heldBack: Held[] = [];

  constructor(timeline: Timeline, random: Random, paths: Paths, options: LinkOptions) {
    this.#timeline = timeline;
    this.#random = random;
    this.#paths = paths;
    this.#options = options;
    paths.onCut = (from, to) => this.#onCut(from, to);
    paths.onHeal = (from, to) => this.#onHeal(from, to);
  }

  add(station: Station): void {
    for (const other of this.#stations) {
      this.#pairs.set(pairKey(other.index, station.index), {
        low: other,
        high: station,
        lowConnection: null,
        highConnection: null,
        isDialling: false,
        dial: 0,
        failures: 0,
      });
    }
    this.#stations.push(station);
  }

  /** A good day from here on. Links that are still clogged for long break. */
  calm(options: LinkOptions): void {
    this.#options = options;
    const soonMs = this.#timeline.nowMs + options.dialTimeoutMs;
    for (const pair of this.#pairs.values()) {
      const { low, high, lowConnection, highConnection } = pair;
      const ends = [...(lowConnection?.ends ?? []), ...(highConnection?.ends ?? [])];
      if (ends.some(({ lastArrivalMs }) => lastArrivalMs > soonMs)) this.sever(low.index, high.index);
      this.#dialAnew(pair);
    }
  }

  isLinked(from: number, to: number): boolean {
    const pair = this.#pair(from, to);
    return pair !== undefined && connectionOf(pair, from) !== null;
  }

  started(station: Station): void {
    for (const other of this.#stations) {
      const pair = this.#pair(station.index, other.index);
      if (pair !== undefined) this.#dialAnew(pair);
    }
  }

  /** The process is gone. Its system closes its connections, if it has the power to. */
  stopped(station: Station): void {
    for (const other of this.#stations) {
      const pair = this.#pair(station.index, other.index);
      const connection = pair && connectionOf(pair, station.index);
      if (!pair || !connection) continue;
      setConnection(pair, station.index, null);
      const [near, far] = nearFirst(connection, station.index);
      near.open = false;
      if (!far.open) continue;
      if (station.powered && !this.#paths.isCut(station.index, other.index)) {
        const latencyMs = this.#paths.latencyMs(station.index, other.index);
        const atMs = Math.max(this.#timeline.nowMs + latencyMs, far.lastArrivalMs);
        this.#timeline.at(atMs, () => this.#lose(pair, connection, far, 'closed'));
      } else {
        this.#timeline.after(this.#silenceMs(), () => this.#lose(pair, connection, far, 'silent'));
      }
    }
  }

  /** Both ends lose the link between them, as when a middlebox forgets it. */
  sever(a: number, b: number): void {
    const pair = this.#pair(a, b);
    if (pair === undefined) return;
    for (const connection of [pair.lowConnection, pair.highConnection]) {
      if (connection === null) continue;
      for (const end of connection.ends) this.#lose(pair, connection, end, 'failed');
    }
  }

  send(from: Station, to: number, message: OrderingMessage): boolean {
    const pair = this.#pair(from.index, to);
    const connection = pair && connectionOf(pair, from.index);
    if (!pair || !connection) return false;
    const verdict = this.gate?.(from.index, to, message) ?? 'pass';
    if (verdict === 'hold') this.#heldBack.push({ from, to, message });
    if (verdict !== 'pass') return true;
    const [near, far] = nearFirst(connection, from.index);
    if (this.#paths.isCut(from.index, to)) {
      if (near.held.length < this.#options.heldMax) near.held.push(message);
      return true;
    }
    this.#carry(pair, connection, near, far, message);
    this.#misbehave(near, far, message);
    return true;
  }

  /** Frames that the gate held back arrive, in order, whatever has become of their links. */
  releaseHeld(): void {
    const held = this.#heldBack;
    this.#heldBack = [];
    for (const { from, to, message } of held) {
      this.#timeline.after(0, () => {
        const station = this.#stations[to];
        if (station?.up === true) station.receive(from, message);
      });
    }
  }

  get heldBack(): number {
    return this.#heldBack.length;
  }

  #carry(pair: Pair, connection: Connection, near: End, far: End, message: OrderingMessage): void {
    const latencyMs = this.#paths.latencyMs(near.station.index, far.station.index);
    const overtaken = this.#options.overtakeChance > 0 && this.#random.chance(this.#options.overtakeChance);
    let atMs = this.#timeline.nowMs + latencyMs;
    if (overtaken) atMs += latencyMs * 4 * this.#random.unit();
    else {
      atMs = Math.max(atMs, far.lastArrivalMs);
      far.lastArrivalMs = atMs;
    }
    this.#timeline.at(atMs, () => {
      if (far.open && far.station.life === far.life && far.station.up)
        far.station.receive(near.station, message);
      else this.#refuse(pair, connection, near, far);
    });
  }

  /** Copies of the frame arrive once more, soon or much later. */
  #misbehave(near: End, far: End, message: OrderingMessage): void {
    const { duplicateChance, replayChance, replayMs } = this.#options;
    if (duplicateChance > 0 && this.#random.chance(duplicateChance)) {
      this.#repeat(near, far, message, this.#random.between(0, 50));
    }
    if (replayChance > 0 && this.#random.chance(replayChance)) {
      this.#repeat(near, far, message, this.#random.between(replayMs.min, replayMs.max));
    }
  }

  #repeat(near: End, far: End, message: OrderingMessage, afterMs: number): void {
    this.#timeline.after(afterMs, () => {
      const isLinked = this.isLinked(far.station.index, near.station.index);
      // What founding says carries no identity, as its link does: it cannot outlive the process.
      const isBound = message.type.startsWith('FOUND_') && near.station.life !== near.life;
      if (far.station.up && isLinked && !isBound) far.station.receive(near.station, message);
    });
  }

  /** The far end's system knows no such connection and says so, if it is there to say it. */
  #refuse(pair: Pair, connection: Connection, near: End, far: End): void {
    if (!near.open || !far.station.powered) return;
    if (this.#paths.isCut(far.station.index, near.station.index)) return;
    const backMs = this.#paths.latencyMs(far.station.index, near.station.index);
    this.#timeline.after(backMs, () => this.#lose(pair, connection, near, 'failed'));
  }

  #onCut(from: number, to: number): void {
    const pair = this.#pair(from, to);
    if (pair === undefined) return;
    for (const connection of new Set([pair.lowConnection, pair.highConnection])) {
      if (connection !== null) this.#giveUpLater(pair, connection, from, to);
    }
  }

  #onHeal(from: number, to: number): void {
    const pair = this.#pair(from, to);
    if (pair === undefined) return;
    const connection = connectionOf(pair, from);
    if (connection !== null) {
      const [near, far] = nearFirst(connection, from);
      const held = near.held;
      near.held = [];
      for (const message of held) this.#carry(pair, connection, near, far, message);
    }
    pair.failures = 0;
    this.#dial(pair);
  }

  #giveUpLater(pair: Pair, connection: Connection, from: number, to: number): void {
    for (const end of connection.ends) {
      this.#timeline.after(this.#silenceMs(), () => {
        if (this.#paths.isCut(from, to)) this.#lose(pair, connection, end, 'silent');
      });
    }
  }

  #lose(pair: Pair, connection: Connection, end: End, cause: LinkLoss): void {
    if (!end.open) return;
    end.open = false;
    end.held = [];
    const { station } = end;
    // A later connection took its place: for this end the link never went down.
    if (connectionOf(pair, station.index) !== connection) return;
    setConnection(pair, station.index, null);
    if (station.life === end.life && station.up) station.linkDown(otherOf(pair, station.index), cause);
    this.#dialLater(pair);
  }

  #dialLater(pair: Pair): void {
    const { min, max } = this.#options.dialPauseMs;
    const pauseMs = Math.min(max, min * 2 ** Math.min(pair.failures, 10));
    this.#timeline.after(pauseMs * (0.5 + this.#random.unit()), () => this.#dial(pair));
  }

  /** At once, whatever an earlier attempt is still waiting for. */
  #dialAnew(pair: Pair): void {
    pair.dial++;
    pair.isDialling = false;
    pair.failures = 0;
    this.#dial(pair);
  }

  #dial(pair: Pair | undefined): void {
    if (pair === undefined || pair.isDialling || isWhole(pair)) return;
    const { low, high } = pair;
    if (!low.up && !high.up) return;
    pair.isDialling = true;
    const dial = ++pair.dial;
    const isReachable = low.up && high.up && !low.paused && !high.paused && !this.#isCut(pair);
    if (!isReachable) {
      this.#timeline.after(this.#options.dialTimeoutMs, () => {
        if (pair.dial === dial) this.#failed(pair);
      });
      return;
    }
    const tripMs =
      this.#paths.latencyMs(low.index, high.index) + this.#paths.latencyMs(high.index, low.index);
    this.#timeline.after(tripMs, () => {
      if (pair.dial === dial) this.#connect(pair);
    });
  }

  #failed(pair: Pair): void {
    pair.isDialling = false;
    pair.failures++;
    // Nobody dials a pair of which one end is gone; its start will.
    if (pair.low.up && pair.high.up) this.#dialLater(pair);
  }

  #connect(pair: Pair): void {
    const { low, high } = pair;
    if (!low.up || !high.up || low.paused || high.paused || this.#isCut(pair)) {
      this.#failed(pair);
      return;
    }
    pair.isDialling = false;
    pair.failures = 0;
    const nowMs = this.#timeline.nowMs;
    const connection: Connection = { ends: [endOf(low, nowMs), endOf(high, nowMs)] };
    this.#admit(pair, high, connection);
    this.#admit(pair, low, connection);
  }

  /** From here on `station` sends on this connection. One to an earlier life of the other is over. */
  #admit(pair: Pair, station: Station, connection: Connection): void {
    const standing = connectionOf(pair, station.index);
    const other = otherOf(pair, station.index);
    if (standing !== null && nearFirst(standing, station.index)[1].life !== other.life) {
      this.#lose(pair, standing, nearFirst(standing, station.index)[0], 'closed');
    }
    const isLinked = connectionOf(pair, station.index) !== null;
    setConnection(pair, station.index, connection);
    if (!isLinked && station.up) station.linkUp(other);
  }

  #isCut({ low, high }: Pair): boolean {
    return this.#paths.isCut(low.index, high.index) || this.#paths.isCut(high.index, low.index);
  }

  #silenceMs(): number {
    return this.#random.between(this.#options.silenceMs.min, this.#options.silenceMs.max);
  }

  #pair(a: number, b: number): Pair | undefined {
    return this.#pairs.get(a < b ? pairKey(a, b) : pairKey(b, a));
  }
}
