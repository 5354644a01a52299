import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';
import { NEVER } from '../../model/time.ts';
import type { MembershipMessage } from '../../wire/messages.ts';
import { MEMBERSHIP_DEFAULTS } from './options.ts';
import {
  at,
  crowd,
  hear,
  helloOf,
  homeOf,
  identityOf,
  membershipOf,
  peerOf,
  type RecordedOutbox,
  rumourOf,
  rumoursIn,
  runUntil,
  runWhileOthersAnswer,
  settle,
} from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');
const dan = peerOf('dan');

test('[MB2] over a new link a peer asks for all members, and is told all that is known', () => {
  const { membership, out } = membershipOf(ann, [cat]);

  membership.linkUp(helloOf(rumourOf(bob)), at(10), out);
  membership.receive(bob, { type: 'JOIN_REQUEST', self: rumourOf(bob) }, 'stream', at(12), out);

  expect(out.sentOf('JOIN_REQUEST')).toMatchObject([{ to: bob, channel: 'stream' }]);
  expect(wholeListsTo(bob, out)).toEqual([[rumourOf(ann), rumourOf(cat), rumourOf(bob)]]);
});

test('[MB2] a whole list that is too long for a frame comes in several', () => {
  const many = Array.from({ length: 600 }, (_, i) => peerOf(`peer-${i}`));
  const { membership, out } = membershipOf(ann, [bob, ...many]);

  membership.receive(bob, { type: 'JOIN_REQUEST', self: rumourOf(bob) }, 'stream', at(10), out);

  expect(wholeListsTo(bob, out).map((rumours) => rumours.length)).toEqual([LIMITS.rumoursPerFrame, 90]);
});

test('[MB2] a peer believed dead that asks is asked back, but not again and again', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  hear(membership, cat, [rumourOf(bob, { status: 'dead' })], 10, out);
  runWhileOthersAnswer(membership, bob, 4_000, out);
  out.clear();

  for (const ms of [4_001, 4_002, 4_003]) {
    membership.receive(bob, { type: 'JOIN_REQUEST', self: rumourOf(bob) }, 'stream', at(ms), out);
  }

  expect(membership.statusOf(bob)).toBe('dead');
  expect(wholeListsTo(bob, out)).toHaveLength(3);
  expect(out.sentOf('JOIN_REQUEST')).toHaveLength(1);
});

test('[MB5] news is passed on in the same step, to a few', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  settle(membership, out);

  hear(membership, bob, [rumourOf(dan)], 10_000, out);

  const told = out.sentOf('PEER_LIST');
  expect(told.length).toBe(MEMBERSHIP_DEFAULTS.spreadFanout);
  expect(told.every(({ message }) => rumoursIn(message).includes(dan))).toBe(true);
});

test('[MB9] a stale rumour never overwrites a newer one', () => {
  const { membership, out } = membershipOf(ann, []);
  const newer = rumourOf(bob, { incarnation: 5, identity: identityOf(2), address: homeOf(dan) });
  hear(membership, cat, [newer], 10, out);

  for (const status of ['alive', 'suspected', 'dead', 'left'] as const) {
    hear(membership, cat, [rumourOf(bob, { incarnation: 4, identity: identityOf(2), status })], 20, out);
    hear(membership, cat, [rumourOf(bob, { incarnation: 99, status })], 30, out);
  }

  expect(membership.rumours()).toContainEqual(newer);
  expect(membership.statusOf(bob)).toBe('alive');
});

