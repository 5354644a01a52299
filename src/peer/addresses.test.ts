// The address book on its way from membership to the disk and back.

import { expect, test } from 'vitest';
import type { KnownAddress } from '../model/durable.ts';
import type { Rumour } from '../model/member.ts';
import { ANN, BOB, EMPTY_DISK, peerOptions, SoloHost } from './testing.ts';

const BOBS_HOME = { host: 'bob.site', port: 9000 };

test('[MB30] a peer writes down where members listen, and once started again it looks there', () => {
  const host = new SoloHost(peerOptions(ANN), EMPTY_DISK, true);
  host.deliver({ type: 'received', from: BOB, message: listOf(bob()), channel: 'stream' });
  expect(host.addresses).toEqual([]);

  host.runUntil(120_000);
  const written: readonly KnownAddress[] = host.addresses;
  const again = new SoloHost(peerOptions(ANN), { ...EMPTY_DISK, addresses: written }, true);

  expect(written).toMatchObject([{ peer: BOB, address: BOBS_HOME }]);
  expect(again.contacted).toEqual([BOBS_HOME]);
});

test('[MB30] at its goodbye a peer writes down what it has not yet', () => {
  const host = new SoloHost(peerOptions(ANN), EMPTY_DISK, true);
  host.deliver({ type: 'received', from: BOB, message: listOf(bob()), channel: 'stream' });

  host.deliver({ type: 'leave' });

  expect(host.addresses).toMatchObject([{ peer: BOB, address: BOBS_HOME }]);
});

function bob(): Rumour {
  const identity = { birth: 1, random: '00000000000000bb' };
  return { peer: BOB, identity, incarnation: 1, status: 'alive', address: BOBS_HOME, apiPort: 0, zone: '' };
}

function listOf(rumour: Rumour) {
  return { type: 'PEER_LIST', whole: false, rumours: [rumour] } as const;
}
