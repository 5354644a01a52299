// What a data point says, as a value: a number stays one, a distribution is a record of what was counted. SPEC rule OT3.

import { ok, type Result, refused } from '../../kit/result.ts';
import type { Scalar, Value } from '../../model/reading.ts';
import type { DataPoint, Kind } from './export-request.ts';

export function pointValue(kind: Kind, point: DataPoint): Result<Value> {
  switch (kind) {
    case 'gauge':
    case 'sum':
      return numberOf(point);
    case 'histogram':
      return ok({ ...totals(point), ...buckets(point) });
    case 'exponentialHistogram':
      return ok(totals(point));
    case 'summary':
      return ok({ ...totals(point), ...quantiles(point) });
  }
}

function numberOf({ asDouble, asInt }: DataPoint): Result<number> {
  if (asDouble !== undefined) return ok(asDouble);
  if (asInt === undefined) return refused('a point of a number has asDouble or asInt');
  const whole = Number(asInt);
  if (Number.isSafeInteger(whole)) return ok(whole);
  return refused(`a whole number is at most ±${Number.MAX_SAFE_INTEGER}, got ${asInt}`);
}

function totals({ count, sum, min, max }: DataPoint): { [field: string]: Scalar } {
  return {
    count: Number(count ?? 0),
    ...(sum !== undefined && { sum }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}

/** How many were at most each bound, as Prometheus counts them. */
function buckets({ bucketCounts = [], explicitBounds = [] }: DataPoint): { [field: string]: Scalar } {
  const record: { [field: string]: Scalar } = {};
  let sum = 0;
  for (const [at, bound] of explicitBounds.entries()) {
    sum += Number(bucketCounts[at] ?? 0);
    record[`le_${bound}`] = sum;
  }
  return record;
}

function quantiles({ quantileValues = [] }: DataPoint): { [field: string]: Scalar } {
  const named = quantileValues.map(({ quantile = 0, value = 0 }) => [`q_${quantile}`, value] as const);
  return Object.fromEntries(named);
}
