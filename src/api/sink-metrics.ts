// What `/metrics` tells of sinks. SPEC rule SK8.

import type { SinkView } from '../model/sink-view.ts';

/** One metric with a value for each sink. */
export interface SinkMetric {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly of: (sink: SinkView) => number;
}

export const SINK_METRICS: readonly SinkMetric[] = [
  {
    kind: 'gauge',
    name: 'sink_up',
    help: '1 while its target takes readings, or another node writes.',
    of: isUp,
  },
  { kind: 'gauge', name: 'sink_writes', help: '1 while this node writes to it.', of: writes },
  {
    kind: 'gauge',
    name: 'sink_lag_readings',
    help: 'Committed readings its target lacks.',
    of: ({ lagReadings }) => lagReadings,
  },
  {
    kind: 'gauge',
    name: 'sink_lag_seconds',
    help: 'For how long its target has lacked something.',
    of: ({ lagMs }) => lagMs / 1_000,
  },
  {
    kind: 'gauge',
    name: 'sink_sequence',
    help: 'The sequence up to which its target has the order.',
    of: ({ sequence }) => sequence,
  },
  {
    kind: 'counter',
    name: 'sink_readings_total',
    help: 'Readings this node handed over.',
    of: ({ readings }) => readings,
  },
  {
    kind: 'counter',
    name: 'sink_failures_total',
    help: 'Times its target did not take them.',
    of: ({ failures }) => failures,
  },
  {
    kind: 'counter',
    name: 'sink_missed_total',
    help: 'Readings that were not kept any more when their turn came.',
    of: ({ missed }) => missed,
  },
];

function isUp({ state }: SinkView): number {
  return state === 'writing' || state === 'watching' ? 1 : 0;
}

function writes({ state }: SinkView): number {
  return state === 'writing' ? 1 : 0;
}
