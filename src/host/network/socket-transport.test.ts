import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import { type PeerId, parsePeerId, parseSensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { encodeFirst, encodeMessage } from '../../wire/codec.ts';
import type { Message } from '../../wire/messages.ts';
import { frameOf } from './framing.ts';
import { ann, bob, cat, dan, helloOf, ping, until } from './testing.ts';
import { Bench, startOnLoopback } from './testing-sockets.ts';
import { transportContract } from './transport.contract.ts';

describe('the contract', () => {
  transportContract((options, events) => startOnLoopback(options, events));
});

const bench = new Bench();
afterEach(() => bench.close());

test('[NW5] of connections dialled at once, under several names, one stands in the end', async () => {
  for (let round = 0; round < 20; round++) {
    const anns = await bench.station(ann);
    const bobs = await bench.station(bob);

    anns.transport.contact(bobs.address);
    anns.transport.contact({ host: 'localhost', port: bobs.address.port });
    bobs.transport.contact({ host: 'localhost', port: anns.address.port });
    bobs.transport.contact(anns.address);
    await until(() => anns.heard.story.length > 0 && bobs.heard.story.length > 0);
    await until(() => anns.connections() === 1 && bobs.connections() === 1);

    expect([anns.heard.story, bobs.heard.story]).toEqual([['up bob'], ['up ann']]);
    await bench.close();
  }
});

test('[NW5] a crowd that dials everybody at once ends with one connection a pair and no lost link', async () => {
  const crowd = await Promise.all([ann, bob, cat, dan].map((peer) => bench.station(peer)));

  for (const { transport } of crowd) for (const { address } of crowd) transport.contact(address);
  await until(() =>
    crowd.every(({ connections, heard }) => connections() === 3 && heard.hellos.length === 3),
  );

  expect(crowd.flatMap(({ heard }) => heard.story.filter((line) => line.startsWith('down')))).toEqual([]);
});

test('[NW6] a later process takes the link over while the connection of the earlier one still stands', async () => {
  const anns = await bench.station(ann);
  const earlier = await bench.rawPeer(anns.address, bob, { instance: '1'.repeat(16), uptimeMs: 60_000 });

  await bench.rawPeer(anns.address, bob, { instance: '2'.repeat(16), uptimeMs: 0 });
  await until(() => earlier.ended);
  const late = await bench.raw(anns.address);
  late.write(frameOf(encodeFirst(helloOf(bob, { instance: '1'.repeat(16), uptimeMs: 60_000 }))));
  await until(() => late.ended);

  expect(anns.heard.story).toEqual(['up bob', 'down bob closed', 'up bob']);
  expect(late.errors()).toEqual(['duplicate_node']);
});

test('[NW21] an idle link too many is closed at both ends, and opened again for the next message', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 50, connectionsMax: 1 });
  const bobs = await bench.station(bob);
  const cats = await bench.station(cat);
  anns.transport.send(bob, bobs.address, ping(1), 'stream');
  await until(() => bobs.heard.messages.length === 1);
  anns.transport.send(cat, cats.address, ping(2), 'stream');

  await until(() => bobs.heard.story.length === 2 && anns.connections() === 1);
  anns.transport.send(bob, bobs.address, ping(3), 'stream');
  await until(() => bobs.heard.messages.length === 2);

  expect(bobs.heard.story).toEqual(['up ann', 'down ann idle', 'up ann']);
  expect(anns.heard.story.slice(0, 4)).toEqual(['up bob', 'up cat', 'down bob idle', 'up bob']);
  expect(cats.heard.messages).toHaveLength(1);
});

test('[NW6] how a link was lost is told: by FIN, by reset, by silence', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 100 });
  const bobs = await bench.rawPeer(anns.address, bob);
  const cats = await bench.rawPeer(anns.address, cat);
  const dans = await bench.rawPeer(anns.address, dan);

  bobs.reset();
  await until(() => anns.heard.story.length === 4);
  cats.end();
  await until(() => anns.heard.story.length === 5);
  dans.write(Buffer.from([0, 0, 1]));
  await until(() => anns.heard.story.length === 6);

  expect(anns.heard.story.slice(3)).toEqual(['down bob closed', 'down cat closed', 'down dan silent']);
});

