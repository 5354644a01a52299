import { expect, test } from 'vitest';
import { driftOf, type Held } from './resources.ts';

const LOOKS = 80;

test('[WS21] what goes up and down without growing is flat, and so is what grew at first', () => {
  const wavering = heldOver((at) => ({ rssMb: 120 + (at % 20), files: 60 + (at % 3), diskMb: 30 }));
  const warming = heldOver((at) => ({ rssMb: Math.min(200, 80 + 10 * at), files: 60, diskMb: 30 }));

  expect(driftOf('ann', wavering)?.grown).toEqual([]);
  expect(driftOf('ann', warming)?.grown).toEqual([]);
});

test('[WS21] memory, open files, timers and disk that go on growing are each noticed', () => {
  const leaking = heldOver((at) => ({
    rssMb: 120 + 2 * at,
    files: 60 + at,
    active: 20 + at,
    diskMb: 30 + at,
  }));

  expect(driftOf('ann', leaking)?.grown).toEqual(['rssMb', 'files', 'active', 'diskMb']);
});

test('[WS21] a life too short to tell says nothing', () => {
  expect(driftOf('ann', heldOver(() => ({})).slice(0, 20))).toBeNull();
});

function heldOver(of: (at: number) => Partial<Held>): Held[] {
  return Array.from({ length: LOOKS }, (_, at) => ({ rssMb: 0, files: 0, active: 0, diskMb: 0, ...of(at) }));
}
