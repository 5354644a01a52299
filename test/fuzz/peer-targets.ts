// What other peers and the disk say: frames, the codec, durable shapes, segment files.

import { readFileSync } from 'node:fs';
import { FrameReader } from '../../src/host/network/framing.ts';
import { crc32 } from '../../src/kit/crc32.ts';
import type { Result } from '../../src/kit/result.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { scanSegment as scanHistory } from '../../src/storage/history/scan.ts';
import { filled } from '../../src/storage/history/testing.ts';
import { scanSegment as scanOutbox } from '../../src/storage/segment.ts';
import { decodeCopy, encodeCopy, UNUSED } from '../../src/storage/superblock-copy.ts';
import { StorageFailure } from '../../src/storage/task.ts';
import { ann, FIRST, StoreInTest } from '../../src/storage/testing.ts';
import { decodeFirst, decodeMessage, encodeMessage } from '../../src/wire/codec.ts';
import {
  decodeAddresses,
  decodeBase,
  decodeBatch,
  decodeHardState,
  decodeSnapshot,
  encodeAddresses,
} from '../../src/wire/durable.ts';
import { decodeEntry } from '../../src/wire/entry.ts';
import { decodeDatagram, decodeDiscovery } from '../../src/wire/envelope.ts';
import { type Malformed, malformedText } from '../../src/wire/malformed.ts';
import { decodeRecords } from '../../src/wire/records.ts';
import { bytesOfHex, type Target } from './fuzzer.ts';

/** Varints and lengths at their edges. */
const WORDS = [
  '00',
  '7f',
  '8001',
  'ff7f',
  'ffffffff0f',
  'ffffffffffffff0f',
  '0000000000000000',
  'ffffffff',
].map(bytesOfHex);
const SUPERBLOCK_HEAD = 24;

export function peerTargets(): readonly Target[] {
  return [
    frames(),
    wire('messages', 'messages', decodeMessage),
    wire('first', 'first', decodeFirst),
    wire('datagrams', 'datagrams', decodeDatagram),
    wire('discovery', 'discovery', decodeDiscovery),
    wire('records', 'records', decodeRecords),
    wire('batches', 'batches', decodeBatch),
    wire('hard-states', 'hard-states', decodeHardState),
    wire('snapshots', 'snapshots', (bytes) => decodeSnapshot([bytes])),
    {
      name: 'addresses',
      seeds: [encodeAddresses([])],
      words: WORDS,
      decode: (bytes) => saidOf(decodeAddresses(bytes)),
    },
    ...segments(),
    superblock(),
  ];
}

function frames(): Target {
  const message = encodeMessage({ type: 'ACK', of: 'GET_STATE' });
  return {
    name: 'frames',
    seeds: [Uint8Array.from([0, 0, 0, message.length, ...message, 0, 0, 0, 1])],
    words: WORDS,
    decode: (bytes) => {
      const reader = new FrameReader(LIMITS.frameBytesMax);
      let said = '';
      // As a socket would bring it: the first byte says where it is cut.
      const cut = (bytes[0] ?? 0) % Math.max(1, bytes.length);
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        reader.push(Buffer.from(chunk));
        for (;;) {
          const taken = reader.take();
          if (taken.kind === 'frame') said += saidOf(decodeMessage(taken.payload)).slice(0, 20);
          else {
            said += taken.kind;
            break;
          }
        }
      }
      return said;
    },
  };
}

function wire(
  name: string,
  fixture: string,
  decode: (bytes: Uint8Array) => Result<unknown, Malformed>,
): Target {
  const file = new URL(`../fixtures/wire-v1/${fixture}.json`, import.meta.url);
  const fixtures: readonly { readonly hex: string | readonly string[] }[] = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  const seeds = fixtures.map(({ hex }) => bytesOfHex([hex].flat().join('')));
  return { name, seeds, words: WORDS, decode: (bytes) => saidOf(decode(bytes)) };
}

/** Files as a node leaves them, and the entries in them. */
function segments(): readonly Target[] {
  const history = filesOf(filled(3).disk, /^history-/);
  const store = new StoreInTest();
  store.open();
  store.saveIdentity(FIRST);
  store.append('one', 'two');
  store.append('three');
  store.rest();
  const outbox = filesOf(store.disk, /^outbox-/);
  const entries = history.flatMap((bytes) =>
    scanHistory(1, bytes, []).pieces.flatMap((piece) => (piece.type === 'data' ? [piece.entry.bytes] : [])),
  );
  return [
    {
      name: 'history-segments',
      seeds: history.map(withoutZeros),
      words: WORDS,
      decode: (bytes) =>
        orNewer(() => {
          const { pieces, header } = scanHistory(1, bytes, []);
          return `${header === null ? 'bad' : 'ok'} ${pieces.map(({ type }) => type).join(' ')}`;
        }),
    },
    {
      name: 'outbox-segments',
      seeds: outbox.map(withoutZeros),
      words: WORDS,
      decode: (bytes) =>
        orNewer(() => {
          const { pieces, header } = scanOutbox(1, bytes, [], (payload) => saidOf(decodeBatch(payload)));
          return `${header === null ? 'bad' : 'ok'} ${pieces.map(({ type }) => type).join(' ')}`;
        }),
    },
    { name: 'entries', seeds: entries, words: WORDS, decode: (bytes) => saidOf(decodeEntry(bytes)) },
    { name: 'bases', seeds: [new Uint8Array(8)], words: WORDS, decode: (bytes) => saidOf(decodeBase(bytes)) },
  ];
}

function superblock(): Target {
  const hardState = { identity: FIRST, incarnation: 3 };
  return {
    name: 'superblock',
    seeds: [
      encodeCopy({ generation: 1, state: UNUSED }, ann),
      encodeCopy({ generation: 2, state: { ...UNUSED, hardState } }, ann),
    ],
    words: WORDS,
    decode: (bytes) =>
      orNewer(() => {
        mendCheckSum(bytes);
        return decodeCopy(bytes, ann) === null ? 'none' : 'a copy';
      }),
  };
}

/** Without it all that is spoilt would be found out by the check sum alone. */
function mendCheckSum(bytes: Uint8Array): void {
  if (bytes.length < SUPERBLOCK_HEAD) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(20, true);
  if (length >= SUPERBLOCK_HEAD && length <= bytes.length)
    view.setUint32(4, crc32(bytes, 8, length, 0), true);
}

/** A file of a later version is refused by an exception, which is caught where it is opened. */
function orNewer(decode: () => string): string {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof StorageFailure) return cause.problem.kind;
    throw cause;
  }
}

function filesOf(disk: StoreInTest['disk'], name: RegExp): readonly Uint8Array[] {
  return disk.names.filter((one) => name.test(one)).flatMap((one) => disk.content(one) ?? []);
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, Math.min(end + 8, 8_192));
}

function saidOf(result: Result<unknown, Malformed>): string {
  if (!result.ok) return malformedText(result.problem);
  const { value } = result;
  return typeof value === 'object' && value !== null && 'type' in value ? `ok ${String(value.type)}` : 'ok';
}
