// The names and addresses by which devices and people reach a node, as they stand in its certificate, so that whoever
// connects can see that it has come to the right place. SPEC rule TR17.

import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

/** What a name may be made of; underscores are none of DNS, and are used all the same. */
const NAME = /^(?=.{1,253}$)[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*$/;
const THIS_MACHINE = ['localhost', '127.0.0.1', '::1'];
const IPV6_GROUPS = 8;

/** `bound`: where it listens, null for everywhere. */
export function ownHosts(node: PeerId, bound: string | null, advertised: string | null): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // Addresses of one link alone are reached with a zone, which no certificate has.
    .filter(({ scopeid }) => !scopeid)
    .map(({ address }) => address);
  const reached = [...(advertised === null ? [] : [advertised]), ...(bound === null ? addresses : [bound])];
  return hostsAmong([...THIS_MACHINE, node, hostname(), ...reached]);
}

/** Of what somebody says, what can stand in a certificate, each once. */
export function hostsAmong(given: readonly string[]): readonly string[] {
  const fitting = given.filter((host) => isIP(host) !== 0 || NAME.test(host));
  return [...new Set(fitting)].slice(0, LIMITS.certificateHostsMax);
}

/** Whether who connects by each of them finds it in the certificate. */
export function namesAll(certificate: X509Certificate, hosts: readonly string[]): boolean {
  return hosts.every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  );
}

/** Four bytes, or sixteen. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = groupsOf(left);
  const after = groupsOf(right ?? '');
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
