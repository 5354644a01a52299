// Nodes and origins: what each node says it has, compared with the most that any of them says. While a site is split
// no node knows what it lacks; whoever hears both sides does. SPEC rule UI22.

import type { Convergence } from '../../../src/api/convergence-routes.ts';
import type { Answers } from '../live/polled.ts';
import { compareNames } from './natural.ts';

export type Cell =
  | { readonly kind: 'unknown' }
  /** What is not late is on its way: nodes are asked one after the other, and readings come meanwhile. */
  | { readonly kind: 'known'; readonly lag: number; readonly lagMs: number; readonly isLate: boolean };

export interface MatrixRow {
  readonly node: string;
  /** Why it does not answer; empty while it does. */
  readonly problem: string;
  readonly atMs: number;
  /** One an origin; none of a node that has never answered. */
  readonly cells: readonly Cell[];
  readonly order: Cell;
  readonly waits: number;
}

export interface Matrix {
  readonly origins: readonly string[];
  readonly rows: readonly MatrixRow[];
  /** Readings that some node has and another one, which answers, has not had for a while. */
  readonly missing: number;
  /** Nodes that do not answer. */
  readonly silent: number;
}

/** Readings that are younger may be on their way. */
const LATE_MS = 1_000;

type Stream = Convergence['streams'][number];

export function matrixOf(nodes: readonly string[], answers: Answers<Convergence>): Matrix {
  const standings = nodes.flatMap((node) => answers.get(node)?.value ?? []);
  const most = furthest(standings);
  const origins = [...most.keys()].sort(compareNames);
  const orderEnd = furthestOrders(standings);
  const rows = nodes.map((node): MatrixRow => {
    const answer = answers.get(node);
    const standing = answer?.value ?? null;
    const problem = answer?.problem ?? '';
    if (standing === null) {
      return { node, problem, atMs: 0, cells: [], order: { kind: 'unknown' }, waits: 0 };
    }
    const own = new Map(standing.streams.map((stream) => [stream.origin, stream]));
    const cells = origins.map((origin) => cellOf(own.get(origin), most.get(origin)));
    const lag = Math.max(0, (orderEnd.get(standing.group) ?? 0) - standing.watermark);
    // The order has no times of its own here: it is late where the readings are.
    const isLate = lag > 0 && cells.some((cell) => cell.kind === 'known' && cell.isLate);
    const order: Cell =
      standing.group === null ? { kind: 'unknown' } : { kind: 'known', lag, lagMs: 0, isLate };
    return { node, problem, atMs: answer?.atMs ?? 0, cells, order, waits: standing.outbox };
  });
  const answering = rows.filter(({ problem }) => problem === '');
  return {
    origins,
    rows,
    missing: answering.reduce((sum, { cells }) => sum + cells.reduce((all, cell) => all + lagOf(cell), 0), 0),
    silent: rows.length - answering.length,
  };
}

function lagOf(cell: Cell): number {
  return cell.kind === 'known' && cell.isLate ? cell.lag : 0;
}

/** Of each origin, under its latest identity, the most that anybody has, or has heard of. */
function furthest(standings: readonly Convergence[]): Map<string, Stream> {
  const most = new Map<string, Stream>();
  for (const { streams } of standings) {
    for (const stream of streams) {
      const known = most.get(stream.origin);
      if (known === undefined || isFurther(stream, known)) most.set(stream.origin, stream);
    }
  }
  return most;
}

function isFurther(one: Stream, other: Stream): boolean {
  const born = birthOf(one) - birthOf(other);
  if (born !== 0) return born > 0;
  const more = one.upto + one.lag - (other.upto + other.lag);
  return more !== 0 ? more > 0 : one.upto > other.upto;
}

function birthOf({ identity }: Stream): number {
  return Number.parseInt(identity, 10);
}

/** Sequences of different groups are not comparable. */
function furthestOrders(standings: readonly Convergence[]): Map<string | null, number> {
  const ends = new Map<string | null, number>();
  for (const { group, watermark } of standings) ends.set(group, Math.max(ends.get(group) ?? 0, watermark));
  return ends;
}

function cellOf(own: Stream | undefined, most: Stream | undefined): Cell {
  if (most === undefined) return { kind: 'unknown' };
  const end = most.upto + most.lag;
  // One that has only heard of an earlier identity has nothing of this one.
  if (own === undefined || own.identity !== most.identity) {
    return { kind: 'known', lag: end, lagMs: 0, isLate: end > 0 };
  }
  const lag = Math.max(0, end - own.upto);
  const behindMs = own.advanced_at_ms > 0 ? most.advanced_at_ms - own.advanced_at_ms : 0;
  const lagMs = lag === 0 ? 0 : Math.max(0, behindMs, own.stale_ms);
  return { kind: 'known', lag, lagMs, isLate: lag > 0 && (lagMs >= LATE_MS || own.advanced_at_ms === 0) };
}
