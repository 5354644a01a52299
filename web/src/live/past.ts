// One sensor's history from the node, as a chart wants it: gaps as gaps, and each point with where it came from.

import type { ReadingRow, StepRow } from '../../../src/api/past-row.ts';
import { get } from './store.ts';

/** A reading, or what was said within a step. */
export type PastRow = StepRow & Partial<ReadingRow>;

export interface PastOf {
  readonly fromMs: number;
  readonly toMs: number;
  /** Null: each reading is a row. */
  readonly stepMs: number | null;
  /** Those in which something was said, oldest first. */
  readonly rows: readonly PastRow[];
  readonly fields: readonly string[];
}

/** So few are shown each for itself. */
const READINGS_MAX = 1_200;

export interface PastAsked {
  readonly sensor: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly steps: number;
}

export async function readPast(
  { sensor, fromMs, toMs, steps }: PastAsked,
  stop: AbortSignal,
): Promise<PastOf> {
  const span = { sensor, from: String(Math.round(fromMs)), to: String(Math.round(toMs)) };
  const drawn = await get<PastRow[]>(pastPath({ ...span, points: String(steps) }), stop);
  const said = drawn.filter(({ count = 0 }) => count > 0);
  const readings = said.reduce((sum, { count = 0 }) => sum + count, 0);
  const fields = [...new Set(said.map(({ field = '' }) => field))];
  if (readings > READINGS_MAX) {
    return { fromMs, toMs, stepMs: Math.max(1, Math.ceil((toMs - fromMs) / steps)), rows: said, fields };
  }
  const rows = await get<PastRow[]>(pastPath(span), stop);
  return { fromMs, toMs, stepMs: null, rows, fields };
}

export function pastPath(params: { readonly [name: string]: string }): string {
  return `/api/v1/history?${new URLSearchParams(params)}`;
}

/** One curve: seconds, average or value, least, greatest, and those that are marked; null is a gap. */
export interface Curve {
  readonly data: [number[], Nullable[], Nullable[], Nullable[], Nullable[]];
  /** The row under each point; null in a gap. */
  readonly rows: readonly (PastRow | null)[];
}
type Nullable = number | null;

/** A silence of so many usual pauses is a gap. */
const PAUSES_OF_A_GAP = 3.5;

export function curveOf(past: PastOf, field: string, cadenceMs: number | null): Curve {
  const rows = past.rows.filter((row) => (row.field ?? '') === field);
  const gapMs = Math.max(cadenceMs ?? usualPause(rows), past.stepMs ?? 0) * PAUSES_OF_A_GAP;
  const curve: Curve = { data: [[], [], [], [], []], rows: [] };
  const shown: (PastRow | null)[] = [];
  const [times, middles, lows, highs, marked] = curve.data;
  const add = (ms: number, row: PastRow | null) => {
    const middle = row === null ? null : numberOf(row);
    times.push(ms / 1_000);
    middles.push(middle);
    lows.push(row === null ? null : (row.min ?? middle));
    highs.push(row === null ? null : (row.max ?? middle));
    marked.push(row !== null && row.flags.length > 0 ? middle : null);
    shown.push(row);
  };
  const half = (past.stepMs ?? 0) / 2;
  let before: number | null = null;
  for (const row of rows) {
    if (before !== null && row.ts_ms - before > gapMs) add(half + (before + row.ts_ms) / 2, null);
    add(row.ts_ms + half, row);
    before = row.ts_ms;
  }
  return { data: curve.data, rows: shown };
}

function numberOf({ avg, value, last }: PastRow): number | null {
  const said = avg ?? value ?? last ?? null;
  if (typeof said === 'boolean') return Number(said);
  return typeof said === 'number' ? said : null;
}

function usualPause(rows: readonly PastRow[]): number {
  const pauses = rows.slice(1).map((row, at) => row.ts_ms - (rows[at]?.ts_ms ?? row.ts_ms));
  pauses.sort((a, b) => a - b);
  return pauses[Math.floor(pauses.length / 2)] ?? 60_000;
}
