// Anything a peer may say or keep, for properties. Sizes stay small; the extremes of numbers and texts do not.

import fc from 'fast-check';
import type { Address } from '../src/model/address.ts';
import { checkValue, TS_MS_MAX } from '../src/model/check-reading.ts';
import type { Batch, HardState, Receipt, Snapshot, StreamName } from '../src/model/durable.ts';
import { type PeerId, parsePeerId, parseSensorId, type SensorId } from '../src/model/ids.ts';
import type { Rumour } from '../src/model/member.ts';
import type { Record, Scalar, Value } from '../src/model/reading.ts';
import type { Delta, Digest, ErrorMessage, Hello, Message } from '../src/wire/messages.ts';
import { ERROR_CODES } from '../src/wire/messages.ts';

export const anyCount = fc.maxSafeNat();

export const anyPeerId: fc.Arbitrary<PeerId> = fc
  .stringMatching(/^[a-z0-9][a-z0-9._-]{0,12}$/)
  .map((text) => validOf(parsePeerId(text)));

export const anySensorId: fc.Arbitrary<SensorId> = fc
  .oneof(
    fc.stringMatching(/^(hall|roof)-[0-9]\/(temperature|door)@[0-9]{1,3}$/),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => parseSensorId(text).ok),
  )
  .map((text) => validOf(parseSensorId(text)));

export const anyHex16 = fc.stringMatching(/^[0-9a-f]{16}$/);

export const anyIdentity = fc.record({
  birth: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  random: anyHex16,
});

export const anyTime = fc.oneof(
  fc.integer({ min: 1_763_765_432_000, max: 1_763_765_532_000 }),
  fc.integer({ min: -TS_MS_MAX, max: TS_MS_MAX }),
  fc.constantFrom(0, -1, TS_MS_MAX, -TS_MS_MAX),
);

export const anyNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -5_000, max: 5_000 }).map((whole) => whole / 100),
  fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 15 }))
    .map(([whole, places]) => whole / 10 ** places),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 0, 0.1 + 0.2, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 47, -(2 ** 47), 2 ** 53, 1e300),
);

export const anyText = fc.string({ unit: 'binary', maxLength: 40 });

export const anyScalar: fc.Arbitrary<Scalar> = fc.oneof(
  { weight: 4, arbitrary: anyNumber },
  fc.boolean(),
  anyText,
  fc.constantFrom('on', 'off', ''),
);

const anyFieldName = fc
  .oneof(
    fc.constantFrom('temperature_c', 'humidity_pct', 'constructor', '7'),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  .filter((name) => checkValue(Object.fromEntries([[name, 0]])).ok);

export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  { weight: 3, arbitrary: anyScalar },
  fc
    .uniqueArray(fc.tuple(anyFieldName, anyScalar), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 6,
    })
    .map((entries): Value => Object.fromEntries(entries)),
);

/** Records in rising n, with gaps; often of few sensors, so that columns repeat. */
export function anyRecords(maxLength: number): fc.Arbitrary<readonly Record[]> {
  const anyReading = fc
    .record({
      sensor: anySensorId,
      value: anyValue,
      tsMs: anyTime,
      ingestTsMs: anyTime,
      lag: fc.option(fc.nat(30), { nil: null, freq: 4 }),
      lwwTsMs: fc.option(anyTime, { nil: null, freq: 3 }),
    })
    .map(({ sensor, value, tsMs, ingestTsMs, lag, lwwTsMs }) => ({
      kind: 'reading' as const,
      sensor,
      value,
      tsMs,
      ingestTsMs: lag === null ? ingestTsMs : Math.min(TS_MS_MAX, tsMs + lag),
      lwwTsMs: lwwTsMs ?? tsMs,
    }));
  const anyMeta = fc.record({
    kind: fc.constant('meta' as const),
    sensor: anySensorId,
    unit: fc.string({ unit: 'binary', maxLength: 8 }),
    periodMs: fc.nat(),
  });
  const anyTombstone = fc.record({
    kind: fc.constant('tombstone' as const),
    sensor: anySensorId,
    lwwTsMs: anyTime,
  });
  const anyGap = fc.oneof(
    { weight: 8, arbitrary: fc.constant(1) },
    fc.integer({ min: 1, max: 1_000 }),
    fc.integer({ min: 1, max: 2 ** 46 }),
  );
  const anyRecord = fc.oneof({ weight: 5, arbitrary: anyReading }, anyMeta, anyTombstone);
  return fc.array(fc.tuple(anyGap, anyRecord), { maxLength }).map((items) => {
    let n = 0;
    return items.map(([gap, record]) => {
      n += gap;
      return { ...record, n };
    });
  });
}

