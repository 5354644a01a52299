import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { Random } from '../../src/kit/random.ts';
import type { PeerId } from '../../src/model/ids.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { decodeFirst, encodeFirst, encodeMessage } from '../../src/wire/codec.ts';
import { encodeDatagram, encodeDiscovery } from '../../src/wire/envelope.ts';
import { type Hello, PROTOCOL, PROTOCOL_MIN } from '../../src/wire/messages.ts';
import { allAlive, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { Loiterers, sayTo, sendTo } from './strangers.ts';
import { until } from './until.ts';

const random = new Random(42);
const IDLE = 300;
const PACKETS = 500;
const RESIDENT_MAX = 220_000_000;

const site = new Site();
let broadcastPort = 0;
let ann: SiteNode;
let peers = 0;

beforeAll(async () => {
  [broadcastPort = 0] = await freePorts(1);
  ann = await site.start('ann', [], { DISCOVERY: 'on', BROADCAST_PORT: String(broadcastPort) });
});
afterAll(() => site.stop());

test.each([
  ['garbage', garbage(400), 'oversize'],
  ['a frame of garbage', framed(garbage(100)), 'malformed'],
  ['HTTP', 'GET /api/state HTTP/1.1\r\nhost: ann\r\n\r\n', 'oversize'],
  ['an oversize frame', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'oversize'],
  ['half a frame', Buffer.from([0, 0, 0, 100, 1, 2, 3]), 'silent'],
  ['half a length', Buffer.from([0, 0]), 'silent'],
  ['nothing', Buffer.alloc(0), 'silent'],
  ['a message before HELLO', framed(encodeMessage({ type: 'ACK', of: 'GET_STATE' })), 'malformed'],
  ['another version', framed(encodeFirst(hello({ protocolMin: 98, protocolMax: 99 }))), 'wrong_version'],
  ['another site', framed(encodeFirst(hello({ site: 'elsewhere' }))), 'wrong_site'],
] as const)(
  '[WS11] %s at the peer port is answered by the reason, and a real peer joins after it',
  async (_, bytes, code) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => sayTo(ann.ports.port, bytes)));

    for (const answer of answers) expect(decodeFirst(answer.subarray(4))).toMatchObject({ value: { code } });
    expect(await ann.counter(`peer_refused_${code}_total`)).toBeGreaterThanOrEqual(20);
    await worksStill();
  },
);

test('[WS11] what follows a sound HELLO and makes no sense costs its sender at most its own connection', async () => {
  const greeting = framed(encodeFirst(hello({ site: site.name })));

  const nonsense = await sayTo(
    ann.ports.port,
    Buffer.concat([greeting, framed(garbage(50)), Buffer.from([0xff, 0xff, 0xff, 0xff])]),
  );

  expect(nonsense.byteLength).toBeGreaterThan(greeting.byteLength / 2);
  await worksStill();
});

test('[WS11] packets that make no sense are counted and change nothing, at the peer port and at that of discovery', async () => {
  const noise = Array.from({ length: PACKETS }, () => garbage(1 + random.below(1_200)));
  const elsewhere = [
    encodeDatagram('elsewhere', 'bob' as PeerId, { type: 'ACK', of: 'GET_STATE' }),
    encodeDiscovery({ ...announced(), site: 'elsewhere' }),
    encodeDiscovery(announced()).subarray(0, 20),
  ];

  await sendTo('127.0.0.1', ann.ports.port, noise);
  await sendTo('127.255.255.255', broadcastPort, noise);

  await until(
    'what comes after is heard',
    async () => {
      await sendTo('127.0.0.1', ann.ports.port, elsewhere);
      await sendTo('127.255.255.255', broadcastPort, elsewhere);
      return [
        await ann.counter('peer_datagrams_refused_wrong_site_total'),
        await ann.counter('discovery_packets_refused_wrong_site_total'),
      ];
    },
    ([atPeer = 0, atDiscovery = 0]) => atPeer > 0 && atDiscovery > 0,
  );
  await worksStill();
});

test('[WS11] garbage and half requests at the HTTP ports get a clear answer or the end, and others are served', async () => {
  const { apiPort, ingestPort } = ann.ports;
  const post = `POST /ingest HTTP/1.1\r\nhost: ann\r\nconnection: close\r\ncontent-length: `;

  const answers = await Promise.all([
    ...[apiPort, ingestPort].flatMap((port) => [
      sayTo(port, garbage(400)),
      sayTo(port, `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`),
      sayTo(port, framed(encodeFirst(hello({})))),
    ]),
    sayTo(apiPort, `${post}2\r\n\r\n{}`),
    sayTo(ingestPort, `${post}${LIMITS.ingestBodyBytesMax + 1}\r\n\r\n`),
    sayTo(ingestPort, `${post}2\r\n\r\n{}`),
    sayTo(ingestPort, `${post}100000000000000000000\r\n\r\n`),
  ]);

  const statuses = answers.map((answer) => answer.toString('latin1').slice(9, 12));
  expect(statuses).toEqual(['400', '431', '400', '400', '431', '400', '405', '413', '400', '400']);
  await worksStill();
});

test('[WS12] while hundreds of connections that say nothing are held at its ports, a real peer joins and is served', async () => {
  const { port, apiPort, ingestPort } = ann.ports;
  const loiterers = [port, apiPort, ingestPort].map((one) => new Loiterers(one, IDLE));
  try {
    await until(
      'all are there',
      () => loiterers.map((one) => one.connected),
      (counts) => counts.every((count) => count > IDLE / 2),
    );

    await worksStill();
  } finally {
    for (const one of loiterers) one.stop();
  }
});

test('[WS11][HO9] all of this has left the node with about the memory it had, and its log short', async () => {
  const resident = await residentBytes(ann);
  const refusals = ann.lines.filter(({ msg }) => msg === 'refused');

  expect(resident).toBeLessThan(RESIDENT_MAX);
  expect(refusals.length).toBeLessThan(200);
  expect(ann.errors).toBe('');
});

/** A peer that was never here joins, and a reading of each reaches the other. */
async function worksStill(): Promise<void> {
  const id = `peer-${++peers}`;
  const peer = await site.start(id, ['ann']);
  await allAlive([ann, peer], 10_000);
  await ann.write({ sensor: `${id}/from-ann`, value: peers });
  await peer.write({ sensor: `${id}/from-peer`, value: peers });
  await until(
    'each has both',
    () => Promise.all([ann.state(), peer.state()]),
    (states) => states.every((state) => `ann:${id}/from-ann` in state && `${id}:${id}/from-peer` in state),
  );
  await peer.kill('SIGTERM');
}

async function residentBytes(node: SiteNode): Promise<number> {
  const text = await (await fetch(node.url('/metrics'))).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
}

function garbage(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at === 0 ? 0xa5 : random.below(256)));
}

function framed(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.byteLength);
  return Buffer.concat([length, payload]);
}

function hello(differing: Partial<Hello>): Hello {
  return {
    type: 'HELLO',
    protocolMin: PROTOCOL_MIN,
    protocolMax: PROTOCOL,
    site: site.name,
    peer: 'mallory' as PeerId,
    identity: { birth: 1, random: '00000000000000bb' },
    incarnation: 1,
    address: { host: '127.0.0.1', port: 1 },
    apiPort: 0,
    zone: '',
    instance: '0000000000000001',
    uptimeMs: 1,
    ...differing,
  };
}

function announced() {
  return {
    protocol: PROTOCOL,
    site: site.name,
    peer: 'mallory' as PeerId,
    instance: '0000000000000002',
    address: { host: '127.0.0.1', port: 1 },
  };
}
