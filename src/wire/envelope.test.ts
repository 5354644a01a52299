import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  anyAddress,
  anyCount,
  anyHex16,
  anyMessage,
  anyPeerId,
  anySpoiled,
} from '../../test/wire-arbitraries.ts';
import type { PeerId } from '../model/ids.ts';
import { decodeDatagram, decodeDiscovery, encodeDatagram, encodeDiscovery, siteHash } from './envelope.ts';
import { malformedText } from './malformed.ts';
import type { Message } from './messages.ts';

const ann = 'ann' as PeerId;
const ping: Message = { type: 'PING', nonce: 2 ** 32 - 1, wallMs: 1_763_765_432_000, rumours: [] };

const anyDiscovery = fc.record({
  protocol: anyCount,
  site: fc.string({ maxLength: 16 }),
  peer: anyPeerId,
  instance: anyHex16,
  address: anyAddress,
});

test('[WR9] a datagram says the site and who speaks', () => {
  fc.assert(
    fc.property(anyPeerId, anyMessage, (from, message) => {
      const decoded = decodeDatagram(encodeDatagram('greenhouse', from, message));

      expect(decoded).toEqual({ ok: true, value: { site: siteHash('greenhouse'), from, message } });
    }),
  );
});

test('[WR9] sites of other names have other hashes', () => {
  const names = ['', 'sensorium', 'Sensorium', 'sensorium2', 'greenhouse', 'Gewächshaus'];

  expect(new Set(names.map(siteHash)).size).toBe(names.length);
});

test('[WR9] a PING without rumours takes at most 25 bytes beside the sender', () => {
  expect(encodeDatagram('sensorium', ann, ping).length - ann.length).toBeLessThanOrEqual(25);
});

test('[WR9] what is wrong with a datagram is said', () => {
  const bytes = encodeDatagram('sensorium', ann, ping);

  expect(problemOf(decodeDatagram(bytes.slice(0, 3)))).toBe('datagram ends too early');
  expect(problemOf(decodeDatagram(bytes.slice(0, 10)))).toBe('PING.nonce ends too early');
});

test('[WR9] a discovery packet comes back as it was', () => {
  fc.assert(
    fc.property(anyDiscovery, (packet) => {
      expect(decodeDiscovery(encodeDiscovery(packet))).toEqual({ ok: true, value: packet });
    }),
  );
});

test('[WR9] a packet without the mark is somebody else’s, a newer one is named', () => {
  const bytes = encodeDiscovery({
    protocol: 1,
    site: 'sensorium',
    peer: ann,
    instance: '00000000deadbeef',
    address: { host: '10.0.0.1', port: 9_000 },
  });
  const newer = bytes.slice();
  newer[4] = 2;

  expect([...bytes.slice(0, 4)].map((byte) => String.fromCharCode(byte)).join('')).toBe('SNSR');
  expect(problemOf(decodeDiscovery(bytes.slice(1)))).toBe('not a packet of Sensorium');
  expect(problemOf(decodeDiscovery(newer))).toBe('version 2 is not known here, allowed are 1 to 1');
});

test('[WR7] no bytes make the decoders of packets throw', () => {
  const anyBytes = anySpoiled(
    fc.oneof(
      anyMessage.map((message) => encodeDatagram('sensorium', ann, message)),
      anyDiscovery.map(encodeDiscovery),
    ),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      expect(problemOf(decodeDatagram(bytes))).not.toBe('');
      expect(problemOf(decodeDiscovery(bytes))).not.toBe('');
    }),
    { numRuns: 1_000 },
  );
});

function problemOf(decoded: ReturnType<typeof decodeDatagram> | ReturnType<typeof decodeDiscovery>): string {
  return decoded.ok ? 'none' : malformedText(decoded.problem);
}
