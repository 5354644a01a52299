// Faults that other systems had, each under the name of the report in which it was described.

import { expect, test } from 'vitest';
import { peerOf, rumourOf } from './testing.ts';
import { statusesSince, townOf } from './testing-town.ts';

const GRACE_MS = 20_000;

test('[MB17] [MB29] isolated node that never rejoins (memberlist#222)', () => {
  const { lan, peers } = townOf(12, { seed: 1, options: { deadKeptMs: GRACE_MS, addressesEveryMs: 5_000 } });
  const lonely = peers[5] ?? peerOf('nobody');
  lan.runFor(10_000);
  lan.split([lonely]);
  lan.runFor(120_000);
  // All have long forgotten it, and it all of them; and nobody has seeds.
  expect(
    lan
      .running()
      .map(({ membership }) => membership.rumours().length)
      .sort(),
  ).toEqual([1, ...peers.slice(1).map(() => 11)].sort());

  lan.heal();

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 60_000)).toBeLessThanOrEqual(15_000);
});

test('[MB29] [MB30] isolated node that never rejoins, though it was started again (memberlist#222)', () => {
  const { lan, peers } = townOf(12, { seed: 2, options: { deadKeptMs: GRACE_MS, addressesEveryMs: 5_000 } });
  const lonely = peers[5] ?? peerOf('nobody');
  lan.runFor(10_000);
  const { addresses, incarnation } = lan.of(lonely);
  lan.kill(lonely);
  lan.runFor(120_000);

  lan.start(lonely, { addresses, rumour: { incarnation: incarnation + 1 } });

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 60_000)).toBeLessThanOrEqual(2_000);
});

test('[MB9] re-marking after restart at N=1000 (CASSANDRA-14001)', () => {
  const { lan, peers, known } = townOf(1_000, { seed: 3 });
  const restarted = peers[500] ?? peerOf('nobody');
  lan.runFor(3_000);
  lan.kill(restarted);
  lan.runFor(500);

  const startedMs = lan.nowMs;
  lan.start(restarted, { seeds: peers.slice(0, 3), rumour: { incarnation: 2 } });
  const isKnown = () =>
    lan
      .running()
      .every(
        ({ membership }) =>
          membership.isReachable(restarted) || membership.alivePeers().length === known.length - 1,
      );
  lan.runUntil(() => isKnown() && lan.everyoneKnowsEveryone(), 30_000, 100);
  const knownMs = lan.nowMs;
  lan.runFor(10_000);

  expect(knownMs - startedMs).toBeLessThanOrEqual(5_000);
  // Nobody else is ever doubted, by the restarted one least of all, and it stays what it is.
  expect(statusesSince(lan, startedMs).filter(({ peer }) => peer !== restarted)).toEqual([]);
  expect(statusesSince(lan, knownMs)).toEqual([]);
}, 120_000);

test('[MB10] [MB23] undead flood (foca#25)', () => {
  const { lan, peers, known } = townOf(30, { seed: 4 });
  const undead = peerOf('undead');
  // It hears that it counts as dead, but its refutation never becomes durable, so nobody hears of that.
  lan.start(undead, { seeds: peers.slice(0, 1), known, diskHangs: true });
  lan.runFor(5_000);
  lan.freeze(undead);
  lan.runFor(30_000);
  lan.thaw(undead);
  lan.runFor(10_000);
  expect(lan.running().filter(({ membership }) => membership.statusOf(undead) === 'dead')).toHaveLength(30);

  const startedMs = lan.nowMs;
  const before = lan.messages;
  lan.runFor(60_000);

  const perPeerAndPeriod = (lan.messages - before) / 60 / 31;
  expect(perPeerAndPeriod).toBeLessThanOrEqual(4);
  expect(statusesSince(lan, startedMs)).toEqual([]);
});

test('[MB22] [MB25] ever-growing members (foca#31)', () => {
  const { lan, peers } = townOf(5, { seed: 5, options: { deadKeptMs: GRACE_MS } });
  for (let i = 0; i < 60; i++) {
    const guest = peerOf(`guest-${i}`);
    lan.start(guest, { seeds: peers.slice(0, 2), options: { deadKeptMs: GRACE_MS } });
    lan.runFor(1_000);
    if (i % 2 === 0) lan.leave(guest);
    lan.kill(guest, i % 3 === 0);
    lan.runFor(1_000);
  }
  expect(
    Math.max(...lan.running().map(({ membership }) => membership.remembered.members)),
  ).toBeLessThanOrEqual(30);

  lan.runFor(2 * GRACE_MS + 10_000);

  for (const { membership } of lan.running()) {
    expect(
      membership
        .rumours()
        .map(({ peer }) => peer)
        .sort(),
    ).toEqual(peers);
    expect(membership.remembered.members).toBe(4);
  }
  // Whoever comes in is told of the living only.
  const newcomer = lan.start(peerOf('newcomer'), { seeds: peers.slice(0, 1) });
  lan.runFor(5_000);
  expect(newcomer.membership.rumours()).toHaveLength(6);
});

test('[MB11] [MB12] one paused node downing all (pekko#578)', () => {
  const { lan, peers } = townOf(30, { seed: 6 });
  const paused = peers[7] ?? peerOf('nobody');
  lan.runFor(10_000);
  lan.freeze(paused);
  lan.runFor(60_000);
  const thawedMs = lan.nowMs;

  lan.thaw(paused);

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 30_000)).toBeLessThanOrEqual(2_000);
  lan.runFor(30_000);
  expect(statusesSince(lan, 0).filter(({ peer }) => peer !== paused)).toEqual([]);
  expect(statusesSince(lan, thawedMs).filter(({ by }) => by === paused)).toEqual([]);
  expect(lan.of(peers[0] ?? paused).membership.rumours()).toContainEqual(
    rumourOf(paused, { incarnation: 2 }),
  );
});
