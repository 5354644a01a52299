import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { GroupView } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { isQuorum, reachedByQuorum } from './quorum.ts';
import { ann, bob, cat, dan, eve, memberOf, viewOf } from './testing.ts';

const ALL = [ann, bob, cat, dan, eve];

test('[OR20] a majority decides, and half of the voters does not', () => {
  expect(decide(viewOf([ann, bob, cat]), ann, bob)).toBe(true);
  expect(decide(viewOf([ann, bob, cat]), ann)).toBe(false);
  expect(decide(viewOf([ann, bob, cat, dan]), cat, dan)).toBe(false);
  expect(decide(viewOf([ann]), ann)).toBe(true);
});

test('[OR20] while voters change a majority of both sets is needed, and learners count in neither', () => {
  const view = viewOf([ann, bob, cat], {
    joint: [memberOf(cat), memberOf(dan), memberOf(eve)],
    learners: [memberOf(dan)],
  });

  expect(decide(view, ann, bob)).toBe(false);
  expect(decide(view, dan, eve)).toBe(false);
  expect(decide(view, ann, cat, dan)).toBe(true);
});

test('[OR21] with the tie-break half of the voters decides if the highest is among them', () => {
  const view = viewOf([ann, bob, cat, dan], { tieBreak: true });

  expect(decide(view, ann, dan)).toBe(true);
  expect(decide(view, ann, bob)).toBe(false);
  expect(decide(viewOf([ann, bob], { tieBreak: true }), bob)).toBe(true);
});

test('[OR20] [OR21] any two quorums of one view share a voter, and so do those of a view and of the change to the next', () => {
  const random = new Random(11);
  let compared = 0;
  const apart: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const tieBreak = random.chance(0.5);
    const voters = random.sample(ALL, 1 + random.below(5));
    const next = random.sample(ALL, 1 + random.below(5));
    const before = viewOf(voters, { tieBreak });
    const joint = viewOf(voters, { tieBreak, joint: next.map((peer) => memberOf(peer)) });
    const after = viewOf(next, { tieBreak });
    for (const [x, y] of [
      [before, before],
      [before, joint],
      [joint, joint],
      [joint, after],
      [after, after],
    ] as const) {
      for (const a of quorumsOf(x)) {
        for (const b of quorumsOf(y)) {
          compared++;
          if (!a.some((peer) => b.includes(peer))) apart.push(`${a} and ${b}`);
        }
      }
    }
  }

  expect(apart).toEqual([]);
  expect(compared).toBeGreaterThan(10_000);
});

test('[OR16] a quorum has reached what the slowest of its best majority has', () => {
  const reached = new Map([
    [ann, 9],
    [bob, 4],
    [cat, 7],
  ]);

  const index = reachedByQuorum(viewOf([ann, bob, cat]), isQuorum, ({ peer }) => reached.get(peer) ?? 0);

  expect(index).toBe(7);
});

function decide(view: GroupView, ...peers: readonly PeerId[]): boolean {
  return isQuorum(view, ({ peer }) => peers.includes(peer));
}

function quorumsOf(view: GroupView): PeerId[][] {
  const sets = Array.from({ length: 1 << ALL.length }, (_, bits) => ALL.filter((_, i) => (bits >> i) & 1));
  return sets.filter((set) => decide(view, ...set));
}
