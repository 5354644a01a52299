// Several machines on one network in virtual time: what they come to together.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { Fact } from '../../model/fact.ts';
import type { PeerId } from '../../model/ids.ts';
import type { MemberStatus } from '../../model/member.ts';
import { at, homeOf, identityOf, peerOf } from './testing.ts';
import { Lan } from './testing-lan.ts';
import type { Start } from './testing-station.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];
const SEEDS = [1, 2, 3, 4, 5, 6];

for (const seed of SEEDS) {
  test(`[MB5] twelve peers started together know each other within half a second (seed ${seed})`, () => {
    const { lan } = cityOf(12, seed, { lossPercent: seed % 2 === 0 ? 5 : 0 });

    expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 5_000)).toBeLessThanOrEqual(500);
  });

  test(`[MB16] a killed peer is alive nowhere after a second, and dead soon after (seed ${seed})`, () => {
    const { lan, peers } = joinedCityOf(12, seed);
    const victim = new Random(seed).pick(peers);

    lan.kill(victim);

    expect(lan.runUntil(() => isNowhere(lan, victim, 'alive'), 5_000)).toBeLessThanOrEqual(1_000);
    expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 10_000)).toBeLessThanOrEqual(5_000);
  });

  test(`[MB8] a stopped peer is alive nowhere after three seconds, dead soon after, and back at once (seed ${seed})`, () => {
    const { lan, peers } = joinedCityOf(12, seed);
    const victim = new Random(seed).pick(peers);

    lan.freeze(victim);
    expect(lan.runUntil(() => isNowhere(lan, victim, 'alive'), 5_000)).toBeLessThanOrEqual(3_000);
    lan.runUntil(() => isNowhere(lan, victim, 'suspected'), 5_000);
    lan.runFor(20_000);
    lan.thaw(victim);

    expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 5_000)).toBeLessThanOrEqual(1_000);
    expect(factsOf(lan, 'member-status').filter((fact) => fact.peer !== victim)).toEqual([]);
  });

  test(`[MB17] the sides of a split meet again, and nobody who lives is buried (seed ${seed})`, () => {
    const { lan, peers } = joinedCityOf(12, seed);
    lan.split(peers.slice(0, 5));
    lan.runFor(30_000);
    expect(lan.of(peerOf('peer-00')).membership.alivePeers()).toHaveLength(4);

    const healedMs = lan.nowMs;
    lan.heal();

    expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 10_000)).toBeLessThanOrEqual(5_000);
    lan.runFor(20_000);
    expect(lan.everyoneKnowsEveryone()).toBe(true);
    expect(deathsSince(lan, healedMs)).toEqual([]);
  });

  test(`[MB9] a peer that was cut off cannot bury the others when it returns (seed ${seed})`, () => {
    const { lan, peers } = joinedCityOf(12, seed);
    const [lonely = ann] = peers;
    lan.split([lonely]);
    lan.runFor(30_000);
    expect(lan.of(lonely).membership.alivePeers()).toEqual([]);

    const healedMs = lan.nowMs;
    lan.heal();
    lan.runUntil(() => lan.everyoneKnowsEveryone(), 10_000);
    lan.runFor(10_000);

    expect(deathsSince(lan, healedMs)).toEqual([]);
  });

  test(`[MB15] a one-way link changes nobody's status (seed ${seed})`, () => {
    const { lan } = villageOf([ann, bob, cat, dan], seed);
    const startMs = lan.nowMs;

    lan.cut(bob, cat);
    lan.runFor(120_000);

    expect(factsOf(lan, 'member-status', startMs)).toEqual([]);
    const direct = lan
      .of(bob)
      .membership.view(at(lan.nowMs))
      .find(({ peer }) => peer === cat);
    expect(direct).toMatchObject({ status: 'alive', directStatus: 'dead', lastEvidenceSource: 'indirect' });
  });

  test(`[MB7] a fifth of the datagrams lost makes nobody suspected (seed ${seed})`, () => {
    const { lan } = joinedCityOf(12, seed, { lossPercent: 20, delayMs: 20 });

    lan.runFor(120_000);

    expect(factsOf(lan, 'member-status')).toEqual([]);
  });
}

