// A site whose nodes share a key, and those who would like to be part of it: each is kept out or not listened to, what
// the nodes hold stays as it is, and whoever belongs to the site goes on.

import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askNode } from '../../src/control/control-client.ts';
import { peerNamed } from '../../src/host/network/testing.ts';
import { type TrustRefusal, trustCounter } from '../../src/model/trust-refusal.ts';
import { clusterCredentials } from '../../src/trust/credentials.ts';
import { encodeDatagram } from '../../src/wire/envelope.ts';
import type { Message } from '../../src/wire/messages.ts';
import { Intruder } from './intruder.ts';
import { type Environment, program, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const CLUSTER_KEY = 'a key for this test and no other';
const IDS = ['ann', 'bob', 'cat'];
const FORGED_ROUND = 99;
const IDENTITY = { birth: 1, random: '0123456789abcdef' };

const site = new Site();
let ann: SiteNode;
let bob: SiteNode;
const guests: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  const nodes = await site.startAll(IDS, { CLUSTER_KEY });
  [ann, bob] = nodes as [SiteNode, SiteNode];
  await bob.write([{ sensor: 'kitchen', value: 21 }]);
  await until('the reading is ordered everywhere', () => Promise.all(nodes.map(held)), allEqual);
}, 120_000);
afterAll(async () => {
  await Promise.all(guests.map((guest) => guest.stop()));
  await site.stop();
});

test('[TR10] a bind beyond loopback without a key is refused in one line that says what to do', async () => {
  const ended = await runToEnd({ HOST: '0.0.0.0', DATA_DIR: site.directoryOf('dan') });

  expect(ended.code).toBe(2);
  expect(ended.errors.trim().split('\n')).toHaveLength(1);
  expect(ended.errors).toContain('CLUSTER_KEY');
  expect(ended.errors).toContain('INSECURE=true');
});

test('[TR10] who says INSECURE=true is told what that means, in the log, by the API and by status', async () => {
  const dan = await site.start('dan', [], { HOST: '0.0.0.0', INSECURE: 'true', SITE: 'elsewhere' });
  guests.push({ stop: async () => void (await dan.kill()) });

  const health = await dan.get<{ insecure: boolean }>('/healthz');
  const status = await outputOf(['status', '--node', dan.url()]);
  const ownHealth = await ann.get<{ insecure: boolean }>('/healthz');
  await dan.kill();

  expect(health.insecure).toBe(true);
  expect(ownHealth.insecure).toBe(false);
  expect(dan.lines.some(({ level, msg }) => level === 'error' && msg.includes('INSECURE'))).toBe(true);
  expect(status).toContain('INSECURE');
});

test('[TR1] nodes with one key are a site, and what goes between them is not readable on its way', async () => {
  const counted = await ann.counter('peer_frames_received_total');

  expect(counted).toBeGreaterThan(0);
  expect(await refusals(ann)).toEqual({});
});

test('[TR18][TR22] with a key as well, devices and people come by TLS, with one authority at all nodes', async () => {
  const answer = await askNode(join(site.directoryOf('ann'), 'control.sock'), { act: 'ca' });
  const file = join(site.directory, 'site-ca.pem');
  writeFileSync(file, 'authority' in answer ? answer.authority : '');

  const status = await outputOf(['status', '--node', bob.url().replace('http:', 'https:')], {
    SENSORIUM_CA: file,
  });

  expect(status).toContain('bob');
  expect(await bob.counter('tokens_in_clear_total')).toBe(0);
});

const STRANGERS: readonly {
  readonly who: string;
  readonly key: string | null;
  readonly why: TrustRefusal;
}[] = [
  { who: 'no certificate and no TLS', key: null, why: 'plaintext' },
  { who: 'a certificate of another key', key: 'another key, as long as ours', why: 'foreign-certificate' },
];

for (const { who, key, why } of STRANGERS) {
  test(`[TR3][TR8] who comes with ${who} is kept out, counted and told of, and changes nothing`, async () => {
    const before = await held(ann);
    const counted = await ann.counter(trustCounter(why));
    const name = { site: site.name, node: peerNamed('eve') };
    const trust =
      key === null ? null : { credentials: clusterCredentials(key, name), isRevoked: () => false };
    const eve = await new Intruder('eve').start(site.name, trust);
    guests.push(eve);

    eve.dial(ann);
    eve.say(ann, coordinatorOf('eve'));
    await until(
      'ann counts it',
      () => ann.counter(trustCounter(why)),
      (count) => count > counted,
    );
    const { events } = await ann.get<Introspection>('/api/introspection/events');

    expect(eve.heard.hellos).toEqual([]);
    expect(await held(ann)).toBe(before);
    expect(await ann.statuses()).not.toHaveProperty('eve');
    expect(
      events.items.some(({ event_type, details }) => event_type === 'peer_refused' && details.why === why),
    ).toBe(true);
  });
}

test('[TR3] a node with the key is let in by the same door', async () => {
  const name = { site: site.name, node: peerNamed('fay') };
  const trust = { credentials: clusterCredentials(CLUSTER_KEY, name), isRevoked: () => false };
  const fay = await new Intruder('fay').start(site.name, trust);
  guests.push(fay);

  await until(
    'fay is let in',
    () => {
      fay.dial(ann);
      return fay.heard.hellos.length;
    },
    (count) => count > 0,
  );

  expect(fay.heard.hellos[0]?.peer).toBe('ann');
});

