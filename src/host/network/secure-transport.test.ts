// The transport with certificates, on real sockets: the contract holds, and each who is not let in is counted, changes
// nothing, and does not keep out who may come.

import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { type TrustRefusal, trustCounter } from '../../model/trust-refusal.ts';
import { tlsOptionsOf } from '../../trust/peer-security.ts';
import { TestAuthority, type TestTrust } from '../../trust/testing.ts';
import { encodeFirst } from '../../wire/codec.ts';
import { encodeDatagram } from '../../wire/envelope.ts';
import type { Message } from '../../wire/messages.ts';
import { frameOf } from './framing.ts';
import { ann, bob, cat, helloOf, ping, until } from './testing.ts';
import { Bench, startOnLoopback } from './testing-sockets.ts';
import { transportContract } from './transport.contract.ts';

const authority = new TestAuthority();
const elsewhere = new TestAuthority('elsewhere');

describe('the contract', () => {
  transportContract((options, events) => {
    const of = options.site === 'test' ? authority : elsewhere;
    return startOnLoopback({ ...options, trust: of.trustOf(options.peer) }, events);
  });
});

const bench = new Bench();
afterEach(() => bench.close());

function secured(peer: PeerId, trust: TestTrust = authority.trustOf(peer), as: PeerId = peer) {
  return bench.station(as, { trust });
}

test('[TR1] what goes between two peers cannot be read on its way, and is TLS 1.3', async () => {
  const anns = await secured(ann);
  const socket = connectTls({ ...tlsOptionsOf(authority.credentials(bob)), ...dialled(anns.address.port) });
  bench.onClose(async () => void socket.destroy());

  await new Promise((secure) => socket.once('secureConnect', secure));

  expect(socket.getProtocol()).toBe('TLSv1.3');
  expect(socket.authorized).toBe(true);
});

const STRANGERS: readonly {
  readonly who: string;
  readonly with: () => TestTrust;
  readonly why: TrustRefusal;
}[] = [
  {
    who: 'a certificate of somebody else',
    with: () => new TestAuthority().trustOf(bob),
    why: 'foreign-certificate',
  },
  { who: 'a certificate of another site', with: () => elsewhere.trustOf(bob), why: 'other-site' },
  { who: 'an expired certificate', with: () => authority.trustOf(bob, 1), why: 'expired-certificate' },
];

for (const stranger of STRANGERS) {
  test(`[TR3] who comes with ${stranger.who} is refused, and one who may come is let in`, async () => {
    const anns = await secured(ann);
    const bobs = await secured(bob, stranger.with());

    bobs.transport.contact(anns.address);
    await until(() => anns.count(trustCounter(stranger.why)) === 1 && bobs.heard.story.length === 1);
    const cats = await secured(cat);
    cats.transport.contact(anns.address);
    await until(() => anns.heard.story.length > 0);

    expect(anns.heard.story).toEqual(['up cat']);
    expect(anns.heard.distrust).toEqual([stranger.why]);
    expect(bobs.heard.story).toEqual([`contact ${anns.address.port} rejected`]);
  });
}

test('[TR3] who has no certificate is refused, and hears why', async () => {
  const anns = await secured(ann);
  const socket = connectTls({ minVersion: 'TLSv1.3', ...dialled(anns.address.port) });
  let said = '';
  socket.on('data', (data: Buffer) => {
    said += data.toString('latin1');
  });
  socket.on('error', () => {});
  bench.onClose(async () => void socket.destroy());

  await until(() => anns.count(trustCounter('no-certificate')) === 1 && said !== '');

  expect(said).toContain('CLUSTER_KEY');
  expect(anns.heard.story).toEqual([]);
});

