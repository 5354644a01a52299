// The other end of the desk: a machine that has a code, or a member whose certificate is to be followed by another.
// Who is there is known before anything is said: by the code's pin, or by the authority. SPEC rules TR14, TR16.

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { ok, type Result, refused } from '../kit/result.ts';
import { type Address, addressText, parseAddress } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { fingerprintOf, nodeNameOf } from './certificate.ts';
import type { Credentials } from './credentials.ts';
import { type JoinCode, pinOf } from './join-code.ts';
import { drawnKey, publicBytes } from './keys.ts';
import { tlsOptionsOf } from './peer-security.ts';

export const JOIN_PROTOCOL = 'sensorium-join/1';

export interface Joined {
  readonly credentials: Credentials;
  readonly peers: readonly Address[];
}

export async function join(
  address: Address,
  { secret, pin }: JoinCode,
  node: PeerId,
  hosts: readonly string[],
  patienceMs: number,
): Promise<Result<Joined>> {
  const key = drawnKey();
  const asked = { node, key: keyText(key), hosts: hosts.join(' ') };
  const ask = { ask: 'join', secret: secret.toString('base64'), ...asked };
  const isRight = (authority: X509Certificate) => pinOf(fingerprintOf(authority)).equals(pin);
  const line = await exchange(address, {}, isRight, ask, patienceMs);
  return line.ok ? joinedOf(line.value, node, key, isRight) : line;
}

export async function renew(
  address: Address,
  credentials: Credentials,
  hosts: readonly string[],
  patienceMs: number,
): Promise<Result<Joined>> {
  const key = drawnKey();
  const own = fingerprintOf(credentials.authority);
  const isRight = (authority: X509Certificate) => fingerprintOf(authority).equals(own);
  const ask = { ask: 'renew', key: keyText(key), hosts: hosts.join(' ') };
  const line = await exchange(address, tlsOptionsOf(credentials), isRight, ask, patienceMs);
  return line.ok ? joinedOf(line.value, credentials.name.node, key, isRight) : line;
}

type IsRight = (authority: X509Certificate) => boolean;

function exchange(
  { host, port }: Address,
  options: object,
  isRight: IsRight,
  ask: object,
  patienceMs: number,
): Promise<Result<string>> {
  return new Promise((resolve) => {
    const socket = connect({
      ...options,
      host,
      port,
      minVersion: 'TLSv1.3',
      ALPNProtocols: [JOIN_PROTOCOL],
      // What is asked of a certificate here, `isRight` asks.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const late = setTimeout(() => fail(`no answer within ${patienceMs} ms`), patienceMs);
    const fail = (problem: string) => {
      clearTimeout(late);
      socket.destroy();
      resolve(refused(problem));
    };
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('error', (error) => fail(`nobody of the site answers there: ${error.message}`));
    socket.on('secureConnect', () => {
      if (!isSignedBy(socket, isRight)) fail('who answers there is not of the site that this code is for');
      else socket.write(`${JSON.stringify(ask)}\n`);
    });
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > LIMITS.frameBytesMax) fail('the answer is too long');
    });
    socket.on('close', () => {
      clearTimeout(late);
      resolve(ok(answer));
    });
  });
}

function isSignedBy(socket: TLSSocket, isRight: IsRight): boolean {
  const certificate = socket.getPeerX509Certificate();
  const authority = certificate?.issuerCertificate;
  if (certificate === undefined || authority === undefined) return false;
  return isRight(authority) && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/** What was answered holds together, or is refused. */
function joinedOf(line: string, node: PeerId, key: KeyObject, isRight: IsRight): Result<Joined> {
  try {
    const answer: unknown = JSON.parse(line);
    if (typeof answer !== 'object' || answer === null) return refused('the answer makes no sense');
    if ('problem' in answer) return refused(String(answer.problem));
    if (!('certificate' in answer && 'authority' in answer)) return refused('the answer makes no sense');
    const certificate = new X509Certificate(String(answer.certificate));
    const authority = new X509Certificate(String(answer.authority));
    const name = nodeNameOf(certificate);
    const isOurs =
      isRight(authority) &&
      certificate.verify(authority.publicKey) &&
      publicBytes(certificate.publicKey).equals(publicBytes(createPublicKey(key)));
    if (name === null || name.node !== node || !isOurs)
      return refused('the certificate answered is another one');
    const peers = 'peers' in answer && Array.isArray(answer.peers) ? answer.peers.flatMap(addressIn) : [];
    return ok({ credentials: { name, authority, certificate, key }, peers });
  } catch {
    return refused('the answer makes no sense');
  }
}

function addressIn(given: unknown): Address[] {
  if (typeof given !== 'object' || given === null || !('host' in given && 'port' in given)) return [];
  const address = parseAddress(addressText({ host: String(given.host), port: Number(given.port) }));
  return address.ok ? [address.value] : [];
}

function keyText(key: KeyObject): string {
  return publicBytes(key).toString('base64');
}
