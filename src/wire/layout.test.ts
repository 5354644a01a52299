// The pins. When one fails, a layout has changed: raise PROTOCOL (or DISK_VERSION), keep reading the old one,
// add the hash under the new number and fixtures of its bytes. A hash that was released is never replaced.

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { DISK_VERSION, DURABLE_LAYOUTS } from './durable.ts';
import { FIRST, MESSAGE } from './layout.ts';
import { ERROR_CODES, PROTOCOL, PROTOCOL_MIN } from './messages.ts';

const MESSAGE_PINS: { readonly [protocol: number]: string } = { 1: 'c44eec4c7bb7811e' };
const DURABLE_PINS: { readonly [version: number]: string } = { 1: '6b04be7bba34c6be' };
const FIRST_PIN = 'e9f7dd220505d622';

test('[WR4] the layout of messages changes only with PROTOCOL', () => {
  expect(hashOf(MESSAGE.text)).toBe(MESSAGE_PINS[PROTOCOL]);
  expect(PROTOCOL_MIN).toBeLessThanOrEqual(PROTOCOL);
});

test('[WR8] the layout of first frames never changes', () => {
  expect(hashOf(FIRST.text)).toBe(FIRST_PIN);
});

test('[WR16] the layout of what is kept changes only with DISK_VERSION', () => {
  expect(hashOf(DURABLE_LAYOUTS)).toBe(DURABLE_PINS[DISK_VERSION]);
});

test('[WR4] the text of the layout names every message, field, range and word', () => {
  const parts = [
    '3:PING(nonce:whole(0..',
    'list((peer:peerId,identity:(birth:',
    'choice(push|pull)',
    ...ERROR_CODES,
  ];

  for (const part of parts) expect(MESSAGE.text).toContain(part);
});

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
