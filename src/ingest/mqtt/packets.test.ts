import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { type Level, NO_PROPERTIES, type Packet, type Properties, REASON } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import { encodePacket } from './packet-writer.ts';

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0'));
const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const anyId = fc.integer({ min: 1, max: 65_535 });
const anyQos = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
const anyProperties: fc.Arbitrary<Properties> = fc.record(
  {
    messageExpiryS: fc.nat(),
    contentType: anyText,
    correlationData: anyBytes,
    subscriptionIds: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 3 }),
    receiveMax: fc.integer({ min: 1, max: 65_535 }),
    payloadFormat: fc.constantFrom(0, 1),
    user: fc.array(fc.tuple(anyText, anyText), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const anyPacket: fc.Arbitrary<Packet> = fc.oneof(
  fc
    .record({ topic: anyText, payload: anyBytes, qos: anyQos, retain: fc.boolean(), packetId: anyId })
    .chain((publish) =>
      anyProperties.map(
        (properties): Packet => ({
          type: 'publish',
          ...publish,
          dup: false,
          packetId: publish.qos === 0 ? 0 : publish.packetId,
          properties,
        }),
      ),
    ),
  fc.record({
    type: fc.constantFrom('puback' as const, 'pubrec' as const, 'pubrel' as const, 'pubcomp' as const),
    packetId: anyId,
    code: fc.constantFrom(0, 0x10, 0x97),
    properties: anyProperties,
  }),
  fc.record({
    type: fc.constant('subscribe' as const),
    packetId: anyId,
    subscriptions: fc.array(
      fc.record({
        filter: anyText,
        qos: anyQos,
        noLocal: fc.boolean(),
        retainAsPublished: fc.boolean(),
        retainHandling: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    properties: anyProperties,
  }),
  fc.record({
    type: fc.constantFrom('suback' as const, 'unsuback' as const),
    packetId: anyId,
    codes: fc.array(fc.constantFrom(0, 1, 0x87), { minLength: 1, maxLength: 4 }),
    properties: anyProperties,
  }),
  fc.record({
    type: fc.constant('connect' as const),
    level: fc.constant<Level>(5),
    bridge: fc.boolean(),
    clientId: anyText,
    clean: fc.boolean(),
    keepAliveS: fc.nat(65_535),
    will: fc.option(
      fc.record({
        topic: anyText,
        payload: anyBytes,
        qos: anyQos,
        retain: fc.boolean(),
        properties: anyProperties,
      }),
    ),
    username: fc.option(anyText),
    password: fc.option(anyBytes),
    properties: anyProperties,
  }),
  fc.record({ type: fc.constantFrom('pingreq' as const, 'pingresp' as const) }),
);

test('[MQ1] any packet of MQTT 5 comes back as it was written, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(anyPacket, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 64 }),
      (packets, step) => {
        const bytes = Buffer.concat(packets.map((packet) => encodePacket(packet, 5)));

        expect(readAll(bytes, 5, step)).toEqual(packets);
      },
    ),
    { numRuns: 200 },
  );
});

test('[MQ1] to a client of 3.1.1 a packet has neither properties nor reason codes', () => {
  const puback: Packet = {
    type: 'puback',
    packetId: 7,
    code: REASON.quotaExceeded,
    properties: { reason: 'no' },
  };
  const publish: Packet = {
    type: 'publish',
    topic: 'a',
    payload: Buffer.from('1'),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: { contentType: 'text' },
  };

  expect(encodePacket(puback, 4).toString('hex')).toBe('40020007');
  expect(encodePacket(publish, 4).toString('hex')).toBe('300400016131');
});

test('[MQ2] what is no packet is refused with a reason and ends the reading', () => {
  const tooLarge = Buffer.from([0x30, 0xff, 0xff, 0x7f]);
  const cases: readonly (readonly [string, Buffer, number])[] = [
    ['a type that is not there', Buffer.from([0x00, 0x00]), REASON.malformed],
    ['flags that must be 2', Buffer.from([0x80, 0x00]), REASON.malformed],
    ['QoS 3', Buffer.from([0x36, 0x05, 0, 1, 0x61, 0, 1]), REASON.malformed],
    ['packet id 0', Buffer.from([0x32, 0x05, 0, 1, 0x61, 0, 0]), REASON.malformed],
    ['a text beyond its packet', Buffer.from([0x30, 0x02, 0, 9]), REASON.malformed],
    ['a text that is not UTF-8', Buffer.from([0x30, 0x03, 0, 1, 0xff]), REASON.malformed],
    ['a length of five bytes', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), REASON.malformed],
    ['a packet above the limit', tooLarge, REASON.packetTooLarge],
    [
      'a version that is not spoken',
      Buffer.from([0x10, 0x0c, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 0, 0, 0]),
      REASON.unsupportedVersion,
    ],
  ];

  const codes = cases.map(([what, bytes]) => {
    const reader = new PacketReader(LIMITS.mqttPacketBytesMax);
    reader.push(bytes);
    const cut = reader.take();
    reader.push(encodePacket({ type: 'pingreq' }, 4));
    expect(reader.take(), what).toEqual({ ok: true, value: null });
    return [what, cut.ok ? 'taken' : cut.problem.code];
  });

  expect(codes).toEqual(cases.map(([what, , code]) => [what, code]));
});

test('[MQ2] no bytes make the reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom<Level>(3, 4, 5), (bytes, level) => {
      const reader = new PacketReader(LIMITS.mqttPacketBytesMax);
      reader.level = level;
      reader.push(Buffer.from(bytes));
      for (let taken = reader.take(); taken.ok && taken.value !== null; taken = reader.take());
    }),
    { numRuns: 500 },
  );
});

function readAll(bytes: Buffer, level: Level, step: number): Packet[] {
  const reader = new PacketReader(LIMITS.mqttPacketBytesMax);
  reader.level = level;
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step));
    for (let cut = reader.take(); cut.ok && cut.value !== null; cut = reader.take()) packets.push(cut.value);
  }
  return packets.map((packet) => ('properties' in packet ? { ...packet } : packet)).map(plain);
}

/** No properties are the shared empty ones. */
function plain(packet: Packet): Packet {
  return 'properties' in packet && packet.properties === NO_PROPERTIES
    ? { ...packet, properties: {} }
    : packet;
}
