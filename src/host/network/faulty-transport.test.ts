import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Channel } from '../../protocol/outbox.ts';
import type { Message } from '../../wire/messages.ts';
import { type FaultOptions, FaultyTransport } from './faulty-transport.ts';
import { ann, bob, ping, until } from './testing.ts';
import type { Transport } from './transport.ts';

const THERE: Address = { host: '127.0.0.1', port: 1 };
const NO_FAULTS: FaultOptions = { delayMs: 0, jitterMs: 0, spikeProb: 0, spikeMs: 0, lossProb: 0 };

test('[NW15] without faults everything passes at once', () => {
  const { faulty, sent } = faultyWith(NO_FAULTS);

  faulty.send(bob, THERE, ping(1), 'stream');
  faulty.contact(THERE);

  expect(sent).toEqual(['bob 1 stream', 'contact']);
});

test('[NW15] messages are late by the delay', async () => {
  const { faulty, sent } = faultyWith({ ...NO_FAULTS, delayMs: 30 });
  const startMs = performance.now();

  faulty.send(bob, THERE, ping(1), 'datagram');
  const atOnce = sent.length;
  await until(() => sent.length === 1);

  expect(atOnce).toBe(0);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(29);
});

test('[NW22] a drill makes messages late and in time again, and the stream stays in order', async () => {
  const { faulty, sent } = faultyWith(NO_FAULTS);

  faulty.slowBy(30);
  faulty.send(bob, THERE, ping(1), 'stream');
  faulty.slowBy(0);
  faulty.send(bob, THERE, ping(2), 'stream');
  faulty.send(ann, THERE, ping(3), 'stream');
  const atOnce = [...sent];
  await until(() => sent.length === 3);

  expect(atOnce).toEqual(['ann 3 stream']);
  expect(sent).toEqual(['ann 3 stream', 'bob 1 stream', 'bob 2 stream']);
});

test('[NW15] what goes to one peer over the stream stays in order, however the delays fall', async () => {
  const { faulty, sent } = faultyWith({ delayMs: 5, jitterMs: 5, spikeProb: 0.2, spikeMs: 20, lossProb: 0 });

  for (let i = 0; i < 100; i++) faulty.send(i % 2 === 0 ? ann : bob, THERE, ping(i), 'stream');
  await until(() => sent.length === 100);

  for (const peer of [ann, bob]) {
    const nonces = sent.filter((line) => line.startsWith(peer)).map((line) => Number(line.split(' ')[1]));
    expect(nonces).toEqual(nonces.toSorted((a, b) => a - b));
  }
});

test('[NW15] about as many messages are lost as were asked for', () => {
  const { faulty, sent } = faultyWith({ ...NO_FAULTS, lossProb: 0.25 });

  for (let i = 0; i < 2_000; i++) faulty.send(bob, THERE, ping(i), 'datagram');

  expect(sent.length).toBeGreaterThan(1_400);
  expect(sent.length).toBeLessThan(1_600);
  expect(faulty.counters().peer_messages_lost_by_fault_total).toBe(2_000 - sent.length);
});

test('[NW15] only so many messages are held back, and a stop lets them leave', async () => {
  const { faulty, sent } = faultyWith({ ...NO_FAULTS, delayMs: 60_000 });

  for (let i = 0; i < LIMITS.delayedMessagesMax + 5; i++) faulty.send(bob, THERE, ping(i), 'stream');
  await faulty.stop();

  expect(faulty.counters().peer_messages_dropped_delayed_total).toBe(5);
  expect(sent.length).toBe(LIMITS.delayedMessagesMax + 1);
  expect(sent.at(-1)).toBe('stop');
});

function faultyWith(options: FaultOptions) {
  const sent: string[] = [];
  const inner: Transport = {
    send: (to: PeerId, _address: Address, message: Message, channel: Channel) => {
      sent.push(`${to} ${message.type === 'PING' ? message.nonce : '?'} ${channel}`);
    },
    contact: () => sent.push('contact'),
    introduce: () => {},
    counters: () => ({}),
    stop: async () => void sent.push('stop'),
  };
  return { faulty: new FaultyTransport(inner, options, new Random(1)), sent };
}
