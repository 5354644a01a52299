// A drill: a local cluster under load loses its leader in one of three ways, recovers, and is then held to account.
// SPEC rule CL14.

import { unreachable } from '../../kit/assert.ts';
import type { DrillName, ExerciseReport } from './desk-state.ts';
import type { DrillGround } from './drill-ground.ts';
import { pause } from './drill-load.ts';
import { Exercise } from './exercise.ts';

export interface DrillReport extends ExerciseReport {
  readonly drill: DrillName;
}

const WARM_UP_MS = 1_500;
const FAULT_MS = 3_000;

export async function drill(
  name: DrillName,
  ground: DrillGround,
  pauseMs: number,
  tell: (text: string) => void,
): Promise<DrillReport> {
  const exercise = await Exercise.begin(ground.cluster, tell, pauseMs);
  try {
    await pause(WARM_UP_MS);
    exercise.struck();
    tell(SAID[name](exercise.leader));
    await strike(name, exercise.leader, ground);
    await pause(FAULT_MS);
    tell('healing');
  } catch (error) {
    await exercise.abandon();
    throw error;
  }
  return { drill: name, ...(await exercise.end(() => ground.restore())) };
}

const SAID: { readonly [name in DrillName]: (leader: string) => string } = {
  'kill-leader': (leader) => `kill -9 ${leader}`,
  'pause-leader': (leader) => `SIGSTOP ${leader}`,
  partition: (leader) => `cutting ${leader} off from the others`,
};

async function strike(name: DrillName, leader: string, ground: DrillGround): Promise<void> {
  switch (name) {
    case 'kill-leader':
      return ground.kill(leader);
    case 'pause-leader':
      return ground.pause(leader);
    case 'partition':
      return ground.cut([leader]);
    default:
      return unreachable(name);
  }
}
