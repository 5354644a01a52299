import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { advertisedHost } from './advertised-host.ts';

test('[HO8] a node whose id resolves advertises it', async () => {
  expect(await advertisedHost('localhost' as PeerId)).toBe('localhost');
});

test('[HO8] another advertises its first address that is not internal, and 127.0.0.1 where it has none', async () => {
  const advertised = await advertisedHost('no-such-node.invalid' as PeerId);

  const outward = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address);
  expect(isIP(advertised)).toBe(4);
  expect(outward.length === 0 ? ['127.0.0.1'] : outward).toContain(advertised);
});