test('[NW6] a peer that takes nothing for long is lost by silence', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 100 });
  const bobs = await bench.rawPeer(anns.address, bob);

  bobs.pause();
  await until(() => {
    anns.transport.send(bob, helloOf(bob).address, largeMessage(), 'stream');
    return anns.heard.story.includes('down bob silent');
  });

  expect(anns.count('peer_frames_sent_total')).toBeGreaterThan(0);
});

test('[NW7] an address that leads round to this process is dialled once and remembered', async () => {
  const anns = await bench.station(ann, { host: '0.0.0.0', advertiseHost: '192.0.2.1' });
  const own = { host: '127.0.0.2', port: anns.address.port };

  anns.transport.contact(own);
  await until(() => anns.heard.story.length === 1);
  anns.transport.contact(own);
  await until(() => anns.heard.story.length === 2);

  expect(anns.heard.story).toEqual([`contact ${own.port} rejected`, `contact ${own.port} rejected`]);
  expect(anns.heard.refusals).toEqual([]);
  expect(anns.count('peer_connections_opened_total')).toBe(2);
});

test('[NW8] who accepts and says nothing is given up after the timeout', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 150 });
  const mute = createServer(() => {});
  await new Promise<void>((listening) => mute.listen(0, '127.0.0.1', listening));
  bench.onClose(async () => void mute.close());
  const address = mute.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const startMs = performance.now();

  anns.transport.contact({ host: '127.0.0.1', port });
  await until(() => anns.heard.story.length === 1);

  expect(anns.heard.story).toEqual([`contact ${port} timeout`]);
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

test('[NW8] an address no packet can be sent to is unreachable', async () => {
  const anns = await bench.station(ann);

  anns.transport.contact({ host: '127.255.255.255', port: 9 });
  await until(() => anns.heard.story.length === 1);

  expect(anns.heard.story).toEqual(['contact 9 unreachable']);
});

test('[NW8] frames wait for a dial in bounded number, and are dropped when it fails', async () => {
  const anns = await bench.station(ann);
  const gone = await bench.station(bob);
  await gone.transport.stop();

  for (let i = 0; i < LIMITS.dialQueueFramesMax + 5; i++) {
    anns.transport.send(bob, gone.address, ping(i), 'stream');
  }
  await until(() => anns.count('peer_dials_failed_refused_total') === 1);

  expect(anns.count('peer_frames_dropped_dialling_total')).toBe(5);
  expect(anns.count('peer_frames_dropped_unreachable_total')).toBe(LIMITS.dialQueueFramesMax);
  expect(anns.heard.story).toEqual([]);
});

test('[NW8] a peer that comes back is reached by the messages sent to it, without any contact', async () => {
  const anns = await bench.station(ann);
  const before = await bench.station(bob);
  anns.transport.send(bob, before.address, ping(1), 'stream');
  await until(() => before.heard.messages.length === 1);

  await before.transport.stop();
  const after = await bench.station(bob, { instance: '2'.repeat(16), port: before.address.port });
  await until(() => {
    anns.transport.send(bob, before.address, ping(2), 'stream');
    return after.heard.messages.length > 0;
  });

  expect(anns.heard.story).toEqual(['up bob', 'down bob closed', 'up bob']);
});

test('[NW9] what waits for a slow peer is bounded, and the peer is told busy until it has drained', async () => {
  const anns = await bench.station(ann, { socketTimeoutMs: 2_000 });
  const bobs = await bench.rawPeer(anns.address, bob);
  const message = largeMessage();
  const frameBytes = encodeMessage(message).byteLength + 4;
  const there = helloOf(bob).address;

  bobs.pause();
  for (let i = 0; i < 400; i++) anns.transport.send(bob, there, message, 'stream');
  await until(() => anns.heard.story.includes('busy bob'));
  const accepted = anns.count('peer_frames_sent_total');
  bobs.resume();
  await until(() => anns.heard.story.includes('free bob'));
  await until(() => bobs.messages().length === accepted);

  expect(accepted * frameBytes).toBeLessThanOrEqual(LIMITS.sendQueueBytesMax + 1_000);
  expect(anns.count('peer_frames_dropped_full_total')).toBe(400 - accepted);
  expect(anns.heard.story).toEqual(['up bob', 'busy bob', 'free bob']);
});

