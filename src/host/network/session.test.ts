// What comes in that no peer would say, on real sockets: each kind is answered, and the listener goes on serving.

import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Address } from '../../model/address.ts';
import { LIMITS } from '../../model/limits.ts';
import { encodeFirst, encodeMessage } from '../../wire/codec.ts';
import { frameOf } from './framing.ts';
import { errorMessage } from './handshake.ts';
import { ann, bob, cat, helloOf, ping, until } from './testing.ts';
import { Bench } from './testing-sockets.ts';

const bench = new Bench();
afterEach(() => bench.close());

const REFUSED_AS_FIRST: readonly [what: string, bytes: Uint8Array, code: string][] = [
  ['garbage in a frame', frameOf(Buffer.from('garbage')), 'malformed'],
  ['a frame of nothing', frameOf(Buffer.alloc(0)), 'malformed'],
  ['half a HELLO in a whole frame', frameOf(encodeFirst(helloOf(bob)).subarray(0, 20)), 'malformed'],
  ['bytes after HELLO', frameOf(Buffer.concat([encodeFirst(helloOf(bob)), Buffer.from('!')])), 'malformed'],
  ['a message before HELLO', frameOf(encodeMessage(ping(1))), 'malformed'],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'oversize'],
  ['a TLS greeting', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), 'oversize'],
  ['a large first frame', frameOf(Buffer.alloc(LIMITS.helloBytesMax + 1)), 'oversize'],
  ['another site', frameOf(encodeFirst(helloOf(bob, { site: 'elsewhere' }))), 'wrong_site'],
  [
    'a later protocol',
    frameOf(encodeFirst(helloOf(bob, { protocolMin: 99, protocolMax: 100 }))),
    'wrong_version',
  ],
];

for (const [what, bytes, code] of REFUSED_AS_FIRST) {
  test(`[NW4] ${what} is answered by ERROR ${code}, and others are served`, async () => {
    const anns = await bench.station(ann);
    const raw = await bench.raw(anns.address);

    raw.write(bytes);
    await until(() => raw.ended);
    const bobs = await bench.station(bob);
    bobs.transport.contact(anns.address);
    await until(() => bobs.heard.hellos.length === 1);

    expect(raw.errors()).toEqual([code]);
    expect(raw.firsts().length).toBe(1);
    expect(anns.heard.refusals).toEqual([code]);
    expect(anns.heard.story).toEqual(['up bob']);
  });
}

test('[NW4] who says nothing, or half a frame, is answered by ERROR silent when its time is over', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 150 });
  const mute = await bench.raw(anns.address);
  const stalled = await bench.raw(anns.address);

  stalled.write(frameOf(encodeFirst(helloOf(bob))).subarray(0, 30));
  await until(() => mute.ended && stalled.ended);

  expect([...mute.errors(), ...stalled.errors()]).toEqual(['silent', 'silent']);
  expect(anns.heard.refusals).toEqual(['silent', 'silent']);
});

test('[NW4] HELLO in single bytes does not buy time', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 150 });
  const slow = await bench.raw(anns.address);
  const frame = frameOf(encodeFirst(helloOf(bob)));

  for (const byte of frame) {
    if (slow.ended) break;
    slow.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  expect(slow.errors()).toEqual(['silent']);
});

test('[NW4] HELLO in pieces that come in time is understood', async () => {
  const anns = await bench.station(ann);
  const slow = await bench.raw(anns.address);

  for (const byte of frameOf(encodeFirst(helloOf(bob)))) {
    slow.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => anns.heard.hellos.length === 1);

  expect(anns.heard.hellos[0]).toMatchObject({ peer: bob });
});

test('[NW4] a message that makes no sense is answered and costs the peer nothing else', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.rawPeer(anns.address, bob);

  bobs.write(frameOf(encodeMessage(ping(1)).subarray(0, 2)));
  bobs.write(frameOf(Buffer.from([1, 120, 0])));
  bobs.write(frameOf(Buffer.from('?')));
  bobs.write(frameOf(encodeMessage(ping(2))));
  await until(() => anns.heard.messages.length === 1 && bobs.errors().length === 3);

  expect(bobs.errors()).toEqual(['malformed', 'unknown_message', 'wrong_version']);
  expect(anns.heard.refusals).toEqual(['malformed', 'unknown_message', 'wrong_version']);
  expect(anns.heard.messages[0]).toMatchObject({ from: bob, message: ping(2) });
  expect(anns.heard.story).toEqual(['up bob']);
  expect(anns.count('peer_refused_malformed_total')).toBe(1);
});

