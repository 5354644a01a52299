// What collectd's plugin `mqtt` publishes on `collectd/<host>/<plugin>[-<instance>]/<type>[-<instance>]`: a value list, its time
// in seconds, then a value of each data source, then a NUL, as in `1700000000.125:0.5:nan`. SPEC rules MQ13, MQ19.

import type { Scalar } from '../../../model/reading.ts';
import { automatic } from './plain.ts';
import { MESSAGE, readings, type Understood } from './profile.ts';

const VALUE_LIST = /^(N|\d{1,11}(?:\.\d{1,9})?):([^\0]{1,4096})\0?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** Not known, or no finite number: a rate has none before its second reading. */
const NO_VALUE = /^(?:U|[+-]?(?:nan|inf))$/i;

/** The data sources of types that have several, as collectd's `types.db` has them; the message does not name them. */
const SOURCES = new Map<string, readonly string[]>(
  Object.entries({
    'read write':
      'disk_latency disk_merged disk_octets disk_ops disk_time io_ops ps_disk_octets ps_disk_ops arc_l2_bytes',
    'rx tx':
      'if_dropped if_errors if_octets if_packets ib_octets ib_packets io_octets io_packets memcached_octets mysql_octets node_octets serial_octets',
    'minflt majflt': 'ps_pagefaults vmpage_faults',
    'vf_rx vf_tx': 'vf_bytes vf_dropped vf_packets',
    'shortterm midterm longterm': 'load',
    'io_time weighted_io_time': 'disk_io_time',
    'queries responses': 'dns_octets',
    'processes threads': 'ps_count',
    'user syst': 'ps_cputime',
    'state reason': 'domain_state',
    'current worst threshold pretty': 'smart_attribute',
    'uncompressed compressed': 'compression',
    'used free': 'df',
    'in out': 'vmpage_io',
    'value threshold': 'voltage_threshold',
  }).flatMap(([names, types]) => types.split(' ').map((type) => [type, names.split(' ')] as const)),
);

/** The topic is the sensor; several values are one record. What is no value list is read as on any topic. */
export function collectd(topic: string, payload: Buffer): Understood {
  const [, time = '', rest = ''] = VALUE_LIST.exec(payload.toString('latin1')) ?? [];
  const values = rest.split(':');
  if (rest === '' || !values.every((text) => NUMBER.test(text) || NO_VALUE.test(text))) {
    return automatic(topic, payload);
  }
  const names = namesOf(topic, values.length);
  const known = values.flatMap((text, at): [string, Scalar][] =>
    Number.isFinite(Number(text)) && NUMBER.test(text) ? [[names[at] ?? '', Number(text)]] : [],
  );
  const [first] = known;
  if (first === undefined) return MESSAGE;
  const value = values.length === 1 ? first[1] : Object.fromEntries(known);
  return readings({
    sensor: topic,
    value,
    ...(time !== 'N' && { tsMs: Math.round(Number(time) * 1_000) }),
  });
}

/** A type's instance follows its name and a hyphen. */
function namesOf(topic: string, count: number): readonly string[] {
  const type = topic.slice(topic.lastIndexOf('/') + 1).split('-')[0] ?? '';
  const known = SOURCES.get(type);
  return known?.length === count ? known : Array.from({ length: count }, (_, at) => `value${at}`);
}