test('[MB9] a claim of death makes a member suspected only if it does not answer, with the shortest time to refute', () => {
  const { membership, out } = membershipOf(ann, [bob, cat, dan]);

  hear(membership, bob, [rumourOf(cat, { status: 'dead' })], 10, out);

  expect(membership.statusOf(cat)).toBe('alive');
  runWhileOthersAnswer(membership, cat, 1_000, out);
  expect(membership.statusOf(cat)).toBe('suspected');
  expect(membership.alivePeers()).toContain(cat);
  const suspectedMs = 10 + MEMBERSHIP_DEFAULTS.probeTimeoutMs + MEMBERSHIP_DEFAULTS.indirectTimeoutMs;
  runWhileOthersAnswer(membership, cat, suspectedMs + MEMBERSHIP_DEFAULTS.suspicionMinMs - 1, out);
  expect(membership.statusOf(cat)).toBe('suspected');
  runWhileOthersAnswer(membership, cat, suspectedMs + MEMBERSHIP_DEFAULTS.suspicionMinMs, out);
  expect(membership.statusOf(cat)).toBe('dead');
});

test('[MB9] a member is told of the claim that it were dead, and lives if it answers', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);

  hear(membership, bob, [rumourOf(cat, { status: 'dead' })], 10, out);

  const pings = out.sentOf('PING');
  expect(pings.map(({ to, message }) => [to, rumoursIn(message)[0]])).toEqual([[cat, cat]]);
  runWhileOthersAnswer(membership, bob, 2_000, out);
  expect(membership.statusOf(cat)).toBe('alive');
});

test('[MB10] what refutes is told before the rest, and to who doubted, but not before it is durable', () => {
  const { membership, out } = membershipOf(ann, [bob, cat, dan]);
  settle(membership, out);

  hear(membership, bob, [rumourOf(ann, { status: 'suspected' })], 10_000, out);
  expect(out.factsOf('incarnation-raised')).toHaveLength(1);
  expect(membership.rumours()[0]?.incarnation).toBe(1);
  out.clear();
  membership.incarnationSaved(2, at(10_005), out);

  expect(out.factsOf('rumour-refuted')).toHaveLength(1);
  expect(out.sent[0]?.to).toBe(bob);
  for (const { message } of out.sent) expect(rumoursIn(message)[0]).toBe(ann);
});

test('[MB18] a member that speaks up from another address is used there, and that is announced', () => {
  const { membership, out } = membershipOf(ann, [bob]);

  hear(membership, cat, [rumourOf(bob, { incarnation: 2, address: homeOf(dan) })], 10, out);

  expect(membership.addressOf(bob)).toEqual(homeOf(dan));
  expect(out.factsOf('member-moved')).toEqual([
    { type: 'member-moved', peer: bob, address: homeOf(dan), from: homeOf(bob) },
  ]);
});

test('[MB19] a peer that leaves tells those it is linked with, and does nothing more', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  membership.linkUp(helloOf(rumourOf(bob)), at(10), out);
  out.clear();

  membership.leave(at(20), out);

  expect(out.sent).toMatchObject([
    { to: bob, channel: 'stream', message: { rumours: [{ peer: ann, status: 'left' }] } },
  ]);
  expect(membership.wakeAt).toBe(NEVER);
});

test('[MB20] an identity that is taken is told to all', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  settle(membership, out);

  membership.identityTaken(identityOf(4), 6, at(10_000), out);

  expect(out.sent).toMatchObject([{ to: bob, message: { rumours: [{ identity: identityOf(4) }] } }]);
});

test('[MB21] a claim that the peer lives elsewhere makes it dial there, once in a while', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  const elsewhere = rumourOf(ann, { incarnation: 3, address: homeOf(dan) });
  out.clear();

  for (const ms of [10, 20, 30]) hear(membership, bob, [elsewhere], ms, out);

  expect(out.contacts).toEqual([homeOf(dan)]);
});

