// The plan, put to real processes.

import { Random } from '../src/kit/random.ts';
import { Crowd, type Said } from './_crowd.ts';
import { type CrowdPlan, type Curves, note, noteLoad, noteUpdates } from './_crowd-plan.ts';
import { pause } from './_process.ts';

const SETTLE_MS = 15_000;

export interface RoundTrips {
  readonly quiet: readonly number[];
  readonly loaded: readonly number[];
}

export interface RealCurves {
  readonly curves: Curves;
  /** Of probes and their answers, between programs rather than between machines: at rest, and under load. */
  readonly roundTripsMs: RoundTrips;
  /** From the signal that kills a process until its system has closed its connections. */
  readonly dyingMs: readonly number[];
}

export async function measureReal(plan: CrowdPlan, say: (what: string) => void): Promise<RealCurves> {
  const curves: Curves = new Map();
  const dyingMs: number[] = [];
  const random = new Random(1);
  const quiet = await Crowd.start(plan, 0);
  let quietMs: readonly number[];
  try {
    say(`${plan.nodes} processes know each other`);
    await pause(SETTLE_MS);
    // Before anything was said: sensors that fall silent afterwards raise alerts, and these are readings too.
    note(curves, 'idleBytes', ...(await bytesOver(quiet, plan.idleMs)));
    await updates(quiet, plan, random, curves);
    say(`${plan.updates} updates written`);
    await pause(SETTLE_MS);
    quietMs = await quiet.roundTripsMs();
    say('rested');
    for (let trial = 0; trial < plan.kills; trial++) {
      dyingMs.push(await kill(quiet, plan, random, curves));
    }
    say(`${plan.kills} killed`);
    for (let trial = 0; trial < plan.stops; trial++) await halt(quiet, plan, random, curves);
    say(`${plan.stops} stopped`);
  } finally {
    await quiet.stop();
  }
  const loaded = await Crowd.start(plan, plan.sensorsPerNode);
  try {
    say(`${plan.nodes} processes with ${plan.sensorsPerNode} sensors each know each other`);
    await pause(SETTLE_MS);
    await load(loaded, plan, curves);
    return { curves, roundTripsMs: { quiet: quietMs, loaded: await loaded.roundTripsMs() }, dyingMs };
  } finally {
    await loaded.stop();
  }
}

async function updates(crowd: Crowd, plan: CrowdPlan, random: Random, curves: Curves): Promise<void> {
  crowd.forgetShown();
  const before = await crowd.sentBytes();
  for (let update = 0; update < plan.updates; update++) {
    const member = random.pick(crowd.members);
    await crowd.write(member, `probe/${member.id}`, update);
    await pause(plan.updateEveryMs * random.between(0.5, 1.5));
  }
  note(curves, 'updateBytes', ...rates(before, await crowd.sentBytes()));
  await pause(plan.restMs);
  noteUpdates(curves, crowd.showings().delaysMs(), plan);
}

async function load(crowd: Crowd, plan: CrowdPlan, curves: Curves): Promise<void> {
  crowd.forgetShown();
  const fromMs = Date.now();
  note(curves, 'loadBytes', ...(await bytesOver(crowd, plan.loadMs)));
  const toMs = Date.now();
  await pause(plan.restMs);
  noteLoad(curves, crowd.showings().delaysMs(fromMs, toMs), plan);
}

/** Gives how long the process was in dying. */
async function kill(crowd: Crowd, plan: CrowdPlan, random: Random, curves: Curves): Promise<number> {
  const victim = random.pick(crowd.members);
  crowd.said = [];
  // Its system closes its connections one after the other, that to this process among them.
  const cutOff = victim.watch?.ended() ?? Promise.reject(new Error('every node is watched'));
  const sinceMs = performance.now();
  victim.process.signal('SIGKILL');
  const dyingMs = (await cutOff) - sinceMs;
  await crowd.until('all say dead', () => crowd.allSay(victim, 'is dead'), plan.patienceMs);
  noteDetection(curves, ['killedSuspected', 'killedDead'], crowd.said, victim.id, sinceMs);
  await victim.process.exited;
  await crowd.restart(victim);
  await crowd.until('the killed one is back', () => crowd.allAlive(), plan.patienceMs);
  await crowd.watch(victim);
  await pause(plan.restMs * random.between(1, 1.5));
  return dyingMs;
}

async function halt(crowd: Crowd, plan: CrowdPlan, random: Random, curves: Curves): Promise<void> {
  const victim = random.pick(crowd.members);
  crowd.said = [];
  const sinceMs = performance.now();
  victim.process.signal('SIGSTOP');
  await crowd.until('all say dead', () => crowd.allSay(victim, 'is dead'), plan.patienceMs);
  noteDetection(curves, ['stoppedSuspected', 'stoppedDead'], crowd.said, victim.id, sinceMs);
  victim.process.signal('SIGCONT');
  await crowd.until('the stopped one is back', () => crowd.allAlive(), plan.patienceMs);
  await pause(plan.restMs * random.between(1, 1.5));
}

function noteDetection(
  curves: Curves,
  [suspected, dead]:
    | readonly ['killedSuspected', 'killedDead']
    | readonly ['stoppedSuspected', 'stoppedDead'],
  said: readonly Said[],
  of: string,
  sinceMs: number,
): void {
  const doubts = said.filter((one) => one.of === of && one.what === 'is suspected').map(({ atMs }) => atMs);
  const deaths = said.filter((one) => one.of === of && one.what === 'is dead').map(({ atMs }) => atMs);
  note(curves, suspected, (Math.min(...doubts) - sinceMs) / 1_000);
  note(curves, dead, (Math.max(...deaths) - sinceMs) / 1_000);
}

/** Of each node. Asking costs bytes of the API and none between peers. */
async function bytesOver(crowd: Crowd, forMs: number): Promise<number[]> {
  const before = await crowd.sentBytes();
  await pause(forMs);
  return rates(before, await crowd.sentBytes());
}

type Counts = Awaited<ReturnType<Crowd['sentBytes']>>;

function rates(before: Counts, after: Counts): number[] {
  return after.map(({ atMs, bytes }, at) => {
    const first = before[at];
    return first === undefined ? Number.NaN : (1_000 * (bytes - first.bytes)) / (atMs - first.atMs);
  });
}
