// A thousand members: what being one of them costs, and how soon all of them know.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { LIMITS } from '../../model/limits.ts';
import { encodeMessage } from '../../wire/codec.ts';
import { encodeDatagram } from '../../wire/envelope.ts';
import { homeOf, peerOf } from './testing.ts';
import { Lan } from './testing-lan.ts';
import { statusesSince, townOf } from './testing-town.ts';

test('[MB28] idle, one of a thousand sends as much as one of a hundred, and little', () => {
  const [hundred, thousand] = [idleCostOf(100), idleCostOf(1_000)];

  expect(hundred.messages).toBeLessThanOrEqual(2.2);
  expect(thousand.messages).toBeLessThanOrEqual(2.2);
  expect(hundred.bytes).toBeLessThanOrEqual(110);
  expect(thousand.bytes).toBeLessThanOrEqual(150);
});

test('[MB7] [MB8] one of a thousand crashes: suspected within a second, dead for all within eight', () => {
  const crashes = [1, 2, 3].map((seed) => crashOf(1_000, seed));

  const firstMs = crashes.map((crash) => crash.firstMs).sort((a, b) => a - b);
  expect(firstMs[1]).toBeLessThanOrEqual(1_000);
  expect(Math.max(...crashes.map(({ allDeadMs }) => allDeadMs))).toBeLessThanOrEqual(8_000);
  expect(crashes.map(({ others }) => others)).toEqual([0, 0, 0]);
}, 120_000);

test('[MB7] [MB10] a fifth of all packets lost, streams too, kills nobody', () => {
  const { lan } = townOf(100, { seed: 3, delayMs: 5, lossPercent: 20, lossyStreams: true });

  lan.runFor(100_000);

  const statuses = statusesSince(lan, 0);
  expect(statuses.filter(({ status }) => status === 'dead')).toEqual([]);
  // Some are doubted; so the loss was felt.
  expect(statuses.length).toBeGreaterThan(0);
});

test('[MB11] [MB12] a tenth of all pausing for up to half a minute kills none of the others', () => {
  const { lan, peers } = townOf(200, { seed: 4 });
  const random = new Random(4);
  const paused = new Set(random.sample(peers, 20));
  lan.runFor(5_000);

  const steps = [...paused].flatMap((peer) => {
    const fromMs = lan.nowMs + random.between(0, 10_000);
    const untilMs = fromMs + random.between(1_000, 30_000);
    return [
      { atMs: fromMs, take: () => lan.freeze(peer) },
      { atMs: untilMs, take: () => lan.thaw(peer) },
    ];
  });
  for (const { atMs, take } of steps.sort((a, b) => a.atMs - b.atMs)) {
    lan.runFor(Math.max(0, atMs - lan.nowMs));
    take();
  }

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 20_000, 100)).toBeLessThanOrEqual(10_000);
  const others = statusesSince(lan, 0).filter(({ peer }) => !paused.has(peer));
  expect(others.filter(({ status }) => status === 'dead')).toEqual([]);
});

test("[MB15] a one-way link among a hundred changes nobody's status", () => {
  const { lan, peers } = townOf(100, { seed: 5 });
  const [from, to] = new Random(5).sample(peers, 2);
  if (from && to) lan.cut(from, to);

  lan.runFor(250_000);

  expect(statusesSince(lan, 0)).toEqual([]);
  expect(
    from &&
      to &&
      lan
        .of(from)
        .membership.view({ steadyMs: lan.nowMs, wallMs: 0 })
        .find(({ peer }) => peer === to),
  ).toMatchObject({
    status: 'alive',
    directStatus: 'dead',
  });
});

test('[MB17] [MB32] the halves of a cluster that was split for a minute meet within five seconds, and all is well within fifteen', () => {
  const { lan, peers } = townOf(200, { seed: 6 });
  const side = new Random(6).sample(peers, 100);
  lan.runFor(5_000);
  lan.split(side);
  lan.runFor(60_000);
  expect(new Set(lan.running().map(({ membership }) => membership.alivePeers().length))).toEqual(
    new Set([99]),
  );

  const healedMs = lan.nowMs;
  lan.heal();

  const bridged = () => lan.running().some(({ membership }) => membership.alivePeers().length > 99);
  expect(lan.runUntil(bridged, 60_000, 10)).toBeLessThanOrEqual(5_000);
  lan.runUntil(() => lan.everyoneKnowsEveryone(), 60_000, 100);
  expect(lan.nowMs - healedMs).toBeLessThanOrEqual(15_000);
  expect(statusesSince(lan, healedMs).filter(({ status }) => status === 'dead')).toEqual([]);
}, 120_000);

test('[MB1] [MB32] three hundred that start at once know each other within fifteen seconds, by way of three', () => {
  const lan = new Lan({ seed: 7, delayMs: 2, lossPercent: 0 });
  const peers = Array.from({ length: 300 }, (_, i) => peerOf(`peer-${i}`));
  for (const peer of peers) {
    lan.start(peer, { seeds: peers.slice(0, 3) });
    lan.runFor(3);
  }

  expect(lan.runUntil(() => lan.everyoneKnowsEveryone(), 60_000, 100)).toBeLessThanOrEqual(14_000);
  expect(statusesSince(lan, 0)).toEqual([]);
}, 120_000);

test('[MB30] what is written down of a large cluster is small', () => {
  const { lan, peers } = townOf(300, { seed: 8, options: { addressesEveryMs: 2_000 } });

  lan.runFor(5_000);

  const books = peers.map((peer) => lan.of(peer).addresses);
  expect(new Set(books.map(({ length }) => length))).toEqual(new Set([LIMITS.addressesPresentMax]));
  expect(new Set(books.flatMap((book) => book.map(({ peer }) => peer))).size).toBe(300);
  expect(books[0]?.[0]?.address).toEqual(homeOf(peers[1] ?? peerOf('nobody')));
});

/** Messages and bytes that each sends in a period. */
function idleCostOf(count: number) {
  let messages = 0;
  let bytes = 0;
  const { lan } = townOf(count, {
    seed: 2,
    sniff: (from, _to, message, channel) => {
      messages++;
      const isDatagram = channel === 'datagram';
      bytes += (isDatagram ? encodeDatagram('sensorium', from, message) : encodeMessage(message)).length;
    },
  });
  const seconds = 15;
  lan.runFor(seconds * 1_000);
  return { messages: messages / count / seconds, bytes: bytes / count / seconds };
}

function crashOf(count: number, seed: number) {
  const { lan, peers } = townOf(count, { seed });
  lan.runFor(3_000 + 137 * seed);
  const victim = new Random(seed).pick(peers);
  const killedMs = lan.nowMs;
  lan.kill(victim, true);
  const allDeadMs = lan.runUntil(
    () => lan.running().every(({ membership }) => membership.statusOf(victim) === 'dead'),
    60_000,
    50,
  );
  const statuses = statusesSince(lan, killedMs);
  const firstMs = Math.min(...statuses.map(({ atMs }) => atMs)) - killedMs;
  return { firstMs, allDeadMs, others: statuses.filter(({ peer }) => peer !== victim).length };
}
