import { afterEach, expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { decodeDatagram, encodeDatagram } from '../../wire/envelope.ts';
import type { Message } from '../../wire/messages.ts';
import { errorMessage } from './handshake.ts';
import { ann, bob, helloOf, ping, until } from './testing.ts';
import { Bench } from './testing-sockets.ts';

const bench = new Bench();
afterEach(() => bench.close());

test('[NW13] a datagram needs no connection', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.station(bob);

  anns.transport.send(bob, bobs.address, ping(1), 'datagram');
  await until(() => bobs.heard.messages.length === 1);

  expect(bobs.heard.messages).toEqual([{ from: ann, message: ping(1), channel: 'datagram' }]);
  expect(anns.count('peer_datagrams_sent_total')).toBe(1);
  expect(bobs.count('peer_datagrams_received_total')).toBe(1);
  expect(bobs.count('peer_connections_opened_total')).toBe(0);
});

test('[NW13] a message too large for a datagram goes by stream', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.station(bob);
  const message = pingWithRumours(60);

  anns.transport.send(bob, bobs.address, message, 'datagram');
  await until(() => bobs.heard.messages.length === 1);

  expect(encodeDatagram('test', ann, message).byteLength).toBeGreaterThan(LIMITS.datagramBytesMax);
  expect(bobs.heard.messages).toEqual([{ from: ann, message, channel: 'stream' }]);
});

test('[NW13] a datagram to nowhere harms nobody', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.station(bob);

  anns.transport.send(bob, { host: '127.255.255.255', port: 9 }, ping(1), 'datagram');
  anns.transport.send(bob, { host: '127.0.0.1', port: 9 }, ping(2), 'datagram');
  anns.transport.send(bob, bobs.address, ping(3), 'datagram');
  await until(() => bobs.heard.messages.length === 1);

  expect(anns.count('peer_datagrams_dropped_unreachable_total')).toBe(1);
});

test('[NW14] packets that make no sense are counted and answered by a smaller ERROR', async () => {
  const anns = await bench.station(ann);
  const stranger = await bench.rawDatagrams();
  const good = encodeDatagram('test', bob, pingWithRumours(4));
  const bad: Uint8Array[] = [
    Buffer.alloc(0),
    Buffer.from('x'),
    Buffer.from('GET / HTTP/1.1\r\nHost: somewhere.example\r\n\r\n'),
    Buffer.alloc(1_400, 0xff),
    good.subarray(0, good.length - 3),
    Buffer.concat([good, Buffer.from('!')]),
  ];

  for (const packet of bad) stranger.send(packet, anns.address);
  stranger.send(good, anns.address);
  await until(() => anns.heard.messages.length === 1 && stranger.packets.length === 4);

  expect(anns.heard.refusals.length).toBe(6);
  for (const packet of stranger.packets) {
    const answer = decodeDatagram(packet);
    expect(answer.ok && answer.value.message.type).toBe('ERROR');
  }
  expect(anns.heard.messages[0]?.from).toBe(bob);
});

test('[NW14] a packet of another site is answered by ERROR wrong_site, but an ERROR is never answered', async () => {
  const anns = await bench.station(ann);
  const stranger = await bench.rawDatagrams();

  const unwelcome = errorMessage('wrong_site', 'a reason that is longer than any answer would need to be');
  stranger.send(encodeDatagram('elsewhere', bob, unwelcome), anns.address);
  stranger.send(encodeDatagram('elsewhere', bob, pingWithRumours(4)), anns.address);
  await until(() => stranger.packets.length === 1);
  await until(() => anns.count('peer_datagrams_refused_wrong_site_total') === 2);

  const answer = decodeDatagram(stranger.packets[0] ?? new Uint8Array());
  expect(answer.ok && answer.value.message).toMatchObject({ type: 'ERROR', code: 'wrong_site' });
  expect(anns.heard.messages).toEqual([]);
});

test('[NW14] nonsense is answered at most ten times a second and never by more than came', async () => {
  const anns = await bench.station(ann);
  const stranger = await bench.rawDatagrams();
  const startMs = performance.now();

  for (let i = 0; i < 200; i++) {
    stranger.send(Buffer.alloc(60, 0xff), anns.address);
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  stranger.send(encodeDatagram('test', bob, ping(1)), anns.address);
  await until(() => anns.heard.messages.length === 1 && stranger.packets.length >= 10);

  const secondsBegun = Math.ceil((performance.now() - startMs) / 1_000);
  expect(stranger.packets.length).toBeLessThanOrEqual(10 + 10 * secondsBegun);
  expect(Math.max(...stranger.packets.map(({ byteLength }) => byteLength))).toBeLessThan(60);
});

function pingWithRumours(count: number): Message {
  const { identity, address } = helloOf(bob);
  const host = `${'h'.repeat(30)}.example`;
  const rumour = {
    peer: bob,
    identity,
    incarnation: 1,
    status: 'alive' as const,
    address,
    apiPort: 0,
    zone: '',
  };
  return {
    type: 'PEER_LIST',
    whole: false,
    rumours: Array.from({ length: count }, () => ({ ...rumour, address: { ...address, host } })),
  };
}
