import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyError, anyHello, anyMessage, anySpoiled, weightOf } from '../../test/wire-arbitraries.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Rumour } from '../model/member.ts';
import { decodeFirst, decodeMessage, encodeFirst, encodeMessage } from './codec.ts';
import { malformedCode, malformedText } from './malformed.ts';
import { type DigestEntry, type Message, PROTOCOL } from './messages.ts';

const ann = 'ann' as PeerId;
const identity = { birth: 1, random: '9f86d081884c7d65' };
const ping: Message = { type: 'PING', nonce: 70_000, wallMs: 1_763_765_432_000, rumours: [] };

test('[WR4] every message comes back as it was', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message });
    }),
    { numRuns: 500 },
  );
});

test('[NW3] a message begins with the version that its receiver speaks', () => {
  const [latest, another] = [encodeMessage(ping), encodeMessage(ping, 7)];

  expect([latest[0], another[0]]).toEqual([PROTOCOL, 7]);
  expect([...another.subarray(1)]).toEqual([...latest.subarray(1)]);
});

test('[WR4] messages encoded one after the other do not touch each other', () => {
  const first = encodeMessage(ping);
  const before = [...first];

  encodeMessage({ type: 'ERROR', code: 'busy', reason: 'too many connections' });

  expect([...first]).toEqual(before);
});

test('[WR4] the first frames come back as they were', () => {
  fc.assert(
    fc.property(fc.oneof(anyHello, anyError), (first) => {
      expect(decodeFirst(encodeFirst(first))).toEqual({ ok: true, value: first });
    }),
  );
});

test.each([
  ['a whole number that is negative', { ...ping, nonce: -1 }],
  ['a whole number that is not whole', { ...ping, nonce: 1.5 }],
  ['a time beyond all dates', { ...ping, wallMs: 9e15 }],
  ['a digest with too many entries', { type: 'GET_STATE', digest: digestOf(LIMITS.digestEntriesMax + 1) }],
] as [string, Message][])('[WR5] %s is our own mistake', (_, message) => {
  expect(() => encodeMessage(message)).toThrow();
});

test.each([
  ['JOIN_REQUEST.self.peer: a node id is 1 to 64', { type: 'JOIN_REQUEST', self: rumourOf('Ann', 'h') }],
  [
    'JOIN_REQUEST.self.address.host: an address is host:port',
    { type: 'JOIN_REQUEST', self: rumourOf('ann', 'a b') },
  ],
  [
    'JOIN_REQUEST.self.address.host: a text of 300 bytes',
    { type: 'JOIN_REQUEST', self: rumourOf('ann', 'h'.repeat(300)) },
  ],
  [
    'PEER_LIST.rumours[1].peer: a node id',
    { type: 'PEER_LIST', whole: true, rumours: [rumourOf('ann', 'h'), rumourOf('-', 'h')] },
  ],
  [
    'PING_REQUEST.target: a text of 65 bytes is too long, allowed are 64',
    { type: 'PING_REQUEST', nonce: 1, target: 'a'.repeat(65) },
  ],
] as [string, Message][])('[WR5] a refusal names the field and what is allowed: %s', (text, message) => {
  expect(problemOf(encodeMessage(message))).toContain(text);
});

test.each([
  ['FULL_SYNC_RESPONSE.more: a flag is 0 or 1, got 2', [1, 15, 0, 2]],
  ['SENSOR_UPDATE.source: 2 is none of 2 (push pull)', [1, 13, 2, 0, 0]],
  ['GET_STATE.digest: kind 9 is not known, allowed are 1 2 3 4', [1, 11, 9]],
  ['GET_STATE.digest.entries: a list of 2049 is too long, allowed are 2048', [1, 11, 2, 0, 0, 0, 0x81, 0x10]],
  ['ACK.of ends too early', [1, 17]],
  ['message ends too early', [1]],
  ['message ends too early', []],
])('[WR5] bytes are refused with a reason: %s', (text, bytes) => {
  expect(problemOf(Uint8Array.from(bytes))).toBe(text);
});