export const anyAddress: fc.Arbitrary<Address> = fc.record({
  host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/)),
  port: fc.integer({ min: 1, max: 65_535 }),
});

export const anyStreamName: fc.Arbitrary<StreamName> = fc.record({
  origin: anyPeerId,
  identity: anyIdentity,
});

const anyRumour: fc.Arbitrary<Rumour> = fc.record({
  peer: anyPeerId,
  identity: anyIdentity,
  incarnation: anyCount,
  status: fc.constantFrom('alive', 'suspected', 'dead', 'left'),
  address: anyAddress,
  apiPort: fc.nat(65_535),
  zone: fc.stringMatching(/^[A-Za-z0-9._-]{0,32}$/),
  accusers: fc.option(fc.array(anyPeerId, { maxLength: 4 }), { nil: undefined }),
});

const anyDigest: fc.Arbitrary<Digest> = fc.oneof(
  fc.record({ kind: fc.constant('root' as const), hash: anyCount }),
  fc.record({
    kind: fc.constant('entries' as const),
    after: fc.string({ unit: 'binary', maxLength: 30 }),
    until: fc.string({ maxLength: 30 }),
    buckets: fc.array(fc.nat(64), { maxLength: 5 }),
    entries: fc.array(
      fc.record({ origin: anyPeerId, identity: anyIdentity, upto: anyCount, retired: fc.boolean() }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    kind: fc.constant('buckets' as const),
    root: anyCount,
    hashes: fc.array(fc.nat(2 ** 32 - 1), { maxLength: 65 }),
  }),
  fc.record({
    kind: fc.constant('places' as const),
    attic: anyCount,
    parts: fc.array(
      fc.record({
        bucket: fc.nat(64),
        span: fc.integer({ min: 1, max: 65 }),
        directory: fc.nat(2 ** 32 - 1),
        uptos: fc.array(anyCount, { maxLength: 6 }),
      }),
      { maxLength: 3 },
    ),
  }),
);

export const anyDeltas: fc.Arbitrary<readonly Delta[]> = fc.array(
  fc.record({
    origin: anyPeerId,
    identity: anyIdentity,
    after: anyCount,
    upto: anyCount,
    droppedUpto: anyCount,
    records: anyRecords(6),
  }),
  { maxLength: 3 },
);

const anyProbe = {
  nonce: anyCount,
  wallMs: anyTime,
  rumours: fc.array(anyRumour, { maxLength: 4 }),
};

export const anyError: fc.Arbitrary<ErrorMessage> = fc.record({
  type: fc.constant('ERROR' as const),
  code: fc.constantFrom(...ERROR_CODES),
  reason: anyText,
});

const anyLife = fc.record({ identity: anyIdentity, incarnation: anyCount });

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: type('JOIN_REQUEST'), self: anyRumour }),
  fc.record({ type: type('PEER_LIST'), whole: fc.boolean(), rumours: anyProbe.rumours }),
  fc.record({ type: type('PING'), ...anyProbe }),
  fc.record({ type: type('PONG'), ...anyProbe }),
  fc.record({ type: type('PING_REQUEST'), nonce: anyCount, target: anyPeerId }),
  fc.record({ type: type('GOSSIP_STATE'), digest: anyDigest, deltas: anyDeltas }),
  fc.record({ type: type('GET_STATE'), digest: anyDigest }),
  fc.record({ type: type('GET_DELTA'), digest: anyDigest, deltas: anyDeltas }),
  fc.record({
    type: type('SENSOR_UPDATE'),
    source: fc.constantFrom('push' as const, 'pull' as const),
    deltas: anyDeltas,
    more: fc.boolean(),
  }),
  fc.record({ type: type('FULL_SYNC_REQUEST'), digest: anyDigest }),
  fc.record({ type: type('FULL_SYNC_RESPONSE'), deltas: anyDeltas, more: fc.boolean() }),
  fc.record({ type: type('DELTA_UNAVAILABLE'), streams: fc.array(anyStreamName, { maxLength: 4 }) }),
  fc.record({
    type: type('ACK'),
    of: fc.constantFrom('GOSSIP_STATE' as const, 'GET_STATE' as const, 'FULL_SYNC_REQUEST' as const),
  }),
  anyError,
  fc.record({ type: type('INTEREST'), version: anyCount, filters: fc.array(anyText, { maxLength: 4 }) }),
  fc.record({ type: type('INTEREST_ACK'), version: anyCount }),
  fc.record({
    type: type('PUBLISH'),
    life: anyLife,
    first: anyCount,
    messages: fc.array(
      fc.record({
        topic: anyText,
        body: fc.uint8Array({ maxLength: 40 }),
        shares: fc.array(anyText, { maxLength: 3 }),
      }),
      { maxLength: 4 },
    ),
  }),
  fc.record({ type: type('PUBLISH_ACK'), life: anyLife, upto: anyCount }),
);

