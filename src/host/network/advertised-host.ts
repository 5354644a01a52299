// Which host others are told to dial when the bind address is a wildcard: the node's own id if it resolves, as in
// a compose file, else the first address of this machine that is not internal. SPEC rule HO8.

import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { PeerId } from '../../model/ids.ts';

export async function advertisedHost(node: PeerId): Promise<string> {
  try {
    await lookup(node);
    return node;
  } catch {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const outward = addresses.find((one) => !one.internal && one.family === 'IPv4');
    return outward?.address ?? '127.0.0.1';
  }
}
