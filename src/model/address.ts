// Where a peer can be reached: the same port number for its frames (TCP) and its probes (UDP).

import { ok, type Result, refused } from '../kit/result.ts';
import { quoted } from './ids.ts';
import { LIMITS } from './limits.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const HOST_PORT = /^(?:\[([0-9a-fA-F:.%]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

/** `host:port`, an IPv6 host in brackets. */
export function parseAddress(text: string): Result<Address> {
  const match = HOST_PORT.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || host.length > LIMITS.hostNameBytesMax || port < 1 || port > 65_535) {
    return refused(
      `an address is host:port with a port from 1 to 65535 (IPv6 in brackets), got ${quoted(text)}`,
    );
  }
  return ok({ host, port });
}

export function addressText(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}
