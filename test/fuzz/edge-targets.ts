// What devices and their programs say: MQTT, line protocol, JSON, OTLP, remote write.

import { gzipSync } from 'node:zlib';
import { covers, parsePatterns } from '../../src/access/rights.ts';
import { matches, parseMatch } from '../../src/api/match.ts';
import { BodyBudget } from '../../src/ingest/http/body-budget.ts';
import { decodeBody as decodeJson } from '../../src/ingest/http/decode.ts';
import { unsnap } from '../../src/ingest/http/snappy.ts';
import { decodeLines } from '../../src/ingest/line-protocol/lines.ts';
import { isPrecision, PRECISIONS } from '../../src/ingest/line-protocol/precision.ts';
import { SeriesNames } from '../../src/ingest/line-protocol/series.ts';
import { decodeBody as decodeRelayed } from '../../src/ingest/mqtt/message.ts';
import { NO_PROPERTIES, type Packet } from '../../src/ingest/mqtt/packet.ts';
import { PacketReader } from '../../src/ingest/mqtt/packet-reader.ts';
import { encodePacket } from '../../src/ingest/mqtt/packet-writer.ts';
import { Discovered } from '../../src/ingest/mqtt/profiles/discovered.ts';
import { Profiles } from '../../src/ingest/mqtt/profiles/profiles.ts';
import { decodeExport } from '../../src/ingest/otlp/export-request.ts';
import { decodeWriteRequest } from '../../src/ingest/remote-write/write-request.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { matchesTopic, parseFilter } from '../../src/model/topic-filter.ts';
import { bytesOfHex, type Target } from './fuzzer.ts';
import { JSON_WORDS, saidOf, text, texts, utf8 } from './words.ts';

const PROTOBUF_WORDS = ['0a', '12', '0800', 'ffffffffffffffffff01', '0affffffff0f', '09', 'fa01'].map(
  bytesOfHex,
);

export function edgeTargets(): readonly Target[] {
  return [
    mqtt(),
    relayed(),
    profiles(),
    filters(),
    lines(),
    json(),
    otlpJson(),
    otlp(),
    remoteWrite(),
    snappy(),
  ];
}

function mqtt(): Target {
  const packets: readonly Packet[] = [
    {
      type: 'connect',
      level: 5,
      bridge: false,
      clientId: 'bed1',
      clean: true,
      keepAliveS: 60,
      username: 'u',
      password: Buffer.from('p'),
      properties: { receiveMax: 9, user: [['a', 'b']] },
      will: { topic: 'w', payload: Buffer.from('x'), qos: 1, retain: true, properties: { willDelayS: 1 } },
    },
    {
      type: 'publish',
      topic: 'bed1/t',
      payload: Buffer.from('21.5'),
      qos: 1,
      retain: false,
      dup: false,
      packetId: 7,
      properties: { topicAlias: 3, contentType: 'text' },
    },
    {
      type: 'subscribe',
      packetId: 8,
      properties: { subscriptionIds: [4] },
      subscriptions: [
        { filter: 'bed1/#', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    },
    { type: 'unsubscribe', packetId: 9, properties: NO_PROPERTIES, filters: ['bed1/#'] },
    { type: 'puback', packetId: 7, code: 0, properties: NO_PROPERTIES },
    { type: 'pingreq' },
    { type: 'disconnect', code: 0, properties: { sessionExpiryS: 5 } },
  ];
  const [connect = new Uint8Array(0), ...others] = packets.map((packet) =>
    Uint8Array.from(encodePacket(packet, 5)),
  );
  return {
    name: 'mqtt',
    seeds: others.map((bytes) => Uint8Array.from(Buffer.concat([connect, bytes]))),
    words: ['00', 'ff', 'ffffff7f', '80808001', '0000', 'ffff', '26', '0b', '23', '0004', '4d515454'].map(
      bytesOfHex,
    ),
    decode: (bytes) => {
      const reader = new PacketReader(LIMITS.mqttPacketBytesMax);
      let said = '';
      for (let at = 0; at < bytes.length; at += 37) {
        reader.push(Buffer.from(bytes.subarray(at, at + 37)));
        for (;;) {
          const cut = reader.take();
          if (!cut.ok) return `${said} ${cut.problem.why}`;
          if (cut.value === null) break;
          said += ` ${cut.value.type}`;
        }
      }
      return said;
    },
  };
}

function relayed(): Target {
  return {
    name: 'relayed-messages',
    seeds: [new Uint8Array(4), Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 65])],
    words: PROTOBUF_WORDS,
    decode: (bytes) => (decodeRelayed('a/b', bytes, 0) === null ? 'none' : 'a message'),
  };
}

function profiles(): Target {
  const known = new Profiles([]);
  const discovered = new Discovered();
  const topics = ['a/b', 'zigbee2mqtt/door', 'tele/plug/SENSOR', 'node/sensor/x/state', 'stat/plug/RESULT'];
  return {
    name: 'payloads',
    seeds: texts(
      '21.5',
      'on',
      '{"temperature": 21, "a": {"b": [1, null]}}',
      '{"Time": "x", "ENERGY": {"Power": 3}}',
    ),
    words: JSON_WORDS,
    decode: (bytes) => {
      const payload = Buffer.from(bytes);
      const config = `{"state_topic": "a", "value_template": ${JSON.stringify(utf8(bytes))}}`;
      discovered.learn('homeassistant/sensor/x/config', Buffer.from(config));
      discovered.learn('homeassistant/sensor/x/config', payload);
      return topics.map((topic) => known.read(topic, payload).kind).join(' ');
    },
  };
}

