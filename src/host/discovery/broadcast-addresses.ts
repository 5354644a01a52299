// Where a broadcast of this machine goes: each interface's own broadcast address, and the loopback's, where the
// nodes of one machine hear one another. SPEC rule NW18.

import type { NetworkInterfaceInfo } from 'node:os';
import { must } from '../../kit/assert.ts';

const LOOPBACK_BROADCAST = '127.255.255.255';
const EVERY_INTERFACE = new Set(['0.0.0.0', '::', '']);

export interface Interfaces {
  readonly [name: string]:
    | readonly Pick<NetworkInterfaceInfo, 'address' | 'netmask' | 'family' | 'internal'>[]
    | undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** `host`: where this peer listens. On an interface where it does not, nobody is to look for it. */
export function broadcastAddresses(host: string, interfaces: Interfaces): readonly string[] {
  if (isLoopback(host)) return [LOOPBACK_BROADCAST];
  const found = new Set([LOOPBACK_BROADCAST]);
  for (const address of Object.values(interfaces).flatMap((addresses) => addresses ?? [])) {
    if (address.family !== 'IPv4' || address.internal) continue;
    if (isIPv4(host) && !EVERY_INTERFACE.has(host) && address.address !== host) continue;
    found.add(broadcastOf(address.address, address.netmask));
  }
  return [...found];
}

function isIPv4(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

function broadcastOf(address: string, netmask: string): string {
  const masks = netmask.split('.').map(Number);
  return address
    .split('.')
    .map((octet, i) => Number(octet) | (~must(masks[i], 'a mask has as many octets as an address') & 0xff))
    .join('.');
}
