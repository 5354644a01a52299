// A sensor's latest reading as `/api/v1/latest` and the live stream show it: with its age and with what is to be
// doubted about it. SPEC rules AP9-AP10.

import type { CommitState, Hub } from '../hub/hub.ts';
import type { SensorRegistry } from '../hub/sensor-registry.ts';
import type { PeerId } from '../model/ids.ts';
import { isClockSuspect, type Value } from '../model/reading.ts';
import type { LatestReading } from '../model/view.ts';

export interface LatestRow {
  readonly sensor: string;
  readonly origin: string;
  readonly value: Value;
  readonly ts_ms: number;
  readonly ingest_ts_ms: number;
  readonly age_ms: number;
  readonly unit: string;
  readonly period_ms: number;
  readonly n: number;
  readonly commit: 'stored' | 'committed';
  /** Where in which total order it has its place; null while it has none. */
  readonly group: string | null;
  readonly sequence: number | null;
  readonly stale: boolean;
  readonly flags: LatestFlag[];
}

export type LatestFlag = 'clock' | 'collision';

/** Without a registry: a sensor that speaks every `period` may miss two readings before the last one counts as stale. */
const PERIODS_UNTIL_STALE = 3;
const STALE_AFTER_MS_WITHOUT_PERIOD = 300_000;

export function latestRow(
  latest: LatestReading,
  { commit, group, sequence }: CommitState,
  nowMs: number,
  staleness: Staleness,
): LatestRow {
  const { record } = latest;
  const flags: LatestFlag[] = [];
  if (isClockSuspect(record)) flags.push('clock');
  if (latest.origins.length > 1) flags.push('collision');
  // The time that competes, not the device's own: a clock that runs ahead must not keep a reading young.
  const ageMs = Math.max(0, nowMs - record.lwwTsMs);
  return {
    sensor: record.sensor,
    origin: latest.origin,
    value: record.value,
    ts_ms: record.tsMs,
    ingest_ts_ms: record.ingestTsMs,
    age_ms: ageMs,
    unit: latest.unit,
    period_ms: latest.periodMs,
    n: record.n,
    commit,
    group,
    sequence,
    stale: isStale(latest, nowMs, staleness),
    flags,
  };
}

/** Whose readings may still be renewed, and who knows when they should have been. */
export interface Staleness {
  readonly alive: ReadonlySet<PeerId>;
  /** Null: periods that were declared are all that is known. */
  readonly registry: SensorRegistry | null;
}

export function stalenessOf(hub: Hub, registry: SensorRegistry | null): Staleness {
  return { alive: aliveOrigins(hub), registry };
}

/** Overdue, or of an origin that is gone. (AP10, RE3) */
export function isStale(latest: LatestReading, nowMs: number, { alive, registry }: Staleness): boolean {
  if (!alive.has(latest.origin)) return true;
  if (registry !== null) return registry.isOverdue(latest, nowMs);
  const { periodMs } = latest;
  const staleAfterMs = periodMs > 0 ? periodMs * PERIODS_UNTIL_STALE : STALE_AFTER_MS_WITHOUT_PERIOD;
  return nowMs - latest.record.lwwTsMs > staleAfterMs;
}

/** The origins whose readings may still be renewed. Who is in no list any more is long dead. */
export function aliveOrigins(hub: Hub): ReadonlySet<PeerId> {
  const alive = new Set<PeerId>([hub.self]);
  for (const member of hub.members()) {
    if (member.status === 'alive' || member.status === 'suspected') alive.add(member.peer);
  }
  return alive;
}
