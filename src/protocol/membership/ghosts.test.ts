// Churn: peers die, leave, are stopped, cut off and started again at random, for longer than the dead are shown.
// Whoever is gone for good must be gone for all in the end, and never come back by the words of others.

import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import { identityOf, peerOf } from './testing.ts';
import { Lan } from './testing-lan.ts';
import type { Station } from './testing-station.ts';

/** How long a dead member is shown here. */
const GRACE_MS = 20_000;
const CHURN_MS = 100_000;
const PEERS = 8;
const SEEDS = Array.from({ length: 24 }, (_, i) => i + 1);

test('[MB22] [MB31] nobody who died comes back after twice the grace, and all the living are found, in churn of many kinds', () => {
  const problems = SEEDS.flatMap((seed) => new Churn(seed).run());

  expect(problems).toEqual([]);
}, 60_000);

class Churn {
  readonly #seed: number;
  readonly #random: Random;
  readonly #lan: Lan;
  /** By the moment at which it died or left. */
  readonly #diedMs = new Map<PeerId, number>();
  readonly #thawsMs = new Map<PeerId, number>();
  readonly #problems: string[] = [];
  /** Who has ever met whom. */
  readonly #pairs = new Set<string>();
  #healsMs = 0;
  #thawedMs = -1;
  #born = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#lan = new Lan({
      seed,
      delayMs: this.#random.between(1, 30),
      lossPercent: this.#random.pick([0, 0, 5, 20]),
      lossyStreams: this.#random.chance(0.5),
      heard: (at, fact) => {
        if (fact.type === 'member-joined') this.#met(at, fact.peer);
      },
    });
  }

  /** What was wrong, in words. */
  run(): readonly string[] {
    while (this.#born < PEERS) this.#start(peerOf(`peer-${this.#born++}`), 1);
    this.#lan.runFor(5_000);
    while (this.#lan.nowMs < CHURN_MS) {
      this.#strike();
      this.#lan.runFor(this.#random.between(100, 6_000));
      this.#recover();
    }
    this.#healsMs = 0;
    for (const peer of this.#thawsMs.keys()) this.#thawsMs.set(peer, 0);
    this.#recover();
    this.#lan.runFor(2 * GRACE_MS + 30_000);
    this.#compare();
    return this.#problems;
  }

  #strike(): void {
    const running = this.#lan.running().filter(({ frozen }) => frozen === null);
    const dead = [...this.#diedMs.keys()];
    const at = this.#random.below(12);
    if (at < 3 && running.length > 3) this.#end(this.#random.pick(running));
    else if (at < 6 && dead.length > 0) this.#restart(this.#random.pick(dead));
    else if (at < 8 && running.length > 3) this.#freeze(this.#random.pick(running));
    else if (at < 10) this.#split();
    else this.#start(peerOf(`peer-${this.#born++}`), 1);
  }

  #end({ peer, links }: Station): void {
    if (this.#random.chance(0.3)) this.#lan.leave(peer);
    if (links.size > 0) this.#lan.runFor(this.#random.pick([0, 1, 50]));
    this.#lan.kill(peer, this.#random.chance(0.5));
    this.#diedMs.set(peer, this.#lan.nowMs);
  }

  #restart(peer: PeerId): void {
    const { incarnation, identity } = this.#lan.of(peer);
    this.#diedMs.delete(peer);
    const lost = this.#random.chance(0.1);
    this.#start(peer, incarnation + 1, lost ? identityOf(1) : identity);
  }

  /** Also for longer than the dead are shown. */
  #freeze({ peer }: Station): void {
    this.#lan.freeze(peer);
    this.#thawsMs.set(peer, this.#lan.nowMs + this.#random.between(500, 3 * GRACE_MS));
  }

  #split(): void {
    const peers = [...new Set([...this.#lan.stations].map(({ peer }) => peer))];
    this.#lan.split(this.#random.sample(peers, 1 + this.#random.below(peers.length)));
    this.#healsMs = this.#lan.nowMs + this.#random.between(1_000, 2 * GRACE_MS);
  }

  #recover(): void {
    const { nowMs } = this.#lan;
    if (nowMs >= this.#healsMs) this.#lan.heal();
    for (const [peer, thawsMs] of this.#thawsMs) {
      if (nowMs < thawsMs) continue;
      this.#thawsMs.delete(peer);
      this.#thawedMs = nowMs;
      if (this.#lan.of(peer).running) this.#lan.thaw(peer);
    }
  }

  #start(peer: PeerId, incarnation: number, identity = identityOf(1)): void {
    const before = [...this.#lan.stations].findLast((station) => station.peer === peer);
    const others = [...new Set([...this.#lan.stations].map((station) => station.peer))];
    this.#lan.start(peer, {
      seeds: this.#random.sample(others, 2),
      rumour: { incarnation, identity },
      options: { deadKeptMs: GRACE_MS, addressesEveryMs: 5_000 },
      addresses: before?.addresses ?? [],
    });
  }

  /** Those of the running that can find each other: who never met any of them has only its seeds, long gone. */
  #circleOf(peer: PeerId, running: readonly Station[]): ReadonlySet<PeerId> {
    const circle = new Set([peer]);
    for (const found of circle) {
      for (const other of running) if (this.#pairs.has(pairOf(found, other.peer))) circle.add(other.peer);
    }
    return circle;
  }

  #met(at: Station, peer: PeerId): void {
    this.#pairs.add(pairOf(at.peer, peer));
    const diedMs = this.#diedMs.get(peer);
    // What a stopped process finds when it goes on is no gossip, but what the member itself said in its time.
    if (this.#thawedMs === this.#lan.nowMs) return;
    if (diedMs === undefined || this.#lan.nowMs - diedMs <= 2 * GRACE_MS) return;
    this.#problems.push(
      `seed ${this.#seed}: ${at.peer} meets ${peer} at ${this.#lan.nowMs}, which died at ${diedMs}`,
    );
  }

  #compare(): void {
    const running = this.#lan.running();
    for (const { peer, membership } of running) {
      for (const rumour of membership.rumours()) {
        const other = this.#lan.of(rumour.peer);
        if (!other.running) {
          this.#problems.push(`seed ${this.#seed}: ${peer} still shows ${rumour.peer} as ${rumour.status}`);
        }
      }
      const circle = this.#circleOf(peer, running);
      for (const other of running) {
        if (!circle.has(other.peer)) continue;
        const status = membership.statusOf(other.peer);
        if (status !== 'alive')
          this.#problems.push(`seed ${this.#seed}: ${peer} takes ${other.peer} for ${status}`);
      }
    }
  }
}

function pairOf(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
