import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { NEVER } from '../../model/time.ts';
import { Member } from './member.ts';
import { Probes, Relays } from './probe.ts';
import { peerOf, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');

test('[MB25] a member is probed once at a time, and only so many are', () => {
  const probes = new Probes(2, new Random(1));

  const begun = [ann, ann, bob, cat].map((peer) => probes.begin(memberOf(peer), '', false, 0, 300) !== null);

  expect(begun).toEqual([true, false, true, false]);
  probes.discard();
  expect([probes.size, probes.wakeAt]).toEqual([0, NEVER]);
});

test('[MB7] the direct probe and the one by way of others have nonces of their own', () => {
  const probes = new Probes(2, new Random(1));

  const probe = probes.begin(memberOf(ann), '', false, 0, 300);

  expect(probe?.nonce).not.toBe(probe?.indirectNonce);
  expect(probes.withNonce(probe?.indirectNonce ?? -1)).toBe(probe);
});

test('[MB7] a relayed probe is answered only by its target, and once', () => {
  const relays = new Relays(8);
  relays.keep(5, { asker: ann, nonce: 77, target: cat });

  expect(relays.take(5, bob)).toBeNull();
  expect(relays.take(5, cat)?.asker).toBe(ann);
  expect(relays.take(5, cat)).toBeNull();
});

test('[MB25] of too many probes for others the oldest is given up', () => {
  const relays = new Relays(2);

  for (const nonce of [1, 2, 3]) relays.keep(nonce, { asker: ann, nonce, target: cat });

  expect([1, 2, 3].map((nonce) => relays.take(nonce, cat)?.nonce)).toEqual([undefined, 2, 3]);
});

function memberOf(peer: typeof ann): Member {
  return new Member(rumourOf(peer), 0);
}