test('[TR3] who speaks without TLS, or an old TLS, or another protocol is cut off, and nothing is said to it', async () => {
  const anns = await secured(ann);
  const plain = await bench.raw(anns.address);
  const credentials = authority.credentials(bob);
  const old = connectTls({
    ...tlsOptionsOf(credentials),
    ...dialled(anns.address.port),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
  });
  const web = connectTls({
    ...tlsOptionsOf(credentials),
    ...dialled(anns.address.port),
    ALPNProtocols: ['h2'],
  });
  for (const socket of [old, web]) {
    socket.on('error', () => {});
    bench.onClose(async () => void socket.destroy());
  }

  plain.write(frameOf(encodeFirst(helloOf(bob))));
  await until(() => anns.heard.distrust.length === 3);
  const bobs = await secured(bob);
  bobs.transport.contact(anns.address);
  await until(() => anns.heard.story.length > 0);

  expect(new Set(anns.heard.distrust)).toEqual(new Set(['plaintext', 'old-tls', 'handshake']));
  expect(plain.firsts()).toEqual([]);
  expect(anns.heard.story).toEqual(['up bob']);
});

test('[TR3] a secured peer does not speak to one that is not, whoever dials', async () => {
  const anns = await secured(ann);
  const bobs = await bench.station(bob);

  anns.transport.contact(bobs.address);
  bobs.transport.contact(anns.address);
  await until(() => anns.heard.story.length === 1 && bobs.heard.story.length === 1);

  expect(anns.heard.story).toEqual([`contact ${bobs.address.port} rejected`]);
  expect(bobs.heard.hellos).toEqual([]);
  expect(anns.count(trustCounter('plaintext'))).toBeGreaterThanOrEqual(1);
});

test('[TR3] a certificate lets in the node it is for and no other', async () => {
  const anns = await secured(ann);
  const forger = await secured(bob, authority.trustOf(bob), cat);

  forger.transport.contact(anns.address);
  await until(() => anns.heard.distrust.length === 1);
  const cats = await secured(cat);
  cats.transport.contact(anns.address);
  await until(() => anns.heard.story.length > 0);

  expect(anns.heard.distrust).toEqual(['forged-sender']);
  expect(anns.heard.story).toEqual(['up cat']);
});

test('[TR6] what only another may say in its own name is thrown away on both channels, and the link stands', async () => {
  const anns = await secured(ann);
  const bobs = await secured(bob);
  bobs.transport.contact(anns.address);
  await until(() => anns.heard.story.length === 1 && bobs.heard.story.length === 1);

  bobs.transport.send(ann, anns.address, coordinatorOf(cat), 'stream');
  bobs.transport.send(ann, anns.address, coordinatorOf(cat), 'datagram');
  await until(() => anns.count(trustCounter('forged-claim')) === 2);
  bobs.transport.send(ann, anns.address, coordinatorOf(bob), 'stream');
  await until(() => anns.heard.messages.length === 1);

  expect(anns.heard.messages[0]).toMatchObject({ from: bob, message: coordinatorOf(bob) });
  expect(anns.heard.story).toEqual(['up bob']);
});

test('[TR4][TR5] a datagram that was not sealed, was changed, or comes again is thrown away without an answer', async () => {
  const anns = await secured(ann);
  const bobs = await secured(bob);
  bobs.transport.contact(anns.address);
  await until(() => anns.heard.story.length === 1 && bobs.heard.story.length === 1);
  const between = await bench.rawDatagrams();

  bobs.transport.send(ann, between.address, ping(7), 'datagram');
  await until(() => between.packets.length === 1);
  const packet = between.packets[0] ?? Buffer.alloc(0);
  const changed = Buffer.from(packet);
  changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
  between.send(encodeDatagram('test', bob, ping(8)), anns.address);
  between.send(Buffer.from('short'), anns.address);
  between.send(changed, anns.address);
  between.send(packet, anns.address);
  between.send(packet, anns.address);
  await until(() => anns.heard.distrust.length === 4);

  expect(anns.heard.distrust).toEqual(['unsealed', 'unsealed', 'broken-seal', 'replayed']);
  expect(anns.heard.onChannel('datagram')).toEqual([{ from: bob, message: ping(7) }]);
  expect(between.packets.length).toBe(1);
});

test('[TR4] a message by datagram to a peer that was never met goes by stream', async () => {
  const anns = await secured(ann);
  const bobs = await secured(bob);

  anns.transport.send(bob, bobs.address, ping(1), 'datagram');
  await until(() => bobs.heard.messages.length === 1);
  anns.transport.send(bob, bobs.address, ping(2), 'datagram');
  await until(() => bobs.heard.messages.length === 2);

  expect(bobs.heard.messages.map(({ channel }) => channel)).toEqual(['stream', 'datagram']);
});