function filters(): Target {
  return {
    name: 'filters-and-matches',
    seeds: texts(
      'bed1/+/x\nbed1/a/x',
      '$share/s/#\na',
      '+/+/+/#\na/b/c',
      `${'+/'.repeat(60)}#\n${'a/'.repeat(60)}`,
    ),
    words: texts('+', '#', '/', '$', '$share/', '%23', '\n'),
    decode: (bytes) => {
      const [pattern = '', topic = ''] = utf8(bytes).split('\n');
      const filter = parseFilter(pattern);
      const match = parseMatch(pattern);
      const rights = parsePatterns('subscribe', [pattern]);
      const said = [filter.ok, match.ok, rights.ok, match.ok && matches(match.value, topic)];
      if (filter.ok)
        said.push(matchesTopic(filter.value.pattern, topic), covers(filter.value.pattern, topic));
      return said.join(' ');
    },
  };
}

function lines(): Target {
  const series = new SeriesNames();
  return {
    name: 'line-protocol',
    seeds: texts(
      'weather,site=a\\ b t=21.5,ok=true,n=3i,s="x\\"y" 1700000000000000000\n# c\nb v=1',
      'm v="\n"',
    ),
    words: texts(',', ' ', '=', '"', '\\', '\n', '\r', 'i', 'u', '1e999', '-', '9223372036854775807', '\\,'),
    decode: (bytes) => {
      const named = PRECISIONS[(bytes[0] ?? 0) % PRECISIONS.length] ?? '';
      const precision = isPrecision(named) ? named : 'ns';
      const decoded = decodeLines(bytes, precision, series);
      if (!decoded.ok) return decoded.problem.detail;
      return `${decoded.value.readings.length > 0} ${decoded.value.rejected[0]?.why ?? ''}`;
    },
  };
}

function json(): Target {
  return {
    name: 'ingest-json',
    seeds: texts(
      '{"sensor": "a", "value": 1.5, "ts": 1700000000000, "unit": "Cel"}',
      '[{"sensor": "a", "value": {"x": 1, "y": "z"}}, {"sensor": "b", "value": true}]',
      '{"sensor": "a", "value": 1}\n{"sensor": "b", "value": "on"}',
    ),
    words: JSON_WORDS,
    decode: (bytes) => {
      const decoded = decodeJson(bytes);
      if (!decoded.ok) return decoded.problem.detail;
      return `${decoded.value.readings.length > 0} ${decoded.value.rejected[0]?.why ?? ''}`;
    },
  };
}

function otlpJson(): Target {
  const point = {
    asDouble: 1.5,
    timeUnixNano: '1700000000000000000',
    attributes: [{ key: 'a', value: { stringValue: 'b' } }],
  };
  const metrics = [{ name: 'm', unit: 'By', gauge: { dataPoints: [point] } }];
  const request = { resourceMetrics: [{ resource: { attributes: [] }, scopeMetrics: [{ metrics }] }] };
  return {
    name: 'otlp-json',
    seeds: [text(JSON.stringify(request))],
    words: [
      ...JSON_WORDS,
      ...texts('asInt', 'sum', 'histogram', 'explicitBounds', 'bucketCounts', 'quantileValues'),
    ],
    decode: (bytes) => saidOf(decodeExport(Buffer.from(bytes), true)),
  };
}

function otlp(): Target {
  return {
    name: 'otlp-protobuf',
    // One gauge of one point, as an exporter writes it.
    seeds: ['0a1b12190a170a016d2a1212100900000000000000001900000000000', '0a00', '0a0212000a020a00'].map(
      (hex) => bytesOfHex(hex.length % 2 === 0 ? hex : `${hex}0`),
    ),
    words: PROTOBUF_WORDS,
    decode: (bytes) => saidOf(decodeExport(Buffer.from(bytes), false)),
  };
}

function remoteWrite(): Target {
  return {
    name: 'remote-write',
    // A series `__name__="m"` with one sample.
    seeds: ['0a1d0a0d0a085f5f6e616d655f5f12016d120c09000000000000f03f10e807', '0a00'].map(bytesOfHex),
    words: PROTOBUF_WORDS,
    decode: (bytes) => saidOf(decodeWriteRequest(bytes)),
  };
}

function snappy(): Target {
  return {
    name: 'snappy',
    seeds: [
      bytesOfHex('0a2468656c6c6f68656c6c6f'),
      bytesOfHex('0a1068656c6c6f05050a'),
      Uint8Array.from(gzipSync('x')),
    ],
    words: ['ffffffff0f', '80808008', 'fe', 'fc', '01', 'f0ff', 'f4ffff'].map(bytesOfHex),
    decode: (bytes) => {
      const lease = new BodyBudget(LIMITS.ingestBufferedBytesMax).lease();
      const body = unsnap(Buffer.from(bytes), lease);
      return body.ok ? 'ok' : body.problem.detail;
    },
  };
}