test('[MB22] the dead are forgotten after a while, and the word of others makes nobody dead a member', () => {
  const { membership, out } = membershipOf(ann, [bob], { deadKeptMs: 60_000 });
  hear(membership, cat, [rumourOf(bob, { status: 'left' })], 10, out);
  runUntil(membership, 70_000, out);
  expect(membership.statusOf(bob)).toBeNull();
  hear(membership, cat, [rumourOf(cat)], 70_000, out);
  out.clear();

  const ended = [rumourOf(bob, { status: 'left' }), rumourOf(dan, { status: 'dead' })];
  hear(membership, cat, ended, 70_001, out);
  membership.receive(cat, { type: 'JOIN_REQUEST', self: rumourOf(cat) }, 'stream', at(70_002), out);

  expect([bob, dan].map((peer) => membership.statusOf(peer))).toEqual([null, null]);
  expect(wholeListsTo(cat, out)).toEqual([[rumourOf(ann), rumourOf(cat)]]);
});

test('[MB22] who is buried cannot be brought back by old words, only by a later incarnation of its own', () => {
  const { membership, out } = membershipOf(ann, [cat]);
  hear(membership, cat, [rumourOf(bob, { incarnation: 5, status: 'dead' })], 10, out);

  for (const incarnation of [4, 5]) hear(membership, cat, [rumourOf(bob, { incarnation })], 20, out);
  expect(membership.statusOf(bob)).toBeNull();
  hear(membership, cat, [rumourOf(bob, { incarnation: 6 })], 30, out);

  expect(membership.statusOf(bob)).toBe('alive');
});

test('[MB31] whoever says that a dead member lives is told what is known of it', () => {
  const { membership, out } = membershipOf(ann, [cat]);
  const dead = rumourOf(bob, { incarnation: 5, status: 'dead' });
  hear(membership, cat, [dead], 10, out);
  out.clear();

  hear(membership, cat, [rumourOf(bob, { incarnation: 5 }), rumourOf(dan)], 20, out);

  const answer = { to: cat, message: { type: 'PEER_LIST', whole: false, rumours: [dead] } };
  expect(out.sent.filter(({ message }) => rumoursIn(message).includes(bob))).toMatchObject([answer]);
});

test('[MB23] who was buried and speaks is told that it counts as dead', () => {
  const { membership, out } = membershipOf(ann, [cat]);
  hear(membership, cat, [rumourOf(bob, { status: 'dead' })], 10, out);
  out.clear();

  membership.linkUp(helloOf(rumourOf(bob)), at(20), out);

  const toBob = out.sent.filter(({ to }) => to === bob);
  expect(toBob.map(({ message }) => message.type)).toEqual(['PEER_LIST', 'JOIN_REQUEST']);
  expect(rumoursIn(toBob[0]?.message)).toEqual([bob]);
  expect(membership.statusOf(bob)).toBe('dead');
});

test('[MB32] after its start and after much news a peer asks for the whole list again soon', () => {
  const { membership, out } = membershipOf(ann, crowd(300));
  runWhileOthersAnswer(membership, dan, 3_000, out);
  const before = out.sentOf('JOIN_REQUEST').length;
  expect(before).toBeGreaterThanOrEqual(1);
  runWhileOthersAnswer(membership, dan, 300_000, out);
  const settled = out.sentOf('JOIN_REQUEST').length;

  const news = crowd(20).map((peer) => rumourOf(peer, { incarnation: 2 }));
  hear(membership, bob, news, 300_100, out);
  runWhileOthersAnswer(membership, dan, 304_000, out);

  expect(out.sentOf('JOIN_REQUEST').length).toBeGreaterThan(settled);
});

test('[MB22] above the limit further members are refused and counted', () => {
  const { membership, out } = membershipOf(ann, crowd(LIMITS.membersMax));

  hear(membership, bob, [rumourOf(bob)], 10, out);

  expect(membership.statusOf(bob)).toBeNull();
  expect(membership.counters().membership_members_refused_total).toBe(1);
});

