// The desk behind a real transport, and those who come to it over real sockets.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { Heard, until } from '../host/network/testing.ts';
import { startOnLoopback } from '../host/network/testing-sockets.ts';
import { must } from '../kit/assert.ts';
import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { fingerprintOf } from './certificate.ts';
import { namesAll } from './hosts.ts';
import { Invitations } from './invitations.ts';
import { JOIN_PROTOCOL, join, renew } from './join-call.ts';
import { pinOf } from './join-code.ts';
import { JoinDesk } from './join-desk.ts';
import { foundSite, SiteTrust } from './site-trust.ts';
import { TestAuthority } from './testing.ts';
import { TrustFiles } from './trust-files.ts';

const ann = 'ann' as PeerId;
const bob = 'bob' as PeerId;
const cat = 'cat' as PeerId;
const HOUR_MS = 3_600_000;
const HOSTS = ['localhost', '10.0.0.8'];

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

test('[TR14] a code gets a certificate for the id that was asked for, and where others listen', async () => {
  const { address, code, story } = await desk();

  const joined = await join(address, code(), bob, HOSTS, 5_000);

  expect(joined).toMatchObject({ ok: true, value: { credentials: { name: { site: 'hall', node: bob } } } });
  expect(joined.ok && joined.value.peers).toEqual([{ host: '10.0.0.7', port: 9_000 }]);
  expect(story).toEqual(['joined bob']);
});

test('[TR15] an id that the site has, and nonsense, are refused, and the code stays good', async () => {
  const { address, code, story } = await desk();
  const given = code();

  const taken = [
    await join(address, given, ann, HOSTS, 5_000),
    await join(address, given, cat, HOSTS, 5_000),
  ];
  const nonsense = await Promise.all(
    ['{}', 'no JSON', '{"ask":"join","key":"short"}'].map((line) => say(address, line)),
  );
  const joined = await join(address, given, bob, HOSTS, 5_000);

  expect(taken.map(({ ok }) => ok)).toEqual([false, false]);
  expect(nonsense.every((answer) => answer.includes('makes no sense'))).toBe(true);
  expect(joined.ok).toBe(true);
  expect(story).toEqual(['taken', 'taken', 'malformed', 'malformed', 'malformed', 'joined bob']);
});

test('[TR14] who comes with the code of another site says nothing, and the code stays good', async () => {
  const { address, code, story } = await desk();
  const given = code();
  const pin = pinOf(fingerprintOf(new TestAuthority().credentials(ann).authority));

  const astray = await join(address, { ...given, pin }, bob, HOSTS, 5_000);

  expect(astray).toMatchObject({ ok: false, problem: expect.stringContaining('not of the site') });
  expect(story).toEqual([]);
});

test('[TR16] a member gets a certificate for itself, one that was revoked or is a stranger gets none', async () => {
  const { address, code, story, trust } = await desk();
  const bobs = await join(address, code(), bob, HOSTS, 5_000);
  const credentials = must(bobs.ok ? bobs.value.credentials : null, 'bob has joined');

  const renewed = await renew(address, credentials, HOSTS, 5_000);
  trust.heard(must(trust.revoke(bob, Date.now() + 1_000), 'an authority'));
  const revoked = await renew(address, credentials, HOSTS, 5_000);
  const stranger = await renew(
    address,
    { ...new TestAuthority('hall').credentials(bob), authority: credentials.authority },
    HOSTS,
    5_000,
  );

  expect(renewed).toMatchObject({ ok: true, value: { credentials: { name: { node: bob } } } });
  expect([revoked.ok, stranger.ok]).toEqual([false, false]);
  expect(story).toEqual(['joined bob', 'renewed bob', 'certificate', 'certificate']);
});

test('[TR17] a member is believed where it is reached, but not that it is another one', async () => {
  const { address, code } = await desk();

  const bobs = await join(address, code(), bob, [...HOSTS, 'bob', ann, cat, 'no,name'], 5_000);

  const { certificate } = must(bobs.ok ? bobs.value.credentials : null, 'bob has joined');
  expect(namesAll(certificate, [...HOSTS, 'bob'])).toBe(true);
  expect([ann, cat].map((other) => namesAll(certificate, [other]))).toEqual([false, false]);
  expect(certificate.subjectAltName).not.toContain('no');
});

test('[TR15] who says nothing, too much, or comes with many others is cut off, and others are served', async () => {
  const { address, code } = await desk(400);
  const mute = await Promise.all(Array.from({ length: LIMITS.guestsMax + 4 }, () => dial(address)));
  const loud = mute[0] as TLSSocket;

  loud.write('x'.repeat(LIMITS.guestBytesMax + 1));
  await until(() => mute.every(({ destroyed }) => destroyed), 10_000);
  const joined = await join(address, code(), bob, HOSTS, 5_000);

  expect(joined.ok).toBe(true);
});

async function desk(patienceMs = 5_000) {
  const directory = mkdtempSync(pathOf(tmpdir(), 'sensorium-desk-'));
  closing.push(() => rmSync(directory, { recursive: true }));
  const files = new TrustFiles(directory, null);
  foundSite(files, { site: 'hall', node: ann }, { lifeMs: HOUR_MS, nowMs: Date.now(), hosts: [] });
  const trust = new SiteTrust(files);
  const invitations = new Invitations([], () => {});
  const story: string[] = [];
  const opened = new JoinDesk(
    {
      trust,
      invitations,
      lifeMs: HOUR_MS,
      patienceMs,
      wallMs: () => Date.now(),
      isMember: (node) => node === cat,
      peers: () => [{ host: '10.0.0.7', port: 9_000 }],
    },
    {
      joined: (node) => story.push(`joined ${node}`),
      renewed: (node) => story.push(`renewed ${node}`),
      refused: (_where, why) => story.push(why),
    },
  );
  const transport = await startOnLoopback({ site: 'hall', trust, guest: opened.receive }, new Heard());
  closing.push(() => transport.stop());
  closing.push(() => opened.stop());
  const pin = pinOf(fingerprintOf(trust.credentials.authority));
  const code = () => {
    const nowMs = Date.now();
    return { secret: must(invitations.draw(nowMs, nowMs + HOUR_MS), 'room'), pin };
  };
  return { address: transport.address, code, story, trust };
}

async function dial({ host, port }: Address): Promise<TLSSocket> {
  const socket = connect({ host, port, ALPNProtocols: [JOIN_PROTOCOL], rejectUnauthorized: false });
  socket.on('error', () => {});
  closing.push(() => void socket.destroy());
  await new Promise((secure) => socket.once('secureConnect', secure));
  socket.on('end', () => socket.destroy());
  socket.resume();
  return socket;
}

async function say(address: Address, line: string): Promise<string> {
  const socket = await dial(address);
  let answer = '';
  socket.on('data', (data: Buffer) => {
    answer += data.toString('utf8');
  });
  socket.write(`${line}\n`);
  await new Promise((closed) => socket.once('close', closed));
  return answer;
}