test('[WR5] an error reason that is too long loses its end, not the message', () => {
  const reason = `${'x'.repeat(LIMITS.errorReasonBytesMax - 1)}€uro`;

  const decoded = decodeMessage(encodeMessage({ type: 'ERROR', code: 'malformed', reason }));

  expect(decoded).toMatchObject({ ok: true, value: { reason: 'x'.repeat(LIMITS.errorReasonBytesMax - 1) } });
});

test('[WR6] bytes left over are refused', () => {
  const bytes = Uint8Array.of(...encodeMessage(ping), 0);

  expect(problemOf(bytes)).toBe('PING is complete and 1 bytes are left over, allowed are none');
});

test('[WR7] no bytes make a decoder throw or build more than they pay for', () => {
  const anyBytes = anySpoiled(
    fc.oneof(anyMessage.map(encodeMessage), fc.oneof(anyHello, anyError).map(encodeFirst)),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      for (const decoded of [decodeMessage(bytes), decodeFirst(bytes)]) {
        if (decoded.ok) expect(weightOf(decoded.value)).toBeLessThanOrEqual(24 + 12 * bytes.length);
        else expect(malformedText(decoded.problem)).not.toBe('');
      }
    }),
    { numRuns: 1_500 },
  );
});

test('[WR7] a message that claims more than it has builds nothing of it', () => {
  const claims = Uint8Array.of(1, 16, 0x80, 0x10);

  expect(problemOf(claims)).toBe('DELTA_UNAVAILABLE.streams[0].origin ends too early');
});

test('[WR8] another version, an unknown type and an oversize frame have codes of their own', () => {
  const codes = [
    Uint8Array.of(9, 3),
    Uint8Array.of(1, 99),
    new Uint8Array(LIMITS.frameBytesMax + 1),
    Uint8Array.of(1, 3),
  ].map((bytes) => {
    const decoded = decodeMessage(bytes);
    return decoded.ok ? 'none' : malformedCode(decoded.problem);
  });

  expect(codes).toEqual(['wrong_version', 'unknown_message', 'oversize', 'malformed']);
});

test('[WR8] a first frame is not a message, nor a message a first frame', () => {
  const refusal = { type: 'ERROR', code: 'wrong_version', reason: 'speaks 3 to 4' } as const;

  expect(decodeMessage(encodeFirst(refusal))).toMatchObject({ ok: false, problem: { kind: 'version' } });
  expect(decodeFirst(encodeMessage(refusal))).toMatchObject({ ok: false, problem: { kind: 'version' } });
});

test('[WR8] a refusal with a code of a later version is understood as one', () => {
  const bytes = encodeFirst({ type: 'ERROR', code: 'busy', reason: 'the moon is full' });
  bytes[2] = 200;

  const decoded = decodeFirst(bytes);

  expect(decoded).toMatchObject({ ok: true, value: { code: 'not_welcome', reason: 'the moon is full' } });
});

test('[WR8] a PING without rumours takes at most 25 bytes, a root digest at most 12', () => {
  const root: Message = { type: 'GOSSIP_STATE', digest: { kind: 'root', hash: 0xdead_beef }, deltas: [] };

  expect(encodeMessage(ping).length).toBeLessThanOrEqual(25);
  expect(encodeMessage(root).length).toBeLessThanOrEqual(12);
});

function problemOf(bytes: Uint8Array): string {
  const decoded = decodeMessage(bytes);
  return decoded.ok ? 'none' : malformedText(decoded.problem);
}

function rumourOf(peer: string, host: string): Rumour {
  const address = { host, port: 9_000 };
  return { peer: peer as PeerId, identity, incarnation: 1, status: 'alive', address, apiPort: 0, zone: '' };
}

function digestOf(count: number) {
  const entries: DigestEntry[] = Array.from({ length: count }, (_, upto) => ({
    origin: ann,
    identity,
    upto,
    retired: false,
  }));
  return { kind: 'entries' as const, after: '', until: '', buckets: [], entries };
}