test('[MB23] a member believed dead is told so when it says HELLO, and when it asks for a sign of life', () => {
  const { membership, out } = membershipOf(ann, [bob, cat]);
  hear(membership, cat, [rumourOf(bob, { status: 'dead' })], 10, out);
  runWhileOthersAnswer(membership, bob, 4_000, out);
  expect(membership.statusOf(bob)).toBe('dead');
  out.clear();

  membership.linkUp(helloOf(rumourOf(bob)), at(4_100), out);
  membership.receive(bob, { type: 'PING', nonce: 1, wallMs: 0, rumours: [] }, 'datagram', at(4_110), out);

  const toBob = out.sent.filter(({ to }) => to === bob);
  expect(toBob.map(({ message }) => message.type)).toEqual(['PEER_LIST', 'JOIN_REQUEST', 'PONG']);
  expect(toBob.filter(({ message }) => rumoursIn(message)[0] === bob)).toHaveLength(2);
});

test('[MB23] whoever says something of a peer that is no longer so is told by that peer', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  settle(membership, out);

  hear(membership, bob, [rumourOf(ann, { incarnation: 0, status: 'dead' })], 10_000, out);

  expect(out.sent).toMatchObject([{ to: bob, message: { rumours: [rumourOf(ann)] } }]);
});

test('[MB26] a random member is asked for the whole list now and then, in large clusters seldom', () => {
  const small = membershipOf(ann, [bob, cat]);
  const large = membershipOf(ann, crowd(300));

  for (const { membership, out } of [small, large]) {
    // Nobody answers here, so the members are kept alive by hand.
    for (let ms = 1_000; ms <= 200_000; ms += 1_000) {
      runUntil(membership, ms, out);
      membership.stalled(0, at(ms), out);
    }
  }

  const since = (out: RecordedOutbox): number => out.sentOf('JOIN_REQUEST').length;
  expect(since(small.out)).toBeGreaterThanOrEqual(7);
  // Those that follow its start, each after twice the time.
  expect(since(large.out)).toBeLessThanOrEqual(9);
});

test('[MB27] a PING of a stranger is counted and not answered, unless it says who it is', () => {
  const { membership, out } = membershipOf(ann, []);
  const ping: MembershipMessage = { type: 'PING', nonce: 1, wallMs: 0, rumours: [] };

  membership.receive(bob, ping, 'datagram', at(10), out);
  expect(out.sentOf('PONG')).toEqual([]);
  membership.receive(bob, { ...ping, rumours: [rumourOf(bob)] }, 'datagram', at(20), out);

  expect(out.sentOf('PONG')).toMatchObject([{ to: bob }]);
  expect(membership.counters().membership_unknown_senders_total).toBe(1);
});

test('[MB27] a PING says who asks until the receiver was heard', () => {
  const { membership, out } = membershipOf(ann, [bob]);
  settle(membership, out);
  membership.linkDown(bob, 'failed', at(10_000), out);
  expect(rumoursIn(out.sentOf('PING')[0]?.message)).toEqual([ann]);
  runUntil(membership, 11_000, out);
  out.clear();

  membership.evidence(bob, 'direct', at(11_000));
  membership.receive(bob, { type: 'PING_REQUEST', nonce: 7, target: bob }, 'datagram', at(11_001), out);

  expect(rumoursIn(out.sentOf('PING')[0]?.message)).not.toContain(ann);
});

test('[MB6] a packet never carries more rumours than it may', () => {
  const { membership, out } = membershipOf(ann, crowd(100));

  membership.linkUp(helloOf(rumourOf(bob)), at(10), out);
  hear(membership, bob, [rumourOf(crowd(1)[0] ?? bob, { status: 'suspected' })], 20, out);
  runUntil(membership, 20_000, out);

  for (const { message, channel } of out.sent) {
    const max = channel === 'datagram' ? LIMITS.rumoursPerDatagram : LIMITS.rumoursPerFrame;
    expect(rumoursIn(message).length).toBeLessThanOrEqual(max);
  }
});

function wholeListsTo(peer: PeerId, out: RecordedOutbox): (readonly Rumour[])[] {
  return out.sent.flatMap(({ to, message }) =>
    to === peer && message.type === 'PEER_LIST' && message.whole ? [message.rumours] : [],
  );
}