test('[TR7] who is revoked is cut off at once on both channels, and does not come back', async () => {
  const trust = authority.trustOf(ann);
  const anns = await secured(ann, trust);
  const bobs = await secured(bob);
  const cats = await secured(cat);
  for (const { transport } of [bobs, cats]) transport.contact(anns.address);
  await until(() => anns.heard.story.length === 2 && bobs.heard.story.length === 1);
  const between = await bench.rawDatagrams();
  bobs.transport.send(ann, between.address, ping(1), 'datagram');
  await until(() => between.packets.length === 1);

  trust.revoked.add(bob);
  anns.transport.trustChanged();
  const story = [...anns.heard.story];
  between.send(between.packets[0] ?? Buffer.alloc(0), anns.address);
  await until(() => anns.heard.distrust.includes('unknown-seal'));
  await until(() => bobs.heard.story.includes('down ann closed'));
  bobs.transport.contact(anns.address);
  await until(() => anns.count(trustCounter('revoked')) === 2);

  expect(story).toContain('down bob failed');
  expect(anns.heard.messages).toEqual([]);
  expect(anns.heard.story.filter((line) => line.startsWith('up'))).toHaveLength(2);
  expect(anns.heard.story).not.toContain('down cat failed');
});

test('[TR7] a certificate that was renewed is shown from the next connection on, and links stand meanwhile', async () => {
  const trust = authority.trustOf(ann, Date.now() + 3_600_000);
  const anns = await secured(ann, trust);
  const bobs = await secured(bob);
  bobs.transport.contact(anns.address);
  await until(() => anns.heard.story.length === 1);

  trust.credentials = authority.credentials(ann);
  const socket = connectTls({
    ...tlsOptionsOf(authority.credentials(cat)),
    ...dialled(anns.address.port),
  });
  bench.onClose(async () => void socket.destroy());
  await new Promise((secure) => socket.once('secureConnect', secure));

  expect(socket.getPeerX509Certificate()?.validTo).toContain('9999');
  expect(anns.heard.story).toEqual(['up bob']);
});

test('[TR7] a link whose certificate runs out ends with it', async () => {
  const anns = await secured(ann);
  const bobs = await secured(bob, authority.trustOf(bob, Date.now() + 4_000));

  bobs.transport.contact(anns.address);
  await until(() => anns.heard.story.length === 1);
  await until(() => anns.heard.story.length === 2, 15_000);

  expect(anns.heard.story).toEqual(['up bob', 'down bob failed']);
  expect(anns.heard.distrust).toContain('expired-certificate');
});

test('[TR9] connections that stand still before TLS end in time, make room, and keep nobody out', async () => {
  const anns = await bench.station(ann, { trust: authority.trustOf(ann), acceptQueueSize: 1_024 });
  const slow = await Promise.all(
    Array.from({ length: LIMITS.handshakesMax + 50 }, () => bench.raw(anns.address)),
  );
  for (const raw of slow) raw.write(Buffer.of(0x16));
  const bobs = await secured(bob);

  await until(() => {
    bobs.transport.contact(anns.address);
    return bobs.heard.hellos.length === 1;
  });
  await until(() => slow.every(({ ended }) => ended), 15_000);

  expect(anns.count(trustCounter('handshake'))).toBeGreaterThanOrEqual(slow.length);
  expect(anns.heard.story).toEqual(['up bob']);
});

function dialled(port: number) {
  return {
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['sensorium/1'],
    checkServerIdentity: () => undefined,
  };
}

/** The first word of a leader. */
function coordinatorOf(leader: PeerId): Message {
  const { identity } = helloOf(leader);
  const ballot = { round: 3, priority: 0, peer: leader, identity };
  return {
    type: 'COORDINATOR',
    group: '0123456789abcdef',
    identity,
    ballot,
    prevIndex: 0,
    prevBallot: ballot,
    prevChain: { a: 0, b: 0 },
    entries: [],
    commitIndex: 0,
    how: 'election',
    viewId: 1,
  };
}