test('[MB1] the restarted one of two is found again from either side', () => {
  const { lan } = villageOf([ann, bob], 1);
  lan.kill(bob);
  lan.runFor(60_000);

  lan.start(bob, { seeds: [], rumour: { incarnation: 2 } });
  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 10_000)).toBeLessThanOrEqual(5_000);
  lan.kill(ann);
  lan.runFor(60_000);
  lan.start(ann, { seeds: [bob], rumour: { incarnation: 2 } });

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 10_000)).toBeLessThanOrEqual(100);
});

test('[MB1] whoever starts long after its seed was dialled in vain is found', () => {
  const lan = new Lan({ seed: 3, delayMs: 2, lossPercent: 0 });
  lan.start(ann, { seeds: [bob] });
  lan.runFor(120_000);

  lan.start(bob);

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 10_000)).toBeLessThanOrEqual(6_500);
});

test('[MB18] a peer restarted at another address is used there by all', () => {
  const { lan } = villageOf([ann, bob, cat], 1);
  const address = { host: 'elsewhere.site', port: 7_000 };
  lan.kill(cat);

  lan.start(cat, { seeds: [ann], rumour: { incarnation: 2, address } });
  lan.runUntil(() => lan.everyoneKnowsEveryone(), 1_000);
  lan.runFor(20_000);

  expect(lan.of(bob).membership.addressOf(cat)).toEqual(address);
  expect(factsOf(lan, 'member-moved')).toHaveLength(2);
  expect(isNowhere(lan, cat, 'suspected')).toBe(true);
});

test('[MB19] who says goodbye has left everywhere at once, and is back with its next start', () => {
  const { lan } = villageOf([ann, bob, cat, dan], 2);

  lan.leave(dan);
  lan.runFor(10);
  lan.kill(dan);
  lan.runFor(100);
  expect([ann, bob, cat].map((peer) => lan.of(peer).membership.statusOf(dan))).toEqual([
    'left',
    'left',
    'left',
  ]);
  lan.runFor(60_000);
  lan.start(dan, { seeds: [ann], rumour: { incarnation: 2 } });

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 1_000)).toBeLessThanOrEqual(500);
});

test('[MB10] a refutation wins against those who suspect', () => {
  const { lan } = villageOf([ann, bob, cat, dan], 1);
  const startMs = lan.nowMs;
  lan.freeze(dan);
  lan.runUntil(() => isNowhere(lan, dan, 'alive'), 5_000);

  lan.thaw(dan);
  lan.runFor(30_000);

  expect(deathsSince(lan, startMs)).toEqual([]);
  expect(lan.everyoneKnowsEveryone()).toBe(true);
  expect(lan.of(dan).incarnation).toBeGreaterThan(1);
});

test('[MB20] a peer that lost its disk takes an identity above its former one, and all follow', () => {
  const { lan } = villageOf([ann, bob, cat], 4, { rumour: { identity: identityOf(5) } });
  lan.kill(cat);
  lan.runFor(10);

  const { identity } = lan.start(cat, { seeds: [ann], rumour: { identity: identityOf(1) } });
  lan.runFor(1_000);

  expect(identity.birth).toBe(1);
  expect(lan.of(cat).identity.birth).toBe(6);
  for (const peer of [ann, bob]) {
    const cats = lan
      .of(peer)
      .membership.rumours()
      .filter((rumour) => rumour.peer === cat);
    expect(cats).toMatchObject([{ status: 'alive', identity: { birth: 6 } }]);
  }
});

test('[MB21] of two peers with one name the later one is told, wherever it comes in', () => {
  const { lan } = villageOf([ann, bob, cat], 5);
  const first = lan.of(cat);

  const second = lan.start(cat, { seeds: [ann], rumour: { address: homeOf(dan) } });
  lan.runFor(3_000);

  expect(second.facts.map(({ fact }) => fact)).toContainEqual({
    type: 'duplicate-node',
    address: homeOf(cat),
  });
  expect([first.running, second.running]).toEqual([true, false]);
});

test('[MB21] the later one is told though it meets neither the first nor anybody who doubts it', () => {
  for (const birth of [1, 2]) {
    const { lan } = villageOf([ann, bob, cat], 5);
    const first = lan.of(cat);
    const taking = { identity: identityOf(birth), incarnation: 2, address: homeOf(dan) };

    const second = lan.start(cat, { seeds: [ann], rumour: taking });
    lan.runFor(3_000);

    expect([first.running, second.running]).toEqual([true, false]);
  }
});

