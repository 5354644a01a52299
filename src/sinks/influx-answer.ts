// The place in an answer to InfluxQL: `{"results": [{"series": [{"columns": […], "values": [[…]]}]}]}`, without a series
// where there is no such point.

import type { SinkPlace } from './sink.ts';

export function influxAnswer(answer: unknown): { readonly place: SinkPlace | null } | 'unknown' {
  const result = firstOf(field(answer, 'results'));
  if (result === undefined || field(result, 'error') !== undefined) return 'unknown';
  const row = firstOf(field(firstOf(field(result, 'series')), 'values'));
  if (row === undefined) return { place: null };
  const [, group, sequence] = Array.isArray(row) ? row : [];
  if (typeof group !== 'string' || !Number.isSafeInteger(sequence)) return 'unknown';
  return { place: { group, sequence: Number(sequence) } };
}

function field(of: unknown, name: string): unknown {
  if (typeof of !== 'object' || of === null) return undefined;
  return Object.entries(of).find(([key]) => key === name)?.[1];
}

function firstOf(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}
