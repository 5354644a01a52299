// Bytes of a released version stay readable for good. A later version adds a directory of its own beside these.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeFirst, decodeMessage, encodeMessage } from './codec.ts';
import { decodeBatch, decodeHardState, decodeSnapshot } from './durable.ts';
import { decodeDatagram, decodeDiscovery } from './envelope.ts';
import { PROTOCOL } from './messages.ts';
import { decodeRecords, encodeRecords } from './records.ts';

const DECODERS = {
  messages: decodeMessage,
  first: decodeFirst,
  datagrams: decodeDatagram,
  discovery: decodeDiscovery,
  records: decodeRecords,
  batches: decodeBatch,
  'hard-states': decodeHardState,
} as const;

for (const [name, decode] of Object.entries(DECODERS)) {
  test(`[WR18] today's code reads the ${name} of version 1`, () => {
    const fixtures = fixturesOf(name);

    for (const { hex, value } of fixtures) expect(decode(bytesOf(hex))).toEqual({ ok: true, value });

    expect(fixtures.length).toBeGreaterThan(0);
  });
}

test("[WR18] today's code reads the snapshots of version 1", () => {
  const fixtures = fixturesOf('snapshots');

  for (const { hex, value } of fixtures) {
    expect(decodeSnapshot([hex].flat().map(bytesOf))).toEqual({ ok: true, value });
  }

  expect(fixtures.length).toBeGreaterThan(0);
});

test('[WR4] version 1 writes the bytes it always wrote', () => {
  expect(PROTOCOL, 'a new version needs fixtures of its own, and this test theirs').toBe(1);

  for (const { hex, value } of fixturesOf('records')) expect(hexOf(encodeRecords(value))).toBe(hex);
  for (const { hex, value } of fixturesOf('messages')) expect(hexOf(encodeMessage(value))).toBe(hex);
});

function fixturesOf(name: string) {
  const file = new URL(`../../test/fixtures/wire-v1/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
