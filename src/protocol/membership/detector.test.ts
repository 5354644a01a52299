import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import {
  at,
  crowd,
  hear,
  helloOf,
  homeOf,
  membershipOf,
  peerOf,
  type RecordedOutbox,
  rumourOf,
  runUntil,
  runWhileOthersAnswer,
} from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');

test('[MB16] a member whose link was closed is probed and dialled, and suspected when nobody listens there', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  membership.linkUp(helloOf(rumourOf(bob)), at(5_000), out);
  out.clear();

  membership.linkDown(bob, 'closed', at(6_000), out);
  expect(out.sentOf('PING')).toMatchObject([{ to: bob, channel: 'datagram' }]);
  expect(out.contacts).toEqual([homeOf(bob)]);
  membership.contactFailed(homeOf(bob), 'refused', at(6_002), out);

  expect(out.factsOf('member-status')).toMatchObject([
    { peer: bob, status: 'suspected', why: 'connection refused' },
  ]);
});

test('[MB16] a link that was idle is given up without a doubt', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  membership.linkUp(helloOf(rumourOf(bob)), at(5_000), out);
  out.clear();

  membership.linkDown(bob, 'idle', at(60_000), out);

  expect(out.sentOf('PING')).toEqual([]);
  expect(out.contacts).toEqual([]);
  expect(membership.view(at(60_000)).find(({ peer }) => peer === bob)).toMatchObject({
    status: 'alive',
    linked: false,
  });
});

test('[MB16] a member that was heard since its link was lost is not suspected for a refused connection', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  membership.linkUp(helloOf(rumourOf(bob)), at(5_000), out);
  membership.linkDown(bob, 'closed', at(6_000), out);
  membership.evidence(bob, 'direct', at(6_001));

  membership.contactFailed(homeOf(bob), 'refused', at(6_002), out);

  expect(membership.statusOf(bob)).toBe('alive');
});

test('[MB7] a PONG of another peer at the address of the target proves nothing', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  membership.linkDown(bob, 'failed', at(50), out);
  const ping = out.sentOf('PING').at(-1)?.message;
  const nonce = ping?.type === 'PING' ? ping.nonce : -1;

  membership.receive(cat, { type: 'PONG', nonce, wallMs: 0, rumours: [] }, 'datagram', at(60), out);
  runWhileOthersAnswer(membership, bob, 900, out);

  expect(membership.statusOf(bob)).toBe('suspected');
});

test('[MB7] who is asked to probe passes the PONG on under the nonce of the asker', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);

  membership.receive(bob, { type: 'PING_REQUEST', nonce: 77, target: cat }, 'datagram', at(10), out);
  const ping = out.sentOf('PING')[0]?.message;
  const nonce = ping?.type === 'PING' ? ping.nonce : -1;
  membership.receive(cat, { type: 'PONG', nonce, wallMs: 5, rumours: [] }, 'datagram', at(12), out);

  expect(nonce).not.toBe(77);
  expect(out.sentOf('PONG')).toMatchObject([{ to: bob, message: { nonce: 77 } }]);
});

test('[MB14] a silent member is probed at once, and suspected only when that fails', () => {
  const { membership, out } = membershipOf(ann, [bob, ...crowd(200)]);
  for (let ms = 0; ms <= 10_000; ms += 1_000) membership.evidence(bob, 'direct', at(ms));

  runWhileOthersAnswer(membership, bob, 16_900, out);
  expect(pingsTo(bob, out)).toBe(0);
  runWhileOthersAnswer(membership, bob, 17_000, out);
  expect(pingsTo(bob, out)).toBe(1);
  expect(membership.statusOf(bob)).toBe('alive');
  runWhileOthersAnswer(membership, bob, 17_800, out);

  expect(out.factsOf('member-status')).toMatchObject([
    { peer: bob, status: 'suspected', why: 'silent for too long' },
  ]);
});

test('[MB12] after a pause of its own a peer discards its verdicts and gives the suspected their time again', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  hear(membership, bob, [rumourOf(cat, { status: 'suspected' })], 100, out);
  membership.linkDown(bob, 'failed', at(200), out);

  membership.stalled(60_000, at(60_200), out);
  membership.wake(at(60_200), out);

  expect(membership.statusOf(bob)).toBe('alive');
  expect(membership.statusOf(cat)).toBe('suspected');
  runUntil(membership, 61_500, out);
  expect(membership.statusOf(cat)).toBe('suspected');
});

test('[MB15] the view shows this peer among the others by id, and what its own probes say', () => {
  const { membership, out } = membershipOf(bob, [cat]);
  membership.linkUp(helloOf(rumourOf(ann)), at(1_000), out);

  const views = membership.view(at(2_000));

  expect(views.map(({ peer, self }) => [peer, self])).toEqual([
    [ann, false],
    [bob, true],
    [cat, false],
  ]);
  expect(views[0]).toMatchObject({ directStatus: 'alive', linked: true, lastDirectMs: at(1_000).wallMs });
  expect(views[2]).toMatchObject({ directStatus: 'unknown', linked: false, lastDirectMs: 0, phi: null });
});

test('[MB11] a peer that hears nobody doubts itself: it starts few suspicions at once', () => {
  const others = crowd(40);
  const { membership, out } = membershipOf(ann, others);
  for (const peer of others) membership.linkDown(peer, 'failed', at(50), out);

  runUntil(membership, 1_000, out);

  const suspected = out.factsOf('member-status').length;
  expect(suspected).toBeGreaterThan(0);
  expect(suspected).toBeLessThanOrEqual(3);
});

test('[MB12] a pause of its own is no silence of the others', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  membership.evidence(bob, 'direct', at(100));

  membership.stalled(60_000, at(60_100), out);

  expect(membership.view(at(60_100)).find(({ peer }) => peer === bob)?.phi).toBe(0);
});

function pingsTo(peer: PeerId, out: RecordedOutbox): number {
  return out.sentOf('PING').filter(({ to }) => to === peer).length;
}
