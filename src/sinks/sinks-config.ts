// The file that says to which engines a node hands the committed order. All that is wrong in it is told at once, each in
// one line with its place. SPEC rule SK1.

import { Fields, listOf, noneTwice, parseFile } from '../config/fields.ts';
import type { Result } from '../kit/result.ts';
import { quoted } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { parseFilter } from '../model/topic-filter.ts';
import type { EngineOptions, SinkOptions } from './sink-options.ts';

const TYPES = ['postgres', 'jetstream', 'influx', 'mqtt', 'parquet'] as const;
const COMMON = ['name', 'type', 'sensors', 'writer', 'batch_max', 'flush_ms', 'timeout_ms', 'takeover_ms'];
const OF_TYPE: { readonly [type in (typeof TYPES)[number]]: readonly string[] } = {
  postgres: ['url', 'table'],
  jetstream: ['url', 'stream', 'subject'],
  influx: ['url', 'database', 'user', 'password', 'org', 'bucket', 'token', 'measurement'],
  mqtt: ['url', 'topic', 'retain'],
  parquet: ['path'],
};
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const TABLE = /^[A-Za-z_][A-Za-z0-9_]{0,49}(\.[A-Za-z_][A-Za-z0-9_]{0,49})?$/;
const SUBJECT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const TOPIC = /^[^+#\0]{1,256}$/;
const LINE = /^\P{Cc}{0,512}$/u;
const DAY_MS = 86_400_000;

/** The problem is all problems, a line each. */
export function parseSinksConfig(text: string): Result<readonly SinkOptions[]> {
  return parseFile(text, (root, problems) => {
    root.only(['sinks']);
    const list = listOf(root.all().sinks, 'sinks', LIMITS.sinksMax, problems);
    const parsed = list.map((sink, at) => sinkOf(new Fields(`sinks[${at}]`, sink, problems)));
    const names = parsed.map(({ name }) => name);
    noneTwice(names, (name) => `two sinks are called ${quoted(name)}`, problems);
    return parsed;
  });
}

function sinkOf(fields: Fields): SinkOptions {
  const type = fields.word('type', TYPES, 'parquet');
  fields.only([...COMMON, ...OF_TYPE[type]]);
  // Files are written in larger pieces and by each node for itself; a server is one for all of them.
  const isFiles = type === 'parquet';
  const sensors = fields.texts('sensors', LIMITS.sinkPatternsMax) ?? ['#'];
  for (const pattern of sensors) {
    const filter = parseFilter(pattern);
    // What nodes keep for themselves stays with them.
    if (pattern.startsWith('$'))
      fields.wrong(`sensors: names that begin with $ are the node's own, got ${quoted(pattern)}`);
    else if (!filter.ok) fields.wrong(`sensors: ${filter.problem}`);
    else if (filter.value.share !== null) fields.wrong(`sensors: ${quoted(pattern)} cannot be shared`);
  }
  return {
    name: fields.text('name', NAME, '1 to 64 letters, digits, _ and -'),
    sensors,
    writer: fields.word('writer', ['one', 'every'], isFiles ? 'every' : 'one'),
    batchMax: fields.whole('batch_max', 1, LIMITS.sinkBatchReadingsMax, isFiles ? 10_000 : 1_000),
    flushMs: fields.whole('flush_ms', 0, DAY_MS, isFiles ? 60_000 : 0),
    timeoutMs: fields.whole('timeout_ms', 100, 600_000, 30_000),
    takeoverMs: fields.whole('takeover_ms', 100, DAY_MS, 10_000),
    engine: engineOf(type, fields),
  };
}

function engineOf(type: (typeof TYPES)[number], fields: Fields): EngineOptions {
  switch (type) {
    case 'postgres':
      return {
        type,
        url: urlOf(fields, ['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/database'),
        table: fields.text('table', TABLE, 'a name of letters, digits and _', 'sensorium_readings'),
      };
    case 'jetstream':
      return {
        type,
        url: urlOf(fields, ['nats:', 'tls:'], 'nats://host:4222'),
        stream: fields.text('stream', NAME, '1 to 64 letters, digits, _ and -', 'SENSORIUM'),
        subject: fields.text('subject', SUBJECT, 'words of letters, digits, _ and - with dots', 'sensorium'),
      };
    case 'influx':
      return influxOf(fields);
    case 'mqtt':
      return {
        type,
        url: urlOf(fields, ['mqtt:', 'mqtts:', 'ws:', 'wss:'], 'mqtt://host:1883'),
        topic: fields.text('topic', TOPIC, 'a topic without + and #', 'sensorium'),
        retain: fields.yes('retain', false),
      };
    case 'parquet':
      return { type, path: fields.text('path', /^[^\0]{1,4096}$/, 'a directory') };
  }
}

function influxOf(fields: Fields): EngineOptions {
  const line = (name: string) => fields.text(name, LINE, 'at most 512 characters in one line', '');
  const [database, org, bucket] = [line('database'), line('org'), line('bucket')];
  if ((database === '') === (bucket === '')) {
    fields.wrong('there is either a database (InfluxDB 1) or a bucket (2 and later)');
  }
  return {
    type: 'influx',
    url: urlOf(fields, ['http:', 'https:'], 'http://host:8086'),
    database,
    user: line('user'),
    password: line('password'),
    org,
    bucket,
    token: line('token'),
    measurement: fields.text('measurement', /^[\w.-]{1,64}$/, '1 to 64 of A-Z a-z 0-9 _ . -', 'reading'),
  };
}

function urlOf(fields: Fields, protocols: readonly string[], example: string): string {
  const url = fields.text('url', /^[\x21-\x7e]{1,1024}$/, `a URL like ${example}`);
  if (url === '') return url;
  const isRight = URL.canParse(url) && protocols.includes(new URL(url).protocol);
  // What stands there may hold a password: it is not repeated.
  if (!isRight) fields.wrong(`url must be a URL like ${example}`);
  return url;
}