test('[MB21] of two peers with one name that start together one stays', () => {
  const lan = new Lan({ seed: 6, delayMs: 2, lossPercent: 0 });
  lan.start(ann);
  const twins = [bob, dan].map((home) => lan.start(cat, { seeds: [ann], rumour: { address: homeOf(home) } }));

  lan.runFor(5_000);

  expect(twins.map(({ running }) => running)).toEqual([true, false]);
});

test('[MB24] a peer whose clock is off learns by how much, and the others stay calm', () => {
  const lan = new Lan({ seed: 7, delayMs: 5, lossPercent: 0 });
  lan.start(ann);
  for (const peer of [bob, cat]) lan.start(peer, { seeds: [ann] });
  lan.start(dan, { seeds: [ann], wallAheadMs: -90_000 });

  lan.runFor(10_000);

  expect(Math.abs(lan.of(dan).membership.clockOffsetMs - 90_000)).toBeLessThan(20);
  expect(Math.abs(lan.of(ann).membership.clockOffsetMs)).toBeLessThan(20);
});

test('[MB4] two hundred peers come together, notice a death, and cost the same each as twelve', () => {
  const { lan, peers } = joinedCityOf(200, 8);
  const before = lan.messages;
  lan.runFor(10_000);
  const perPeerAndSecond = (lan.messages - before) / 10 / peers.length;

  const victim = peerOf('peer-77');
  lan.freeze(victim);

  expect(perPeerAndSecond).toBeLessThanOrEqual(6);
  expect(lan.runUntil(() => isNowhere(lan, victim, 'alive'), 10_000)).toBeLessThanOrEqual(3_000);
  lan.runUntil(() => isNowhere(lan, victim, 'suspected'), 10_000);
  expect(factsOf(lan, 'member-status').filter((fact) => fact.peer !== victim)).toEqual([]);
});

/** Each peer has the one before it and one more for seeds, and they start one after the other. */
function cityOf(count: number, seed: number, { lossPercent = 0, delayMs = 2 } = {}) {
  const lan = new Lan({ seed, delayMs, lossPercent });
  const peers = Array.from({ length: count }, (_, i) => peerOf(`peer-${String(i).padStart(2, '0')}`));
  peers.forEach((peer, i) => {
    const seeds = [peers[(i + 1) % count], peers[(i + 7) % count]].filter((other) => other !== undefined);
    lan.start(peer, { seeds });
    lan.runFor(2);
  });
  return { lan, peers };
}

function joinedCityOf(count: number, seed: number, network: { lossPercent?: number; delayMs?: number } = {}) {
  const city = cityOf(count, seed, network);
  city.lan.runUntil(() => city.lan.everyoneKnowsEveryone(), 10_000);
  city.lan.runFor(10_000);
  return city;
}

function villageOf(peers: readonly PeerId[], seed: number, start: Start = {}) {
  const lan = new Lan({ seed, delayMs: 2, lossPercent: 0 });
  for (const peer of peers) lan.start(peer, { ...start, seeds: peers.slice(0, 1) });
  lan.runUntil(() => lan.everyoneKnowsEveryone(), 1_000);
  lan.runFor(5_000);
  return { lan };
}

/** Among those who could say so. */
function isNowhere(lan: Lan, victim: PeerId, status: MemberStatus): boolean {
  return [...lan.stations].every(
    ({ peer, running, frozen, membership }) =>
      peer === victim || !running || frozen !== null || membership.statusOf(victim) !== status,
  );
}

function factsOf<T extends Fact['type']>(lan: Lan, type: T, sinceMs = 0): Extract<Fact, { type: T }>[] {
  const facts: Extract<Fact, { type: T }>[] = [];
  for (const station of lan.stations) {
    for (const { atMs, fact } of station.facts) {
      if (atMs >= sinceMs && isOf(fact, type)) facts.push(fact);
    }
  }
  return facts;
}

function isOf<T extends Fact['type']>(fact: Fact, type: T): fact is Extract<Fact, { type: T }> {
  return fact.type === type;
}

function deathsSince(lan: Lan, sinceMs: number) {
  return factsOf(lan, 'member-status', sinceMs).filter(({ status }) => status === 'dead');
}
