// Every message's layout, one definition each. The tags and the order of fields are the wire: a change of any
// needs a higher PROTOCOL, which a test enforces by a hash of these shapes' texts. SPEC rules WR4-WR8.
//
// HELLO and the ERROR that may come in its place are read before the two sides know which version they share,
// so their layout is frozen for good.

import { LIMITS } from '../model/limits.ts';
import type { Rumour } from '../model/member.ts';
import type { Record } from '../model/reading.ts';
import { deltas } from './deltas.ts';
import {
  type Digest,
  type DigestEntry,
  type DigestPart,
  ERROR_CODES,
  type ErrorCode,
  type ErrorMessage,
  type Hello,
  type Message,
} from './messages.ts';
import {
  address,
  bits32,
  clippedText,
  count,
  flag,
  hex16,
  identity,
  peerId,
  portOrNone,
  rumour,
  streamName,
  text,
  time,
  whole,
  zone,
} from './nouns.ts';
import { ORDERING_VARIANTS } from './ordering-layout.ts';
import { RECORDS_LAYOUT } from './record-layout.ts';
import { readRecords } from './record-reader.ts';
import { writeRecords } from './record-writer.ts';
import { RELAY_VARIANTS } from './relay-layout.ts';
import { choice, list, type Shape, struct, union } from './shape.ts';

export const records: Shape<readonly Record[]> = {
  text: RECORDS_LAYOUT,
  write: writeRecords,
  read: readRecords,
};

const rumours: Shape<readonly Rumour[]> = list(rumour, LIMITS.rumoursPerFrame);

const bucket = whole(0, LIMITS.bucketsMax - 1);

const digest: Shape<Digest> = union<Digest, 'kind'>('kind', {
  root: [1, { hash: count }],
  entries: [
    2,
    {
      after: text(LIMITS.streamKeyBytesMax),
      until: text(LIMITS.streamKeyBytesMax),
      buckets: list(bucket, LIMITS.bucketsMax),
      entries: list(
        struct<DigestEntry>({ origin: peerId, identity, upto: count, retired: flag }),
        LIMITS.digestEntriesMax,
      ),
    },
  ],
  buckets: [3, { root: count, hashes: list(bits32, LIMITS.bucketsMax) }],
  places: [
    4,
    {
      attic: count,
      parts: list(
        struct<DigestPart>({
          bucket,
          span: whole(1, LIMITS.bucketsMax),
          directory: bits32,
          uptos: list(count, LIMITS.streamsPerBucketMax),
        }),
        LIMITS.bucketsMax,
      ),
    },
  ],
});

/** A code that a later version has added is, to this one, just not being welcome. */
const codeOfAnyVersion: Shape<ErrorCode> = {
  text: 'place',
  write: (writer, code) => writer.u8(ERROR_CODES.indexOf(code)),
  read: (reader) => ERROR_CODES[reader.u8()] ?? 'not_welcome',
};

const error = { code: choice(ERROR_CODES), reason: clippedText(LIMITS.errorReasonBytesMax) };

const probe = { nonce: count, wallMs: time, rumours };

export const MESSAGE = union<Message, 'type'>('type', {
  JOIN_REQUEST: [1, { self: rumour }],
  PEER_LIST: [2, { whole: flag, rumours }],
  PING: [3, probe],
  PONG: [4, probe],
  PING_REQUEST: [5, { nonce: count, target: peerId }],
  GOSSIP_STATE: [10, { digest, deltas }],
  GET_STATE: [11, { digest }],
  GET_DELTA: [12, { digest, deltas }],
  SENSOR_UPDATE: [13, { source: choice(['push', 'pull']), deltas, more: flag }],
  FULL_SYNC_REQUEST: [14, { digest }],
  FULL_SYNC_RESPONSE: [15, { deltas, more: flag }],
  DELTA_UNAVAILABLE: [16, { streams: list(streamName, LIMITS.digestEntriesMax) }],
  ACK: [17, { of: choice(['GOSSIP_STATE', 'GET_STATE', 'FULL_SYNC_REQUEST']) }],
  ERROR: [18, error],
  ...ORDERING_VARIANTS,
  ...RELAY_VARIANTS,
});

export const FIRST = union<Hello | ErrorMessage, 'type'>('type', {
  HELLO: [
    1,
    {
      protocolMin: count,
      protocolMax: count,
      site: text(LIMITS.siteBytesMax),
      peer: peerId,
      identity,
      incarnation: count,
      address,
      apiPort: portOrNone,
      zone,
      instance: hex16,
      uptimeMs: count,
    },
  ],
  ERROR: [2, { ...error, code: codeOfAnyVersion }],
});
