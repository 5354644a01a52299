// What a node's counters say of its inputs and of whoever follows the order there, by the names the node gives them.
// SPEC rule UI24.

import { type Counters, OWN } from './rate.ts';

export interface InputRow {
  readonly name: string;
  readonly note: string;
  /** The counter of what was accepted. */
  readonly accepted: string;
  readonly rejected: string | null;
}

const TITLES: { readonly [prefix: string]: readonly [name: string, note: string] } = {
  http_ingest: ['HTTP', 'POST /ingest'],
  line_protocol: ['Line protocol', 'Influx write paths, Telegraf'],
  remote_write: ['Remote write', 'Prometheus'],
  otlp: ['OTLP', 'OpenTelemetry metrics'],
  mqtt: ['MQTT', 'published at this node'],
  bridge: ['MQTT bridge', "another broker's topics"],
  modbus: ['Modbus', 'devices that this node polls'],
};

const ACCEPTED = /^([a-z0-9_]+?)_readings_accepted_total$/;

export function inputsOf(counters: Counters): InputRow[] {
  const rows = Object.keys(counters).flatMap((accepted): InputRow[] => {
    const prefix = ACCEPTED.exec(accepted)?.[1];
    if (prefix === undefined) return [];
    const [name, note] = TITLES[prefix] ?? [prefix.replaceAll('_', ' '), ''];
    const rejected = `${prefix}_readings_rejected_total`;
    return [{ name, note, accepted, rejected: rejected in counters ? rejected : null }];
  });
  if (!(OWN in counters)) return rows;
  const note = 'all inputs together, and the sensors that the node has itself';
  return [...rows, { name: 'All of this node', note, accepted: OWN, rejected: null }];
}

export interface FollowerRow {
  readonly name: string;
  readonly sequence: number;
  readonly lag: number;
  readonly failures: number;
}

const FOLLOWER_TITLES: { readonly [name: string]: string } = {
  csv: 'CSV files',
  database: 'History database',
};
const FOLLOWS = /^([a-z0-9_]+)_sequence$/;

/** Whoever tells how far it is with the order. */
export function followersOf(counters: Counters, watermark: number): FollowerRow[] {
  return Object.entries(counters).flatMap(([counter, sequence]) => {
    const name = FOLLOWS.exec(counter)?.[1];
    if (name === undefined) return [];
    return [
      {
        name: FOLLOWER_TITLES[name] ?? name.replaceAll('_', ' '),
        sequence,
        lag: Math.max(0, watermark - sequence),
        failures: counters[`${name}_failures_total`] ?? 0,
      },
    ];
  });
}
