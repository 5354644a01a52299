import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { nextTurn, ringTarget } from './ring.ts';
import { at, peerOf } from './testing.ts';

const ann = peerOf('ann');
const PEERS = ['ann', 'bob', 'cat', 'dan', 'eve'].map(peerOf);

test('[MB4] peers with equal lists probe each member exactly once a period', () => {
  for (let period = 0; period < 20; period++) {
    const targets = PEERS.map((self) => ringTarget(othersOf(self), self, period * 1_000 + 7, 1_000));

    expect(targets.sort()).toEqual(PEERS);
  }
});

test('[MB4] a peer probes all others in turn', () => {
  const targets = [0, 1, 2, 3].map((period) => ringTarget(othersOf(ann), ann, period * 1_000, 1_000));

  expect(targets.sort()).toEqual(othersOf(ann));
});

test('[MB4] a clock before 1970 spoils nothing', () => {
  expect(othersOf(ann)).toContain(ringTarget(othersOf(ann), ann, -1_234.5, 1_000));
});

test('[MB4] there is one turn in each period, also when the timer fires a little early', () => {
  const first = nextTurn(at(0), 300, 1_000);
  expect(first).toBe(300);

  expect(nextTurn(at(first - 0.5), 300, 1_000)).toBe(1_300);
  expect(nextTurn(at(first), 300, 1_000)).toBe(1_300);
  expect(nextTurn(at(first + 5), 300, 1_000)).toBe(1_300);
});

test('[MB4] after a jump of the clock the next turn is at most a period and a quarter away', () => {
  for (const jumpMs of [-1_234_567, -300, 250, 86_400_000]) {
    const dueMs = nextTurn(at(10_000, jumpMs), 300, 1_000);

    expect(dueMs).toBeGreaterThan(10_000);
    expect(dueMs).toBeLessThanOrEqual(11_250);
  }
});

function othersOf(self: PeerId): PeerId[] {
  return PEERS.filter((peer) => peer !== self);
}
