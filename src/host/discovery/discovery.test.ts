import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { decodeDatagram, encodeDiscovery } from '../../wire/envelope.ts';
import { PROTOCOL } from '../../wire/messages.ts';
import { ann, bob, cat, instanceOf, until } from '../network/testing.ts';
import { Discovery, type DiscoveryOptions } from './discovery.ts';

const QUIET = { atStartMs: [], aloneEveryMs: 3_600_000, otherwiseEveryMs: 3_600_000 };
const LOOPBACK_BROADCAST = '127.255.255.255';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

test('[NW17] of three nodes on one machine each hears the others, also those that started before it', async () => {
  const broadcastPort = await freePort();
  const anns = await discoveryOf(ann, { broadcastPort, address: at(1) });
  const bobs = await discoveryOf(bob, { broadcastPort, address: at(2) });
  const cats = await discoveryOf(cat, { broadcastPort, address: at(3), pace: { ...QUIET, atStartMs: [0] } });

  await until(() => cats.ports.size === 2 && anns.ports.size === 1 && bobs.ports.size === 1);

  expect([...anns.ports]).toEqual([3]);
  expect([...bobs.ports]).toEqual([3]);
  expect([...cats.ports].sort()).toEqual([1, 2]);
});

test('[NW17] a stranger is answered once, and nobody hears itself', async () => {
  const broadcastPort = await freePort();
  const anns = await discoveryOf(ann, { broadcastPort, address: at(1) });
  const stranger = await rawSocket();

  for (let i = 0; i < 5; i++) stranger.send(requestOf(bob, at(2)), broadcastPort);
  await until(() => anns.heard.length === 5);
  await stranger.roundTrip();

  expect(stranger.packets.length).toBe(1);
  expect(anns.heard).toEqual([2, 2, 2, 2, 2]);
  expect(anns.discovery.counters().discovery_packets_sent_total).toBe(1);
});

test('[NW17] a node asks several times when it starts, then more rarely, and more often while it is alone', async () => {
  const broadcastPort = await freePort();
  const pace = { atStartMs: [0, 20, 40], aloneEveryMs: 60, otherwiseEveryMs: 3_600_000 };
  const anns = await discoveryOf(ann, { broadcastPort, pace });
  const sent = () => anns.discovery.counters().discovery_packets_sent_total ?? 0;

  await until(() => sent() >= 6);
  anns.discovery.alone = false;
  const before = sent();
  anns.discovery.alone = true;
  await until(() => sent() > before);

  expect(anns.warnings).toEqual([]);
});

test('[NW19] garbage is counted and the next packet is heard', async () => {
  const broadcastPort = await freePort();
  const anns = await discoveryOf(ann, { broadcastPort });
  const stranger = await rawSocket();

  for (const garbage of ['', 'x', 'GET / HTTP/1.1\r\n\r\n', '\0'.repeat(1_000)]) {
    stranger.send(Buffer.from(garbage), broadcastPort);
  }
  stranger.send(requestOf(bob, at(2)).subarray(0, 20), broadcastPort);
  stranger.send(requestOf(bob, at(2)), broadcastPort);
  await until(() => anns.heard.length === 1);

  expect(anns.discovery.counters().discovery_packets_refused_malformed_total).toBe(5);
});

test('[NW19] a packet of another site is answered by a smaller ERROR, and never more than ten times a second', async () => {
  const broadcastPort = await freePort();
  const anns = await discoveryOf(ann, { broadcastPort });
  const stranger = await rawSocket();
  const request = requestOf(bob, at(2), 'elsewhere');

  for (let i = 0; i < 30; i++) stranger.send(request, broadcastPort);
  await until(() => anns.discovery.counters().discovery_packets_refused_wrong_site_total === 30);
  await stranger.roundTrip();

  expect(anns.heard).toEqual([]);
  expect(stranger.packets.length).toBeGreaterThanOrEqual(10);
  expect(stranger.packets.length).toBeLessThanOrEqual(11);
  for (const packet of stranger.packets) {
    const answer = decodeDatagram(packet);
    expect(packet.byteLength).toBeLessThan(request.byteLength);
    expect(answer.ok && answer.value.message).toMatchObject({ type: 'ERROR', code: 'wrong_site' });
  }
});

test('[NW19] only so many processes are remembered', async () => {
  const broadcastPort = await freePort();
  const anns = await discoveryOf(ann, { broadcastPort });
  const stranger = await rawSocket();
  const received = () => anns.discovery.counters().discovery_packets_received_total ?? 0;

  for (let i = 0; i < LIMITS.discoveryHeardMax + 100; i++) {
    stranger.send(requestOf(bob, at(2), 'test', i.toString(16).padStart(16, '0')), broadcastPort);
    if (i % 50 === 0) await until(() => received() === i + 1);
  }
  await until(() => received() === LIMITS.discoveryHeardMax + 100);

  expect(anns.heard.length).toBeLessThan(LIMITS.discoveryHeardMax);
});

test('[NW20] a port that cannot be bound is one warning, and discovery is off', async () => {
  const squatter = createSocket('udp4');
  await new Promise<void>((bound) => squatter.bind(0, LOOPBACK_BROADCAST, bound));
  closing.push(() => new Promise((closed) => squatter.close(closed)));

  const anns = await discoveryOf(ann, { broadcastPort: squatter.address().port });
  anns.discovery.alone = false;
  await anns.discovery.stop();

  expect(anns.discovery.isOn).toBe(false);
  expect(anns.warnings.length).toBe(1);
});

function at(port: number): Address {
  return { host: '127.0.0.1', port };
}

function requestOf(peer: PeerId, address: Address, site = 'test', instance = instanceOf(peer)): Buffer {
  return Buffer.from(encodeDiscovery({ protocol: PROTOCOL, site, peer, instance, address }));
}

async function discoveryOf(peer: PeerId, but: Partial<DiscoveryOptions>) {
  const heard: number[] = [];
  const ports = new Set<number>();
  const warnings: string[] = [];
  const discovery = await Discovery.start(
    {
      site: 'test',
      peer,
      instance: instanceOf(peer),
      host: '127.0.0.1',
      address: at(9000),
      broadcastPort: 0,
      pace: QUIET,
      ...but,
    },
    {
      discovered: ({ port }) => {
        heard.push(port);
        ports.add(port);
      },
      warning: (text) => warnings.push(text),
    },
  );
  closing.push(() => discovery.stop());
  return { discovery, heard, ports, warnings };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, LOOPBACK_BROADCAST, bound));
  const { port } = socket.address();
  await new Promise<void>((closed) => socket.close(closed));
  return port;
}

async function rawSocket() {
  const socket: Socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  socket.setBroadcast(true);
  closing.push(() => new Promise((closed) => socket.close(closed)));
  const packets: Buffer[] = [];
  let echoes = 0;
  socket.on('message', (packet, from) => {
    if (from.port === socket.address().port) echoes += 1;
    else packets.push(packet);
  });
  return {
    packets,
    send: (packet: Uint8Array, port: number) => socket.send(packet, port, LOOPBACK_BROADCAST),
    /** Resolves after whatever the other side had sent by then: loopback keeps packets in order. */
    roundTrip: async () => {
      const before = echoes;
      socket.send('echo', socket.address().port, '127.0.0.1');
      await until(() => echoes > before);
    },
  };
}