export const anyHello: fc.Arbitrary<Hello> = fc.record({
  type: type('HELLO'),
  protocolMin: anyCount,
  protocolMax: anyCount,
  site: fc.string({ unit: 'binary', maxLength: 16 }),
  peer: anyPeerId,
  identity: anyIdentity,
  incarnation: anyCount,
  address: anyAddress,
  apiPort: fc.nat(65_535),
  zone: fc.stringMatching(/^[A-Za-z0-9._-]{0,32}$/),
  instance: anyHex16,
  uptimeMs: anyCount,
});

export const anyHardState: fc.Arbitrary<HardState> = fc.record({
  identity: anyIdentity,
  incarnation: anyCount,
});

const anyReceipt: fc.Arbitrary<Receipt> = fc.record({
  key: anyText,
  answer: anyText,
  firstN: anyCount,
  atMs: anyTime,
});

const anyUnit = fc.constantFrom('', 'Cel', '%', 'hPa', '\u00b0C');

export const anyBatch: fc.Arbitrary<Batch> = fc
  .record(
    { identity: anyIdentity, records: anyRecords(10), receipt: anyReceipt },
    { requiredKeys: ['identity', 'records'] },
  )
  .chain((batch) => {
    const { length } = batch.records;
    return fc
      .array(anyUnit, { minLength: length, maxLength: length })
      .map((units) => (units.some((unit) => unit !== '') ? { ...batch, units } : batch));
  });

export const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  identity: anyIdentity,
  ownN: anyCount,
  streams: fc.array(
    fc.record({
      origin: anyPeerId,
      identity: anyIdentity,
      upto: anyCount,
      droppedUpto: anyCount,
      records: anyRecords(8),
    }),
    { maxLength: 4 },
  ),
  receipts: fc.array(anyReceipt, { maxLength: 4 }),
});

/** Bytes as they arrive from a bad disk or a bad neighbour: cut, flipped, or of somebody else. */
export function anySpoiled(good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const anyCut = fc.tuple(good, fc.nat()).map(([bytes, at]) => bytes.slice(0, at % (bytes.length + 1)));
  const anyFlips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  const anyFlipped = fc.tuple(good, anyFlips).map(([bytes, flips]) => {
    const spoiled = bytes.slice();
    for (const [at, bits] of flips) {
      const place = at % Math.max(1, spoiled.length);
      spoiled[place] = (spoiled[place] ?? 0) ^ bits;
    }
    return spoiled;
  });
  return fc.oneof(anyCut, anyFlipped, fc.uint8Array({ maxLength: 200 }));
}

/**
 * How much a value holds: its objects, lists and scalars, and the characters of its different texts. Texts that
 * are one object are held once.
 */
export function weightOf(value: unknown, texts = new Set<string>()): number {
  if (typeof value === 'string') {
    if (texts.has(value)) return 1;
    texts.add(value);
    return 1 + value.length / 128;
  }
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + weightOf(part, texts), 1);
}

function type<T extends string>(name: T): fc.Arbitrary<T> {
  return fc.constant(name);
}

function validOf<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!result.ok) throw new Error('the arbitrary gives what is valid');
  return result.value;
}
