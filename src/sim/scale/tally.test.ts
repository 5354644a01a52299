import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { encodeMessage } from '../../wire/codec.ts';
import { encodeDatagram } from '../../wire/envelope.ts';
import type { Message } from '../../wire/messages.ts';
import { SITE, Tally } from './tally.ts';

const ANN = 'ann' as PeerId;
const PING: Message = { type: 'PING', nonce: 1, wallMs: 1_782_000_000_000, rumours: [] };

test('[SM22] a frame weighs its encoding and its header, a datagram its envelope', () => {
  const tally = new Tally(2, 1);
  tally.begin();

  tally.message(0, ANN, 1, PING, 'stream');
  tally.message(0, ANN, 1, PING, 'datagram');

  const frame = 4 + encodeMessage(PING).length;
  const datagram = encodeDatagram(SITE, ANN, PING).length;
  expect(tally.types()).toEqual([{ type: 'PING', messages: 2, bytes: frame + datagram }]);
  expect(tally.sentBytes[0]).toBe(frame + datagram);
  expect(tally.receivedBytes[1]).toBe(frame + datagram);
  expect(tally.largestBytes).toBe(Math.max(frame, datagram));
});

test('[SM22] one message in so many is weighed for all of them', () => {
  const tally = new Tally(2, 10);
  tally.begin();

  for (let sent = 0; sent < 100; sent++) tally.message(0, ANN, 1, { ...PING }, 'stream');

  expect(tally.totalMessages).toBe(100);
  expect(tally.totalBytes).toBe(100 * (4 + encodeMessage(PING).length));
});

test('[SM22] what is sent before the count begins or after it ends is not in it', () => {
  const tally = new Tally(2, 1);

  tally.message(0, ANN, 1, PING, 'stream');
  tally.begin();
  tally.end();
  tally.message(0, ANN, 1, PING, 'stream');

  expect(tally.totalBytes).toBe(0);
});

test('[SM22] of one station what it received is told by type', () => {
  const tally = new Tally(3, 1);
  tally.follow(2);
  tally.begin();

  tally.message(0, ANN, 2, PING, 'stream');
  tally.message(0, ANN, 1, PING, 'stream');
  tally.message(0, ANN, 2, { type: 'ACK', of: 'GET_STATE' }, 'stream');

  expect(tally.followedBytes(['PING'])).toBe(4 + encodeMessage(PING).length);
  expect(tally.followedBytes()).toBeLessThan(tally.totalBytes);
});
