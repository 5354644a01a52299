// `/metrics/sensors`: the latest readings themselves in Prometheus' text format, for who wants them scraped. A number or a
// boolean is a sample, a record one for each of those among its fields; texts are none. SPEC rule AP27.

import type { Hub } from '../hub/hub.ts';
import { compareText } from '../kit/order.ts';
import type { LatestReading } from '../model/view.ts';
import type { MetricsText } from './metrics.ts';

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const VALUE = 'sensorium_sensor_value';
const AGE = 'sensorium_sensor_age_seconds';

export function sensorMetrics(hub: Hub, isWanted: (sensor: string) => boolean, nowMs: number): MetricsText {
  const wanted = [...hub.latest()].filter(({ record }) => isWanted(record.sensor));
  wanted.sort((a, b) => compareText(a.record.sensor, b.record.sensor));
  const lines = [
    `# HELP ${VALUE} The latest value; true is 1. Of a record, each field.`,
    `# TYPE ${VALUE} gauge`,
    ...wanted.flatMap(samplesOf),
    `# HELP ${AGE} Since the latest reading, by the time that competes.`,
    `# TYPE ${AGE} gauge`,
    ...wanted.map(
      ({ record, origin }) =>
        `${AGE}${labels({ sensor: record.sensor, origin })} ${Math.max(0, nowMs - record.lwwTsMs) / 1_000}`,
    ),
  ];
  return { type: TYPE, body: `${lines.join('\n')}\n` };
}

function samplesOf({ record, origin, unit }: LatestReading): string[] {
  const { sensor, value } = record;
  const fields = typeof value === 'object' ? Object.entries(value) : [['', value] as const];
  return fields.flatMap(([field, scalar]) => {
    if (typeof scalar === 'string') return [];
    const named = { sensor, ...(field !== '' && { field }), ...(unit !== '' && { unit }), origin };
    return `${VALUE}${labels(named)} ${Number(scalar)}`;
  });
}

function labels(named: { readonly [label: string]: string }): string {
  const pairs = Object.entries(named).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
