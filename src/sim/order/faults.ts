// What can go wrong in a run of the order, as data: a list of events drawn from the seed before the run begins. Each
// family is on with one half, at a rate of its own (swarm testing, Groce 2012). A list can be cut down event by
// event until nothing more can go, which is how a failed seed becomes a short story. SPEC rules SM43, SM44.

import type { Random } from '../../kit/random.ts';
import { ok, type Result, refused } from '../../kit/result.ts';

/** Faults that hold for the whole safety phase. */
export const STANDING_FAMILIES = [
  /** Frames arrive late, some of them very. */
  'delay',
  'duplication',
  /** Frames of one link overtake each other. */
  'overtaking',
  /** Frames turn up again minutes later. */
  'replay',
  /** Disks take tens of milliseconds for a sync. */
  'slow-disks',
  /** A batch of one reading, or hundreds of batches at once. */
  'bursts',
] as const;

/** Faults that happen at a moment, and most of them are undone after a while. */
export const EVENT_FAMILIES = [
  'crash',
  /** A process dies between two requests of one step. */
  'mid-step',
  /** A machine loses its power: nobody is told. */
  'power',
  /** All machines at once. */
  'blackout',
  /** A process dies again and again. */
  'crash-loop',
  'lost-disk',
  'lost-log',
  'lost-outbox',
  /** A directory is put back as it was earlier. */
  'backup',
  /** Two machines get each other's directories. */
  'swap',
  /** Bytes of the log are not what was written. */
  'rot',
  'slow-disk',
  'stuck-disk',
  'full-disk',
  /** A link breaks, and is made anew. */
  'sever',
  'clog',
  'one-way',
  'partition',
  /** One machine hears nobody, or nobody hears it. */
  'deaf',
  'mute',
  /** One machine in the middle, the others see only it. */
  'star',
  'chain',
  /** Two halves that both see one machine. */
  'bridge',
  'ring',
  /** A path that goes and comes, as fast as the protocol's own timers. */
  'flap',
  'pause',
  /** Many short stops, as a garbage collector makes. */
  'stutter',
  'clock-drift',
  'clock-jump',
  'join',
  'leave',
  'remove',
  /** A member is removed and comes back under the same id with another disk. */
  'return',
  'transfer',
  /** Frames of a group that is not this one, or of nobody. */
  'strangers',
  /** The operator wants no more than so much of the log kept. */
  'retain',
  /** Of disks of bytes: syncs are answered and do nothing, and then the power fails. */
  'lying-disk',
  /** Of disks of bytes: a sync is refused, once. */
  'failing-disk',
] as const;

export const ORDER_FAMILIES = [...STANDING_FAMILIES, ...EVENT_FAMILIES] as const;
export type StandingFamily = (typeof STANDING_FAMILIES)[number];
export type EventFamily = (typeof EVENT_FAMILIES)[number];
export type OrderFamily = (typeof ORDER_FAMILIES)[number];

export interface FaultEvent {
  /** Its place in the list that the seed drew: what a replay names it by. */
  readonly id: number;
  readonly family: EventFamily;
  readonly atMs: number;
  readonly lastsMs: number;
  /** Machines it strikes; taken modulo the machines there are. */
  readonly a: number;
  readonly b: number;
  /** In [0, 1): whatever else the family needs to be told, from here. */
  readonly unit: number;
}

export interface FaultPlan {
  readonly standing: readonly StandingFamily[];
  readonly events: readonly FaultEvent[];
}

/** `all`: those that the seed turns on. A list: exactly these. */
export type OrderFaultChoice = 'all' | 'none' | readonly OrderFamily[];

export interface PlanOptions {
  readonly choice: OrderFaultChoice;
  readonly virtualMs: number;
  readonly nodes: number;
}

export function drawPlan(random: Random, { choice, virtualMs, nodes }: PlanOptions): FaultPlan {
  const isOn = (family: OrderFamily): boolean => {
    const drawn = random.chance(0.5);
    if (choice === 'all') return drawn;
    return choice !== 'none' && choice.includes(family);
  };
  const standing = STANDING_FAMILIES.filter(isOn);
  // All families at their highest rates would leave nothing up; a bad day has a few that dominate.
  const calm = random.between(0.4, 4);
  const lasts = random.pick(LASTS_MS);
  const drawn: Omit<FaultEvent, 'id'>[] = [];
  for (const family of EVENT_FAMILIES) {
    const on = isOn(family);
    const everyMs = random.between(1_000, 20_000) * calm * (RARE.has(family) ? 4 : 1);
    const own = random.fork();
    if (!on) continue;
    for (let atMs = own.between(0, everyMs); atMs < virtualMs; atMs += own.between(0.1, 1.9) * everyMs) {
      drawn.push({
        family,
        atMs,
        lastsMs: own.between(lasts.min, lasts.max),
        a: own.below(nodes),
        b: own.below(nodes),
        unit: own.unit(),
      });
    }
  }
  const inTime = drawn.sort((x, y) => x.atMs - y.atMs).slice(0, EVENTS_MAX);
  return { standing, events: inTime.map((event, id) => ({ id, ...event })) };
}

const EVENTS_MAX = 400;
const LASTS_MS = [
  { min: 20, max: 700 },
  { min: 200, max: 3_000 },
  { min: 1_000, max: 20_000 },
] as const;
/** Each of these may cost a disk, or a place in the view. */
const RARE: ReadonlySet<EventFamily> = new Set([
  'lost-disk',
  'lost-log',
  'lost-outbox',
  'backup',
  'swap',
  'rot',
  'blackout',
  'join',
  'leave',
  'remove',
  'return',
  'lying-disk',
  'failing-disk',
]);

export function parseOrderFaults(text: string): Result<OrderFaultChoice> {
  if (text === 'all' || text === 'none') return ok(text);
  const chosen: OrderFamily[] = [];
  for (const name of text.split(',')) {
    const family = ORDER_FAMILIES.find((known) => known === name.trim());
    if (family === undefined) {
      return refused(
        `faults are all, none, or a list of ${ORDER_FAMILIES.join(' ')}, got ${JSON.stringify(name)}`,
      );
    }
    chosen.push(family);
  }
  return ok(chosen);
}

export function orderFaultsText(choice: OrderFaultChoice): string {
  return typeof choice === 'string' ? choice : choice.join(',');
}