test('[NW9] a message that no frame can carry is dropped and counted', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.rawPeer(anns.address, bob);

  anns.transport.send(bob, helloOf(bob).address, hugeMessage(), 'stream');
  anns.transport.send(bob, helloOf(bob).address, ping(1), 'stream');
  await until(() => bobs.messages().length === 1);

  expect(anns.count('peer_frames_dropped_oversize_total')).toBe(1);
});

test('[NW10] one peer that floods does not keep others from being heard', async () => {
  const anns = await bench.station(ann, { framesPerTickMax: 8 });
  const cats = await bench.station(cat);
  cats.transport.contact(anns.address);
  await until(() => cats.heard.hellos.length === 1);
  const bobs = await bench.rawPeer(anns.address, bob);
  const flood = 20_000;

  bobs.write(Buffer.concat(Array.from({ length: flood }, (_, i) => frameOf(encodeMessage(ping(i))))));
  await until(() => anns.heard.messages.length > 0);
  cats.transport.send(ann, anns.address, ping(-0), 'stream');
  await until(() => anns.heard.messages.length === flood + 1);

  const place = anns.heard.messages.findIndex(({ from }) => from === cat);
  const order = anns.heard.messages.filter(({ from }) => from === bob).map(({ message }) => nonceOf(message));
  expect(place).toBeLessThan(flood);
  expect(order).toEqual(Array.from({ length: flood }, (_, i) => i));
});

test('[NW12] three hundred idle connections take nothing from a live link', async () => {
  const anns = await bench.station(ann, { connectionsMax: 400 });
  const bobs = await bench.station(bob);
  bobs.transport.contact(anns.address);
  await until(() => bobs.heard.hellos.length === 1);
  const idle = await Promise.all(
    Array.from({ length: 300 }, (_, i) =>
      i % 2 === 0 ? bench.raw(anns.address) : bench.rawPeer(anns.address, numbered(i)),
    ),
  );

  const startMs = performance.now();
  for (let i = 0; i < 200; i++) {
    bobs.transport.send(ann, anns.address, ping(i), 'stream');
    await until(() => anns.heard.messages.length === i + 1);
  }
  const tookMs = performance.now() - startMs;
  await until(() => idle.filter(({ ended }) => ended).length === 150 && anns.connections() === 151);

  expect(tookMs).toBeLessThan(5_000);
  expect(idle.filter((_, i) => i % 2 === 0).flatMap((raw) => raw.errors())).toEqual(
    Array(150).fill('silent'),
  );
  expect(anns.heard.story.filter((line) => line.startsWith('down'))).toEqual([]);
});

test('[NW12] above the limit a connection is refused as busy, and one that ends makes room', async () => {
  const anns = await bench.station(ann, { connectionsMax: 2 });
  const bobs = await bench.rawPeer(anns.address, bob);
  await bench.rawPeer(anns.address, cat);

  const third = await bench.raw(anns.address);
  await until(() => third.ended);
  bobs.reset();
  await until(() => anns.heard.story.includes('down bob closed'));
  const fourth = await bench.rawPeer(anns.address, dan);

  expect(third.errors()).toEqual(['busy']);
  expect(fourth.firsts().map(({ type }) => type)).toEqual(['HELLO']);
});

test('[NW12] connections that say nothing make room for one that may', async () => {
  const anns = await bench.station(ann, { connectionsMax: 2, socketTimeoutMs: 5_000 });
  const mute = [await bench.raw(anns.address), await bench.raw(anns.address)];
  const bobs = await bench.station(bob);

  await until(() => {
    bobs.transport.contact(anns.address);
    return bobs.heard.hellos.length === 1;
  });

  expect(mute.filter(({ ended }) => ended).length).toBe(1);
  expect(mute.flatMap((raw) => raw.errors())).toEqual(['busy']);
});

