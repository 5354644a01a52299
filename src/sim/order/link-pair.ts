// Two simulated machines and what is between them: each end has the connection it would send on, and for a while
// they need not be the same. SPEC rule SM41.

import type { LinkLoss } from '../../protocol/outbox.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';

/** What links see of a machine. */
export interface Station {
  readonly index: number;
  readonly life: number;
  /** A process runs here, though it may be paused. */
  readonly up: boolean;
  readonly paused: boolean;
  /** Without power nothing answers; a machine whose process is gone closes connections and refuses them. */
  readonly powered: boolean;
  linkUp(to: Station): void;
  linkDown(to: Station, cause: LinkLoss): void;
  receive(from: Station, message: OrderingMessage): void;
}

export interface End {
  readonly station: Station;
  readonly life: number;
  open: boolean;
  /** When the last frame towards this end arrives. */
  lastArrivalMs: number;
  /** Frames this end has sent into a cut path. */
  held: OrderingMessage[];
}

export interface Connection {
  readonly ends: readonly [End, End];
}

/** Two machines: the connection each of them sends on, and the dialling between them. */
export interface Pair {
  readonly low: Station;
  readonly high: Station;
  lowConnection: Connection | null;
  highConnection: Connection | null;
  isDialling: boolean;
  /** Which attempt: one that was overtaken is ignored. */
  dial: number;
  failures: number;
}

const STATIONS_MAX = 1_024;

export function pairKey(low: number, high: number): number {
  return low * STATIONS_MAX + high;
}

export function endOf(station: Station, nowMs: number): End {
  return { station, life: station.life, open: true, lastArrivalMs: nowMs, held: [] };
}

export function nearFirst({ ends: [a, b] }: Connection, index: number): readonly [End, End] {
  return a.station.index === index ? [a, b] : [b, a];
}

export function connectionOf(pair: Pair, index: number): Connection | null {
  return pair.low.index === index ? pair.lowConnection : pair.highConnection;
}

export function setConnection(pair: Pair, index: number, connection: Connection | null): void {
  if (pair.low.index === index) pair.lowConnection = connection;
  else pair.highConnection = connection;
}

export function otherOf(pair: Pair, index: number): Station {
  return pair.low.index === index ? pair.high : pair.low;
}

export function isWhole({ lowConnection, highConnection }: Pair): boolean {
  return lowConnection !== null && lowConnection === highConnection;
}
