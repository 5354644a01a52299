// An OTLP export of metrics, from either of its encodings to the same shape. What was not sent is not there: zero and
// nothing differ. SPEC rule OT1.

import { ok, type Result, refused } from '../../kit/result.ts';
import { EXPORT_REQUEST } from './schema.ts';

export interface KeyValue {
  readonly key?: string;
  readonly value?: {
    readonly stringValue?: string;
    readonly boolValue?: boolean;
    readonly intValue?: string;
    readonly doubleValue?: number;
  };
}

/** A point of any kind; which members it has follows from the kind. */
export interface DataPoint {
  readonly attributes?: readonly KeyValue[];
  /** Digits: nanoseconds since 1970 do not fit into a number. */
  readonly timeUnixNano?: string;
  readonly flags?: number;
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly count?: string;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[];
}

export const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;
export type Kind = (typeof KINDS)[number];

export type Metric = {
  readonly name?: string;
  readonly unit?: string;
} & { readonly [kind in Kind]?: { readonly dataPoints?: readonly DataPoint[] } };

export interface ResourceMetrics {
  readonly resource?: { readonly attributes?: readonly KeyValue[] };
  readonly scopeMetrics?: readonly { readonly metrics?: readonly Metric[] }[];
}

export function decodeExport(bytes: Buffer, isJson: boolean): Result<readonly ResourceMetrics[]> {
  try {
    const message = isJson
      ? EXPORT_REQUEST.fromObject(JSON.parse(bytes.toString('utf8')))
      : EXPORT_REQUEST.decode(bytes);
    const { resourceMetrics = [] } = EXPORT_REQUEST.toObject(message, { longs: String });
    return ok(resourceMetrics);
  } catch (cause) {
    return refused(cause instanceof Error ? cause.message : String(cause));
  }
}