test('[NW4] complaints to one peer are few, however much nonsense it sends', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.rawPeer(anns.address, bob);

  bobs.write(Buffer.concat(Array(500).fill(frameOf(Buffer.from('?')))));
  bobs.write(frameOf(encodeMessage(ping(1))));
  await until(() => anns.heard.messages.length === 1);
  anns.transport.send(bob, helloOf(bob).address, ping(2), 'stream');
  await until(() => bobs.messages().some(({ type }) => type === 'PING'));

  expect(anns.count('peer_refused_wrong_version_total')).toBe(500);
  expect(bobs.errors().length).toBeLessThanOrEqual(11);
});

test('[NW4] a frame too large on a link loses the framing: the link is closed with a reason', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.rawPeer(anns.address, bob);

  bobs.write(frameOf(Buffer.alloc(LIMITS.frameBytesMax + 1)));
  await until(() => bobs.ended);

  expect(bobs.errors()).toEqual(['oversize']);
  expect(anns.heard.story).toEqual(['up bob', 'down bob failed']);
});

test('[NW4] a frame that stalls half-way on a link is answered by ERROR silent, and the link is closed', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 150 });
  const bobs = await bench.rawPeer(anns.address, bob);
  const cats = await bench.rawPeer(anns.address, cat);

  bobs.write(frameOf(encodeMessage(ping(1))).subarray(0, 7));
  await until(() => bobs.ended);
  cats.write(frameOf(encodeMessage(ping(2))));
  await until(() => anns.heard.messages.length === 1);

  expect(bobs.errors()).toEqual(['silent']);
  expect(anns.heard.story).toEqual(['up bob', 'up cat', 'down bob silent']);
});

test('[NW3] a link that is idle is kept', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 50 });
  const bobs = await bench.rawPeer(anns.address, bob);

  const startMs = performance.now();
  await until(() => performance.now() - startMs > 400);
  bobs.write(frameOf(encodeMessage(ping(1))));
  await until(() => anns.heard.messages.length === 1);

  expect(anns.heard.story).toEqual(['up bob']);
});

test('[NW3] a stranger is told nothing before it has said a good HELLO', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 150 });
  const raw = await bench.raw(anns.address);

  await until(() => raw.ended);

  expect(raw.firsts().map(({ type }) => type)).toEqual(['ERROR']);
});

test('[NW4] who is refused by the other side hears the reason, and its contact is rejected', async () => {
  const anns = await bench.station(ann);
  const busy = await serverThat((socket) => {
    socket.end(frameOf(encodeFirst(errorMessage('busy', 'no room'))));
    socket.resume();
  });

  anns.transport.contact(busy);
  await until(() => anns.heard.story.length === 1);

  expect(anns.heard.refusals).toEqual(['busy']);
  expect(anns.heard.story).toEqual([`contact ${busy.port} rejected`]);
});

test('[NW4] a server of another kind is rejected', async () => {
  const anns = await bench.station(ann);
  const web = await serverThat((socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    socket.resume();
  });

  anns.transport.contact(web);
  await until(() => anns.heard.story.length === 1);

  expect(anns.heard.story).toEqual([`contact ${web.port} rejected`]);
  expect(anns.heard.refusals).toEqual(['oversize']);
});

test('[NW4] a refusal that comes after both sides have spoken reaches the peer as a message', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.rawPeer(anns.address, bob);

  bobs.write(frameOf(encodeFirst(errorMessage('not_welcome', 'go away'))));
  bobs.write(frameOf(encodeMessage(errorMessage('not_welcome', 'really'))));
  await until(() => anns.heard.messages.length === 2);

  expect(anns.heard.messages.map(({ message }) => message)).toEqual([
    errorMessage('not_welcome', 'go away'),
    errorMessage('not_welcome', 'really'),
  ]);
  expect(bobs.errors()).toEqual([]);
});

async function serverThat(answers: (socket: Socket) => void): Promise<Address> {
  const server = createServer(answers);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  bench.onClose(async () => void server.close());
  const address = server.address();
  return { host: '127.0.0.1', port: address !== null && typeof address === 'object' ? address.port : 0 };
}
