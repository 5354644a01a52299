// What people and their tools write: queries, options, files, requests, tokens.

import type { z } from '@hono/zod-openapi';
import { credentialsOfHttp, credentialsOfMqtt } from '../../src/access/credentials.ts';
import { deviceOf, parseSpec } from '../../src/access/device.ts';
import { parseCursor } from '../../src/api/group-cursor.ts';
import { parseMoment, parseSpan } from '../../src/api/moment.ts';
import { queryProblem } from '../../src/api/query.ts';
import { eventsQuery, liveQuery, logQuery, matchQuery, streamQuery } from '../../src/api/schema.ts';
import { loadConfig } from '../../src/config/config.ts';
import { readConfigFile } from '../../src/config/config-file.ts';
import { readEnvFile } from '../../src/config/env.ts';
import { parseRequest } from '../../src/control/request.ts';
import { parseModbusConfig } from '../../src/ingest/modbus/modbus-config.ts';
import type { Target } from './fuzzer.ts';
import { JSON_WORDS, saidOf, texts, utf8 } from './words.ts';

const QUERIES: readonly (readonly [string, z.ZodType])[] = [
  ['match', matchQuery],
  ['live', liveQuery],
  ['events', eventsQuery],
  ['log', logQuery],
  ['stream', streamQuery],
];

export function peopleTargets(): readonly Target[] {
  return [
    {
      name: 'queries',
      seeds: texts(
        'match=a/%23&pulse=true',
        'from=1&limit=10',
        'after=3&limit=2',
        'now-1h\n5m\n00000000000000a1:7',
      ),
      words: texts(
        'match=',
        'from=',
        'limit=',
        'after=',
        '&',
        '=',
        '%',
        '%00',
        '%ff',
        'now-',
        '99999999999999999999',
        '-1',
        'e9',
      ),
      decode: (bytes) => {
        const said = utf8(bytes);
        const given = Object.fromEntries(new URLSearchParams(said));
        const outcomes = QUERIES.map(([name, query]) => {
          const asked = query.safeParse(given);
          return asked.success ? name : queryProblem(asked.error).slice(0, 12);
        });
        const [moment = '', span = '', cursor = ''] = said.split('\n');
        const parsed = [
          parseMoment('from', moment, 0).ok,
          parseSpan('step', span).ok,
          parseCursor(cursor) !== null,
        ];
        return [...outcomes, ...parsed].join(' ');
      },
    },
    {
      name: 'configuration',
      seeds: texts(
        'PORT=9000\nSENSORS=1\nSENSOR_0_TYPE=numeric\nSENSOR_0_NAME=t\nSENSOR_0_MIN=1\nSENSOR_0_MAX=2',
        'BOOTSTRAP_PEERS=[::1]:9000,a:1\nMQTT_PROFILES=a/#:json\nPROFILE=wan\n"X=\'y',
        '{"PORT": 9000, "BOOTSTRAP_PEERS": ["a:1"], "MQTT_BRIDGE_URL": "mqtt://u:p@h:1"}',
      ),
      words: texts('=', '\n', '"', "'", 'SENSOR_0_', 'PORT', 'HOST=', ':', '[', ']', '1e9', 'any', '$', '\\'),
      decode: (bytes) => {
        const said = utf8(bytes);
        const read = [readEnvFile('.env', said), readConfigFile('x.json', said)];
        const given = read
          .flatMap((source) => source.given)
          .map(({ name, text: value }) => [name, value] as const);
        const loaded = loadConfig([], Object.fromEntries(given));
        const problems = read.flatMap((source) => source.problems).map((problem) => problem.slice(0, 20));
        return `${loaded.ok ? 'ok' : (loaded.problem[0] ?? '')} ${problems.join(' ')}`;
      },
    },
    {
      name: 'flags',
      seeds: texts('--port\n9000', '--host=0.0.0.0\n--insecure', '--no-discovery\n--config\n/nowhere'),
      words: texts('--', '=', '\n', '--no-', '--port', '-', '--env-file\n/nowhere'),
      decode: (bytes) => {
        const loaded = loadConfig(utf8(bytes).split('\n'), {});
        return loaded.ok ? 'ok' : (loaded.problem[0] ?? '');
      },
    },
    {
      name: 'modbus-file',
      seeds: texts('{"devices": [{"name": "m", "host": "h", "port": 502, "unit": 1, "registers": []}]}'),
      words: [...JSON_WORDS, ...texts('devices', 'registers', 'address', 'type', 'float32')],
      decode: (bytes) => saidOf(parseModbusConfig(utf8(bytes))),
    },
    {
      name: 'control-requests',
      seeds: texts(
        '{"act": "forget", "sensors": ["a"]}',
        '{"act": "device-add", "device": {"name": "bed1", "publish": ["a/#"], "ratePerS": 3}}',
        '{"act": "cut", "peers": ["ann"]}',
        '{"act": "describe", "sensor": "a", "change": {"name": "x", "labels": {"a": "b"}}}',
      ),
      words: [...JSON_WORDS, ...texts('act', 'device-add', 'device', 'publish', 'role', 'labels')],
      decode: (bytes) => saidOf(parseRequest(utf8(bytes))),
    },
    {
      name: 'credentials',
      seeds: texts(
        `Bearer sen_0123456789abcdef_${'a'.repeat(43)}`,
        `Basic ${Buffer.from(`bed1:sen_0123456789abcdef_${'a'.repeat(43)}`).toString('base64')}`,
        '{"name": "bed1", "role": "device", "hash": "", "publish": "[]", "subscribe": "[]", "rate": 0, "quota": 0}',
      ),
      words: [...texts('Bearer ', 'Token ', 'Basic ', 'sen_', ':', ' ', '='), ...JSON_WORDS],
      decode: (bytes) => {
        const said = utf8(bytes);
        const http = credentialsOfHttp(said, new URLSearchParams(said)) !== null;
        const byMqtt = credentialsOfMqtt(said, Buffer.from(bytes)) !== null;
        const value = objectOf(said);
        const device = deviceOf('0123456789abcdef', { ...value, hash: 'ab'.repeat(32) }) !== null;
        return [http, byMqtt, device, parseSpec(value).ok].join(' ');
      },
    },
  ];
}

function objectOf(said: string): { readonly [field: string]: string } {
  try {
    const parsed: unknown = JSON.parse(said);
    return Object.fromEntries(Object.entries(parsed ?? {}).map(([field, value]) => [field, String(value)]));
  } catch {
    return {};
  }
}
