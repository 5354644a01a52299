// Our own codec beside msgpackr, for control messages and for readings. Run with `npx tsx bench/codec.ts`.
// msgpackr is given its fastest setting (record structures that both sides know already; `maps bytes` is the size
// without) and, since what a peer sends is not to be believed, the least validation by hand that says whether a
// message is what its type says.

import { cpus } from 'node:os';
import { Packr } from 'msgpackr';
import { parsePeerId, parseSensorId } from '../src/model/ids.ts';
import type { Rumour } from '../src/model/member.ts';
import type { ReadingRecord } from '../src/model/reading.ts';
import { decodeMessage, encodeMessage } from '../src/wire/codec.ts';
import type { DigestEntry, Message } from '../src/wire/messages.ts';
import { decodeRecords, encodeRecords, recordBytes } from '../src/wire/records.ts';

const ROUNDS = 41;
const SLICE_MS = 8;
const AT_MS = 1_763_765_432_000;

/** Where results go, so that no call is optimised away. */
export let sink: unknown;

const identity = { birth: 1, random: '9f86d081884c7d65' };

const ping: Message = { type: 'PING', nonce: 123_456, wallMs: AT_MS, rumours: [] };
const pingWithRumours: Message = { ...ping, rumours: Array.from({ length: 12 }, (_, i) => rumourOf(i)) };
const root: Message = { type: 'GOSSIP_STATE', digest: { kind: 'root', hash: 0xdead_beef }, deltas: [] };
const entries: Message = {
  type: 'GOSSIP_STATE',
  digest: {
    kind: 'entries',
    after: '',
    until: '',
    buckets: [],
    entries: Array.from({ length: 100 }, (_, i) => entryOf(i)),
  },
  deltas: [],
};

console.log(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, node ${process.version}`);
console.log(`medians of ${ROUNDS} rounds of ${SLICE_MS} ms each\n`);
const HEAD = ['message', 'ours bytes', 'encode ns', 'decode ns', 'msgpackr bytes', 'encode ns', 'decode ns'];
console.log(row([...HEAD, 'and check ns', 'maps bytes']));
for (const [name, message] of Object.entries({ ping, pingWithRumours, root, entries }))
  compare(name, message);

console.log(`\n${row(['records', 'bytes each', 'encode ns each', 'decode ns each', 'bound ns each'])}`);
for (const count of [1, 16, 256, 4_096]) {
  const records = Array.from({ length: count }, (_, i) => recordOf(i));
  const bytes = encodeRecords(records);
  const times = medians([
    () => encodeRecords(records),
    () => decodeRecords(bytes),
    () => records.reduce((sum, record) => sum + recordBytes(record), 0),
  ]);
  console.log(row([`${count}`, (bytes.length / count).toFixed(1), ...times.map((ns) => whole(ns / count))]));
}

function compare(name: string, message: Message): void {
  const packr = new Packr({ structures: [], useRecords: true });
  packr.pack(message);
  const packed = Uint8Array.from(packr.pack(message));
  const bytes = encodeMessage(message);
  const [encode, decode, pack, unpack, check] = medians([
    () => encodeMessage(message),
    () => decodeMessage(bytes),
    () => packr.pack(message),
    () => packr.unpack(packed),
    () => isMessage(packr.unpack(packed)),
  ]).map(whole);
  const maps = new Packr({ useRecords: false }).pack(message).length;
  const cells = [bytes.length, encode, decode, packed.length, pack, unpack, check, maps];
  console.log(row([name, ...cells.map(String)]));
}

/** Nanoseconds for one call of each; they take turns, so that a busy machine is busy for all. */
function medians(calls: readonly (() => unknown)[]): number[] {
  const results = calls.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, call] of calls.entries()) results[i]?.push(slice(call));
  }
  return results.map((times) => times.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN);
}

function slice(call: () => unknown): number {
  let calls = 0;
  const begin = performance.now();
  let end = begin;
  while (end - begin < SLICE_MS) {
    for (let i = 0; i < 5; i++) sink = call();
    calls += 5;
    end = performance.now();
  }
  return ((end - begin) * 1e6) / calls;
}

function isMessage(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (value.type === 'PING') {
    return isCount(value.nonce) && isCount(value.wallMs) && isList(value.rumours, 512, isRumour);
  }
  return value.type === 'GOSSIP_STATE' && isDigest(value.digest) && isList(value.deltas, 4_096, isObject);
}

function isDigest(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (value.kind === 'root') return isCount(value.hash);
  return (
    value.kind === 'entries' &&
    typeof value.after === 'string' &&
    typeof value.until === 'string' &&
    isList(value.entries, 2_048, isEntry)
  );
}

function isEntry(value: unknown): boolean {
  return isObject(value) && isPeerId(value.origin) && isIdentity(value.identity) && isCount(value.upto);
}

function isRumour(value: unknown): boolean {
  return (
    isObject(value) &&
    isPeerId(value.peer) &&
    isIdentity(value.identity) &&
    isCount(value.incarnation) &&
    ['alive', 'suspected', 'dead', 'left'].includes(String(value.status)) &&
    isObject(value.address) &&
    typeof value.address.host === 'string' &&
    isCount(value.address.port) &&
    isCount(value.apiPort) &&
    typeof value.zone === 'string'
  );
}

function isIdentity(value: unknown): boolean {
  return (
    isObject(value) &&
    isCount(value.birth) &&
    typeof value.random === 'string' &&
    /^[0-9a-f]{16}$/.test(value.random)
  );
}

function isList(value: unknown, max: number, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= max && value.every(isItem);
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isPeerId(value: unknown): boolean {
  return typeof value === 'string' && parsePeerId(value).ok;
}

function rumourOf(i: number): Rumour {
  const address = { host: `10.0.0.${i}`, port: 9_000 };
  return {
    peer: peerOf(i),
    identity: identityOf(i),
    incarnation: 3,
    status: 'alive',
    address,
    apiPort: 10_000,
    zone: '',
  };
}

function entryOf(i: number): DigestEntry {
  return { origin: peerOf(i), identity: identityOf(i), upto: 10_000 + i * 37, retired: false };
}

function recordOf(i: number): ReadingRecord {
  const sensor = parseSensorId(`hall-${i >> 4}/temperature@${i}`);
  if (!sensor.ok) throw new Error(sensor.problem);
  const tsMs = AT_MS + i * 4 + ((i * 7_919) % 3);
  const value = Math.round(2_000 + 500 * Math.sin(i)) / 100;
  const ingestTsMs = tsMs + ((i * 31) % 5);
  return { kind: 'reading', n: 1_000 + i, sensor: sensor.value, value, tsMs, ingestTsMs, lwwTsMs: tsMs };
}

function identityOf(i: number) {
  return { ...identity, random: ((i + 1) * 0x9e37_79b9).toString(16).padStart(16, '0').slice(-16) };
}

function peerOf(i: number) {
  const id = parsePeerId(`node-${String(i).padStart(3, '0')}`);
  if (!id.ok) throw new Error(id.problem);
  return id.value;
}

function whole(ns: number): string {
  return ns.toFixed(0);
}

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(16))).join('');
}
