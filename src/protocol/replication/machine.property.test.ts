// Whole machines under drawn schedules: whatever was lost, repeated, delayed, cut off or restarted, after quiet
// everybody shows the same.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import type { PeerId } from '../../model/ids.ts';
import { peerOf } from './testing.ts';
import { type Disk, Mesh } from './testing-mesh.ts';

const PEERS = ['ann', 'bob', 'cat', 'dan'].map(peerOf);

type Step =
  | { readonly do: 'write' | 'describe' | 'forget'; readonly peer: number; readonly sensor: number }
  | { readonly do: 'late'; readonly peer: number; readonly sensor: number; readonly backMs: number }
  | { readonly do: 'cut' | 'join'; readonly peer: number; readonly other: number }
  | { readonly do: 'restart' | 'restore'; readonly peer: number; readonly forMs: number }
  | { readonly do: 'backup'; readonly peer: number }
  | { readonly do: 'run'; readonly forMs: number };

const peer = fc.nat(3);
const sensor = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), peer, sensor }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('describe' as const, 'forget' as const), peer, sensor }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('late' as const), peer, sensor, backMs: fc.nat(5_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'join' as const), peer, other: peer }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('restart' as const, 'restore' as const),
      peer,
      forMs: fc.nat(3_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('backup' as const), peer }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('run' as const), forMs: fc.nat(1_500) }) },
);

test.each([
  ['pushed to all', 16],
  ['pushed to a few', 0],
])('[RP36] after quiet everybody shows the same, whatever happened before (%s)', (_how, eagerPeersMax) => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.array(step, { maxLength: 60 }), (seed, steps) => {
      const mesh = new Mesh({
        seed,
        lossPercent: 30,
        duplicatePercent: 20,
        latencyMs: { min: 1, max: 400 },
        replication: { eagerPeersMax },
      });
      for (const it of PEERS) mesh.start(it);
      mesh.join(...PEERS);

      const backups = new Map<PeerId, Disk>();
      for (const it of steps) perform(mesh, it, backups);
      mesh.lossPercent = 0;
      mesh.join(...PEERS);
      mesh.run(40_000);

      expect(mesh.areEqual()).toBe(true);
      expect(new Set(mesh.machines().map((machine) => JSON.stringify(progressOf(machine)))).size).toBe(1);
    }),
    { numRuns: 150, seed: 1 },
  );
});

function perform(mesh: Mesh, step: Step, backups: Map<PeerId, Disk>): void {
  if (step.do === 'run') {
    mesh.run(step.forMs);
    return;
  }
  const who = must(PEERS[step.peer], 'a peer');
  switch (step.do) {
    case 'write':
      mesh.write(who, { [`s${step.sensor}`]: mesh.nowMs });
      return;
    case 'late':
      mesh.write(who, { [`s${step.sensor}`]: -mesh.nowMs }, mesh.now.wallMs - step.backMs);
      return;
    case 'describe':
      mesh.describe(who, `s${step.sensor}`, `unit of ${mesh.nowMs}`);
      return;
    case 'forget':
      mesh.forget(who, `s${step.sensor}`);
      return;
    case 'cut':
      if (step.peer !== step.other) mesh.cut(who, must(PEERS[step.other], 'a peer'));
      return;
    case 'join':
      if (step.peer !== step.other) mesh.join(who, must(PEERS[step.other], 'a peer'));
      return;
    case 'backup':
      backups.set(who, mesh.backup(who));
      return;
    case 'restart':
    case 'restore': {
      const disk = mesh.stop(who);
      mesh.run(step.forMs);
      mesh.start(who, step.do === 'restart' ? disk : (backups.get(who) ?? disk));
      mesh.join(...PEERS);
      if (step.do === 'restart') return;
      // A copy of a disk is noticed as long as it has written less than what it lacks.
      const { lossPercent } = mesh;
      mesh.lossPercent = 0;
      mesh.run(5_000);
      mesh.lossPercent = lossPercent;
    }
  }
}

function progressOf(machine: ReturnType<Mesh['machine']>) {
  const begun = machine.streams().filter(({ upto }) => upto > 0);
  return begun.map(({ origin, identity, upto }) => [origin, identity.birth, upto]);
}
