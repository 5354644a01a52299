// Doors before a real listener, and clients over real sockets that trust a site's authority or do not.

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { request } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { until } from '../host/network/testing.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { issuedMsOf, pemOf } from '../trust/certificate.ts';
import { plainPem } from '../trust/keys.ts';
import { TestAuthority } from '../trust/testing.ts';
import { Door, type DoorTls, isSecured, type ShownCertificate } from './door.ts';
import { httpDoor } from './http-door.ts';

const ANN = 'ann' as PeerId;
/** An address of this machine that others would use. */
const OUTWARD = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const authority = new TestAuthority();
const ca = pemOf(authority.credentials(ANN).authority);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close();
});

test('[TR18] one port takes TLS and plain, and nothing of what is said first is lost', async () => {
  const { port, refused } = await echo(offered());
  const large = 'x'.repeat(200_000);

  const plain = await saidBy(connect(port, '127.0.0.1'), large);
  const secured = await saidBy(connectTls({ port, host: '127.0.0.1', ca }), large);
  const old = { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' } as const;
  const small = await saidBy(connectTls({ port, host: 'localhost', ca, ...old }), 'TLS 1.2');

  expect(plain === `plain ${large}`).toBe(true);
  expect(secured === `secured ${large}`).toBe(true);
  expect(small).toBe('secured TLS 1.2');
  expect(refused).toEqual([]);
});

test('[TR17][TR19] a client of another authority or at a wrong name stays away; what fails is counted by reason', async () => {
  const { port, refused } = await echo(offered());
  const foreign = pemOf(new TestAuthority().credentials(ANN).authority);
  const clients: readonly ConnectionOptions[] = [
    { port, host: '127.0.0.1', ca: foreign },
    { port, host: '127.0.0.1', ca, servername: 'bob' },
    { port, host: '127.0.0.1', ca, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
  ];

  const problems = await Promise.all(clients.map((options) => problemOf(options)));
  const broken = connect(port, '127.0.0.1').on('error', () => {});
  broken.write(Buffer.from([0x16, 3, 1, 2, 0]), () => broken.resetAndDestroy());
  await until(() => refused.length >= 2);

  expect(problems.map(({ code }) => code)).toEqual([
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    expect.stringContaining('VERSION'),
  ]);
  // Clients like these judge a certificate once TLS stands, and hang up. Others say why: see test/e2e/onboarding.test.ts.
  expect(new Set(refused)).toEqual(new Set(['tls-version', 'tls-handshake']));
});

test('[TR20] where TLS is required only this machine comes without, and another one is told', async (context) => {
  if (OUTWARD === undefined) return context.skip('this machine has no address but loopback');
  const tls = { ...offered(), isRequired: true };
  const refused: string[] = [];
  const server = createHttpServer((_request, response) => response.end('served'));
  httpDoor(server, tls, (reason) => refused.push(reason));
  const port = await listening(server, '0.0.0.0');

  const here = await fetch(`http://127.0.0.1:${port}/`);
  const away = await fetch(`http://${OUTWARD}:${port}/`);
  const secured = await get({ port, host: OUTWARD, ca, servername: 'localhost' });

  expect([here.status, await here.text()]).toEqual([200, 'served']);
  expect([away.status, await away.json()]).toEqual([426, expect.objectContaining({ code: 'tls-required' })]);
  expect(secured).toBe('served');
  expect(refused).toEqual(['tls-required']);
});

test('[TR18] a certificate that was renewed is shown to who comes next, and who is there stays', async () => {
  let shown = shownBy(1);
  const { port } = await echo({ isRequired: false, shown: () => shown });
  const first = connectTls({ port, host: '127.0.0.1', ca });
  await once(first, 'secureConnect');
  closing.push(() => first.destroy());

  shown = shownBy(2);
  const second = connectTls({ port, host: '127.0.0.1', ca });
  await once(second, 'secureConnect');
  closing.push(() => second.destroy());
  const certificates = [first, second].map((socket) => socket.getPeerX509Certificate());
  const answer = await saidBy(first, 'still');

  expect(certificates.map((certificate) => certificate && issuedMsOf(certificate))).toEqual([1, 2]);
  expect(answer).toBe('secured still');
});

test('[TR19] handshakes that do not end keep nobody out, and are bounded', async () => {
  const { port, refused } = await echo(offered());
  const hello = Buffer.from([0x16, 3, 1, 2, 0]);
  for (let at = 0; at <= LIMITS.deviceHandshakesMax; at++) {
    const slow = connect(port, '127.0.0.1', () => slow.write(hello));
    slow.on('error', () => {});
    closing.push(() => slow.destroy());
  }

  await until(() => refused.length > 0, 10_000);
  // All that are there have had their time after a second.
  const fullMs = performance.now();
  await until(() => performance.now() > fullMs + 1_100, 10_000);
  const said = await saidBy(connectTls({ port, host: '127.0.0.1', ca }), 'me');

  expect(said).toBe('secured me');
  expect(new Set(refused)).toEqual(new Set(['tls-handshake']));
});

function shownBy(issuedMs: number): ShownCertificate {
  const { certificate, key } = authority.credentials(ANN, Date.UTC(2090, 0), issuedMs);
  return { cert: pemOf(certificate), key: plainPem(key) };
}

function offered(): DoorTls {
  const shown = shownBy(1);
  return { isRequired: false, shown: () => shown };
}

/** Says what it is told, and how it came. */
async function echo(tls: DoorTls) {
  const refused: string[] = [];
  const door = new Door(tls, {
    entered: (socket) => {
      socket.on('error', () => {});
      socket.write(`${isSecured(socket) ? 'secured' : 'plain'} `);
      socket.pipe(socket);
    },
    refused: (reason) => refused.push(reason),
    plainAnswer: '',
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => door.receive(socket));
  closing.push(() => door.stop());
  return { port: await listening(server, '127.0.0.1'), refused };
}

async function listening(server: Server, host: string): Promise<number> {
  closing.push(() => server.close());
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return port;
}

/** All that is answered to somebody who says this and no more. */
async function saidBy(socket: Socket, text: string): Promise<string> {
  closing.push(() => socket.destroy());
  socket.end(text);
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
  return answer;
}

async function problemOf(options: ConnectionOptions): Promise<NodeJS.ErrnoException> {
  const socket = connectTls(options);
  const [error] = await new Promise<[NodeJS.ErrnoException]>((failed) =>
    socket.once('error', (why) => failed([why])),
  );
  return error;
}

function get(options: {
  readonly port: number;
  readonly host: string;
  readonly ca: string;
  readonly servername: string;
}) {
  return new Promise<string>((resolve, reject) => {
    const asked = request({ ...options, agent: false }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    });
    asked.once('error', reject).end();
  });
}