test('[NW16] a stop ends in time although a peer neither reads nor closes, and leaves nothing open', async () => {
  const before = openResources();
  const anns = await bench.station(ann);
  const bobs = await bench.station(bob);
  anns.transport.contact(bobs.address);
  anns.transport.contact({ host: '127.0.0.1', port: 1 });
  const stuck = await bench.rawPeer(anns.address, cat);
  stuck.pause();
  for (let i = 0; i < 200; i++) anns.transport.send(cat, helloOf(cat).address, largeMessage(), 'stream');
  await until(() => anns.heard.hellos.length === 2);

  const startMs = performance.now();
  await anns.transport.stop();
  const tookMs = performance.now() - startMs;
  await bench.close();
  await until(() => openResources() <= before);

  expect(tookMs).toBeLessThan(500);
  expect(anns.connections()).toBe(0);
  expect(bobs.connections()).toBe(0);
});

test('[NW2] peers on IPv6 reach one another on both channels', async () => {
  const anns = await bench.station(ann, { host: '::1', advertiseHost: '::1' });
  const bobs = await bench.station(bob, { host: '::', advertiseHost: '127.0.0.1' });

  bobs.transport.send(ann, anns.address, ping(1), 'datagram');
  bobs.transport.send(ann, anns.address, ping(2), 'stream');
  await until(() => anns.heard.messages.length === 2);
  bobs.transport.send(bob, bobs.address, ping(3), 'datagram');
  const cats = await bench.station(cat);
  cats.transport.send(bob, bobs.address, ping(4), 'datagram');
  bobs.transport.send(cat, cats.address, ping(5), 'datagram');
  await until(() => bobs.heard.messages.length === 1 && cats.heard.messages.length === 1);

  expect(new Set(anns.heard.messages.map(({ channel }) => channel))).toEqual(new Set(['datagram', 'stream']));
  expect(bobs.heard.messages[0]).toMatchObject({ from: cat, message: ping(4) });
});

test('[NW2] a port that is taken is an error that names it', async () => {
  const anns = await bench.station(ann);

  await expect(bench.station(bob, { port: anns.address.port })).rejects.toThrow(
    `listening on TCP 127.0.0.1 port ${anns.address.port}`,
  );
});

test('[NW11] a peer is dialled by name, and its link is the one its own address stands for', async () => {
  const anns = await bench.station(ann);
  const bobs = await bench.station(bob);
  const alias = { host: 'localhost', port: bobs.address.port };

  anns.transport.send(bob, alias, ping(1), 'stream');
  anns.transport.send(bob, alias, ping(2), 'datagram');
  await until(() => bobs.heard.messages.length === 2);
  anns.transport.contact(bobs.address);
  anns.transport.send(bob, bobs.address, ping(3), 'stream');
  await until(() => bobs.heard.messages.length === 3);

  expect(anns.heard.story).toEqual(['up bob']);
  expect(anns.count('peer_connections_opened_total')).toBe(1);
});

function numbered(i: number): PeerId {
  const parsed = parsePeerId(`peer-${i}`);
  return parsed.ok ? parsed.value : ann;
}

function nonceOf(message: Message): number {
  return message.type === 'PING' ? message.nonce : -1;
}

/** About 60 KiB. */
function largeMessage(): Message {
  return updateOf(15);
}

/** Above what a frame may hold. */
function hugeMessage(): Message {
  return updateOf(80);
}

function updateOf(records: number): Message {
  const sensor = parseSensorId('text');
  const value = 'x'.repeat(LIMITS.textValueBytesMax);
  const delta = {
    origin: ann,
    identity: helloOf(ann).identity,
    after: 0,
    upto: records,
    droppedUpto: 0,
    records: Array.from({ length: records }, (_, i) => ({
      kind: 'reading' as const,
      n: i + 1,
      sensor: must(sensor.ok ? sensor.value : null, 'a sensor id'),
      value: `${i}${value}`.slice(0, value.length),
      tsMs: 1,
      ingestTsMs: 1,
      lwwTsMs: 1,
    })),
  };
  return { type: 'SENSOR_UPDATE', source: 'push', deltas: [delta], more: false };
}

function openResources(): number {
  const ours = new Set(['TCPSocketWrap', 'TCPServerWrap', 'UDPWrap', 'Timeout', 'TCPConnectWrap']);
  return process.getActiveResourcesInfo().filter((name) => ours.has(name)).length;
}