test('[TR6] who may speak in its own name alone leads nobody, writes for nobody and is nobody else', async () => {
  const before = await held(ann);
  const name = { site: site.name, node: peerNamed('gus') };
  const trust = { credentials: clusterCredentials(CLUSTER_KEY, name), isRevoked: () => false };
  const gus = await new Intruder('gus').start(site.name, trust);
  const notHan = await new Intruder('han').start(site.name, trust);
  guests.push(gus, notHan);
  for (const message of forgeries()) gus.say(ann, message);
  notHan.dial(ann);
  const counts = await until(
    'ann counts all of them',
    () => refusals(ann),
    (counts) => counts.forged_claim === forgeries().length && (counts.forged_sender ?? 0) > 0,
  );

  expect(counts.forged_claim).toBe(forgeries().length);
  // The lead may go from one node to another meanwhile, but not by a forged ballot.
  const { ballot } = await until(
    'a node of the site leads',
    () => ann.get<{ leader: string | null; ballot: { round: number } | null }>('/api/v1/view'),
    ({ leader }) => leader !== null,
  );
  expect(ballot?.round).toBeLessThan(FORGED_ROUND);
  expect(await held(ann)).toBe(before);
  expect(await ann.statuses()).not.toHaveProperty('han');
});

test('[TR4][TR9] datagrams nobody sealed and connections that stand still keep nobody from the site', async () => {
  const before = await held(ann);
  const slow = Array.from({ length: 300 }, () => connect(ann.ports.port, '127.0.0.1'));
  for (const socket of slow) socket.on('error', () => {}).write(Buffer.of(0x16));
  const datagrams = createSocket('udp4');
  const ping: Message = { type: 'PING', nonce: 1, wallMs: 0, rumours: [] };
  for (let count = 0; count < 20; count++) {
    datagrams.send(encodeDatagram(site.name, peerNamed('bob'), ping), ann.ports.port, '127.0.0.1');
  }

  await until(
    'ann counts them',
    () => refusals(ann),
    (counts) => (counts.handshake ?? 0) >= 100 && (counts.unsealed ?? 0) + (counts.unknown_seal ?? 0) > 0,
  );
  await bob.kill();
  const again = await site.start('bob', IDS, { CLUSTER_KEY });
  await until(
    'bob is alive for ann',
    () => ann.statuses(),
    (statuses) => statuses.bob === 'alive',
  );
  for (const socket of slow) socket.destroy();
  datagrams.close();
  const unchanged = await held(ann);
  await again.write([{ sensor: 'kitchen', value: 22 }]);
  const after = await until(
    'what bob says is ordered at ann',
    () => held(ann),
    (held) => held !== before,
  );

  expect(unchanged).toBe(before);
  expect(after).not.toBe(before);
});

interface Introspection {
  readonly events: {
    readonly items: readonly { readonly event_type: string; readonly details: { readonly why?: string } }[];
  };
}

/** What a node holds: the latest readings and the log, as one hash. */
async function held(node: SiteNode): Promise<string> {
  const [latest, log] = await Promise.all([
    node.get<readonly { readonly sensor: string; readonly value: unknown; readonly n: number }[]>(
      '/api/v1/latest',
    ),
    node.get<{ readonly watermark: number; readonly readings: readonly unknown[] }>('/api/v1/log?from=1'),
  ]);
  if (log.readings.length === 0) throw new Error('nothing is ordered yet');
  const rows = latest.map(({ sensor, value, n }) => [sensor, value, n]);
  return createHash('sha256')
    .update(JSON.stringify([rows, log.watermark, log.readings]))
    .digest('hex');
}

function allEqual(hashes: readonly string[]): boolean {
  return new Set(hashes).size === 1;
}

/** By reason, how often somebody was not trusted. */
async function refusals(node: SiteNode): Promise<{ readonly [why: string]: number }> {
  const { metrics } = await node.get<{ metrics: { counters: { readonly [name: string]: number } } }>(
    '/api/introspection/metrics',
  );
  const found = Object.entries(metrics.counters).flatMap(([name, count]) => {
    const why = /^trust_refused_(\w+)_total$/.exec(name)?.[1];
    return why === undefined ? [] : [[why, count] as const];
  });
  return Object.fromEntries(found);
}

function forgeries(): readonly Message[] {
  const head = { group: '0123456789abcdef', identity: IDENTITY };
  const member = {
    peer: peerNamed('cat'),
    identity: IDENTITY,
    address: { host: '127.0.0.1', port: 9 },
    priority: 9,
  };
  return [
    coordinatorOf('cat'),
    { type: 'VIEW_SYNC_REQUEST', group: null, member, expect: 1, format: 1, joins: true },
    {
      type: 'SEQUENCER_REQUEST',
      ...head,
      producer: { origin: peerNamed('cat'), identity: IDENTITY },
      firstN: 1,
      lastN: 1,
      content: { kind: 'lost', reason: 'so they say' },
      dissolved: null,
    },
  ];
}

/** The first word of a leader. */
function coordinatorOf(leader: string): Message {
  const ballot = { round: FORGED_ROUND, priority: 9, peer: peerNamed(leader), identity: IDENTITY };
  return {
    type: 'COORDINATOR',
    group: '0123456789abcdef',
    identity: IDENTITY,
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

async function runToEnd(environment: { readonly [name: string]: string }) {
  const child = program(['node'], environment);
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((ended) => child.once('close', ended));
  return { code, errors };
}

async function outputOf(args: readonly string[], environment: Environment = {}): Promise<string> {
  const child = program(args, environment);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((ended) => child.once('close', ended));
  return output;
}
