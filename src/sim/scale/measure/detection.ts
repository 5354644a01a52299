// How soon a crashed node is noticed: by the first peer, and by all. Its machine loses power, so that nothing
// closes its connections: the case in which only probes help. SPEC rule SM23.

import { Fleet } from '../fleet.ts';
import { fleetOptionsOf, type Knobs } from '../knobs.ts';
import type { Station } from '../station.ts';
import { Verdicts } from '../verdicts.ts';

export interface Detection {
  /** From the crash until the first peer suspects the node, one for each crash. */
  readonly firstSuspicionMs: readonly number[];
  /** Until every running peer says it is dead. */
  readonly allDeadMs: readonly number[];
  /** Crashes that some peer did not notice in time. */
  readonly missed: number;
  /** Deaths said of nodes that ran. */
  readonly falseDeaths: number;
}

export interface DetectionOptions {
  readonly crashes: number;
  /** Before the first crash, and after each. */
  readonly restMs: number;
  readonly giveUpMs: number;
  /** Whether the machine stays on, and its system closes the connections. */
  readonly powered: boolean;
}

export const DETECTION: DetectionOptions = { crashes: 5, restMs: 8_000, giveUpMs: 60_000, powered: false };

export function measureDetection(knobs: Knobs, options: DetectionOptions): Detection {
  const fleet = new Fleet(fleetOptionsOf(knobs), 1);
  const verdicts = new Verdicts(fleet, true);
  const firstSuspicionMs: number[] = [];
  const allDeadMs: number[] = [];
  let victim: Station | null = null;
  let suspectedMs: number | null = null;
  let buriers = 0;
  let buriedMs = 0;
  let falseDeaths = 0;
  verdicts.onChange = ({ atMs, by, of, said }) => {
    if (said === 'dead' && of.peer !== null) falseDeaths++;
    if (of !== victim || by.peer === null) return;
    if (said === 'suspected') suspectedMs ??= atMs;
    if (said !== 'dead') return;
    buriers++;
    buriedMs = atMs;
  };
  fleet.startAll();
  fleet.runFor(options.restMs);

  let missed = 0;
  for (let crash = 0; crash < options.crashes; crash++) {
    fleet.runFor(fleet.random.between(0, knobs.intervalMs));
    const running = [...fleet.running()];
    victim = fleet.random.pick(running);
    suspectedMs = null;
    buriers = 0;
    const startMs = fleet.nowMs;
    victim.stop(options.powered);
    fleet.runUntilTrue(() => buriers >= running.length - 1, options.giveUpMs, 100);
    if (suspectedMs === null || buriers < running.length - 1) missed++;
    else {
      firstSuspicionMs.push(suspectedMs - startMs);
      allDeadMs.push(buriedMs - startMs);
    }
    victim = null;
    fleet.runFor(options.restMs);
  }
  return { firstSuspicionMs, allDeadMs, missed, falseDeaths };
}
