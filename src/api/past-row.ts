// A row of `/api/v1/history`: a reading, or what was said within a step. SPEC rules HD4-HD6.

import type { PastFlag, PastReading, PastStep } from '../hub/past.ts';
import type { Scalar } from '../model/reading.ts';

export const AGGREGATES = ['avg', 'min', 'max', 'last', 'sum', 'count'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

interface Named {
  readonly ts_ms: number;
  /** Of a record. */
  readonly field?: string;
  readonly flags: readonly PastFlag[];
}

export interface ReadingRow extends Named {
  readonly value: Scalar;
  readonly sequence: number;
  readonly origin: string;
  readonly n: number;
  readonly ingest_ts_ms: number;
}

/** Has those aggregates that were asked for. */
export type StepRow = Named & Partial<Pick<PastStep, Aggregate>>;

export type PastRow = ReadingRow | StepRow;

export function readingRow({
  tsMs,
  field,
  value,
  sequence,
  origin,
  n,
  ingestTsMs,
  flags,
}: PastReading): ReadingRow {
  return {
    ts_ms: tsMs,
    ...(field !== '' && { field }),
    value,
    sequence,
    origin,
    n,
    ingest_ts_ms: ingestTsMs,
    flags,
  };
}

/** `step`: null for one in which nothing was said, which is told as such, so that a chart shows a gap. */
export function stepRow(
  tsMs: number,
  field: string,
  step: PastStep | null,
  aggregates: readonly Aggregate[],
): StepRow {
  const values = aggregates.map((name) => [name, step?.[name] ?? (name === 'count' ? 0 : null)] as const);
  const named = { ts_ms: tsMs, ...(field !== '' && { field }) };
  return { ...named, ...Object.fromEntries(values), flags: step?.flags ?? [] };
}
