// How fast counters rise, from one answer to the next. SPEC rule UI24.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { IntrospectionMetrics } from '../../../src/api/schema.ts';
import { type Counters, OWN, type Point, rateOf } from '../words/rate.ts';
import { usePolled } from './polled.ts';

export interface Rates {
  readonly counters: Counters;
  /** A second, over the last few answers; null until there are two. */
  readonly perSecond: (name: string) => number | null;
  readonly problem: string;
}

const WINDOW = 4;

export function useRates(everyMs: number): Rates {
  const answer = usePolled<IntrospectionMetrics>('/api/introspection/metrics', everyMs);
  const points = useRef<Point[]>([]);
  const [, show] = useState(0);
  useEffect(() => {
    if (answer.value === null || answer.problem !== '') return;
    const point = { atMs: answer.value.generated_at_ms, counters: countersOf(answer.value) };
    points.current = [...points.current.slice(1 - WINDOW), point];
    show((count) => count + 1);
  }, [answer]);
  const counters = answer.value === null ? {} : countersOf(answer.value);
  return { counters, perSecond: (name) => rateOf(points.current, name), problem: answer.problem };
}

function countersOf({ metrics }: IntrospectionMetrics): Counters {
  return { ...metrics.counters, [OWN]: metrics.state_replication.next_n - 1 };
}
