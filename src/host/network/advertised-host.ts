// Which host others are told to dial when the bind address is a wildcard: the node's own id if it resolves, as in
// a compose file, else the first address of this machine that is not internal. SPEC rule HO8.

import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { PeerId } from '../../model/ids.ts';

/** A name server that cannot be reached is silent for many seconds; a start does not wait for it. */
const ANSWER_MS = 400;

export async function advertisedHost(node: PeerId): Promise<string> {
  if (await resolves(node)) return node;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outward = addresses.find((one) => !one.internal && one.family === 'IPv4');
  return outward?.address ?? '127.0.0.1';
}

async function resolves(name: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ANSWER_MS);
  });
  const answer = lookup(name).then(
    () => true,
    () => false,
  );
  const found = await Promise.race([answer, tooLate]);
  clearTimeout(timer);
  return found;
}
