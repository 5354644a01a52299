// What can go wrong in a run, drawn from its seed: each family of faults is on with one half, at a rate of its
// own (swarm testing, Groce 2012), so that every seed is another kind of bad day. SPEC rules SM6.

import type { Random } from '../kit/random.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import type { PathOptions } from './paths.ts';

/** Faults of packets: they hold for the whole safety phase. */
const PACKET_FAMILIES = ['loss', 'delay', 'duplication'] as const;

/** Faults that happen now and then, and are undone after a while. */
const EVENT_FAMILIES = [
  /** One path between two machines is cut, its way back is not. */
  'one-way',
  /** The machines fall apart into two or three groups. */
  'partition',
  /** A path carries nothing for a while, then everything. */
  'clog',
  /** A process dies; its system closes its connections. */
  'crash',
  /** A machine loses its power: nobody is told. */
  'power',
  /** A process says goodbye, and starts again later. */
  'leave',
  /** A machine comes back with an empty disk. */
  'lost-disk',
  /** A machine comes back with a copy of its disk made earlier. */
  'backup',
  /** A process stands still and does not know it. */
  'pause',
  /** A wall clock is set: by seconds, hours or years. */
  'clock-jump',
  /** A clock runs fast or slow. */
  'clock-drift',
  /** A machine comes back at another address. */
  'move',
  'slow-disk',
] as const;

export const FAULT_FAMILIES = [...PACKET_FAMILIES, ...EVENT_FAMILIES] as const;
export type FaultFamily = (typeof FAULT_FAMILIES)[number];
export type EventFamily = (typeof EVENT_FAMILIES)[number];

/** `all`: those that the seed turns on. A list: exactly these, at rates drawn from the seed. */
export type FaultChoice = 'all' | 'none' | readonly FaultFamily[];

export interface Faults {
  readonly paths: PathOptions;
  /** Families that are on, and how often each strikes in the whole cluster. */
  readonly events: readonly { readonly family: EventFamily; readonly everyMs: number }[];
  /** How long what is broken stays broken. */
  readonly lastsMs: { readonly min: number; readonly max: number };
}

export function parseFaults(text: string): Result<FaultChoice> {
  if (text === 'all' || text === 'none') return ok(text);
  const chosen: FaultFamily[] = [];
  for (const name of text.split(',')) {
    const family = FAULT_FAMILIES.find((known) => known === name.trim());
    if (family === undefined) {
      return refused(
        `faults are all, none, or a list of ${FAULT_FAMILIES.join(' ')}, got ${JSON.stringify(name)}`,
      );
    }
    chosen.push(family);
  }
  return ok(chosen);
}

export function faultsText(choice: FaultChoice): string {
  return typeof choice === 'string' ? choice : choice.join(',');
}

export function drawFaults(random: Random, choice: FaultChoice): Faults {
  const isOn = (family: FaultFamily): boolean => {
    const drawn = random.chance(0.5);
    if (choice === 'all') return drawn;
    return choice !== 'none' && choice.includes(family);
  };
  const calm = calmPaths(random);
  const loss = { lossChance: random.between(0.01, 0.4) };
  const delay = { spikeChance: random.between(0.01, 0.3), spikeMs: random.between(50, 3000) };
  const duplication = { duplicateChance: random.between(0.01, 0.3) };
  const paths: PathOptions = {
    ...calm,
    ...(isOn('loss') && loss),
    ...(isOn('delay') && delay),
    ...(isOn('duplication') && duplication),
  };
  const events = EVENT_FAMILIES.map((family) => ({
    family,
    on: isOn(family),
    everyMs: random.between(2_000, 20_000),
  })).filter(({ on }) => on);
  const lastsMs = random.pick([
    { min: 50, max: 2_000 },
    { min: 1_000, max: 15_000 },
    { min: 5_000, max: 60_000 },
  ]);
  return { paths, events, lastsMs };
}

/** A network on a good day: one room, or a few countries. */
function calmPaths(random: Random): PathOptions {
  const latencyMs = random.pick([
    { min: 0.1, max: 1 },
    { min: 1, max: 20 },
    { min: 10, max: 120 },
  ]);
  return { latencyMs, jitter: 0.5, spikeChance: 0, spikeMs: 0, lossChance: 0, duplicateChance: 0 };
}

/** The same network once the faults have ended. */
export function healed(paths: PathOptions): PathOptions {
  return { ...paths, spikeChance: 0, lossChance: 0, duplicateChance: 0 };
}
