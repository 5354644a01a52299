// The port to what a node knows of its sensors beyond their latest readings: how people call them, how often they speak,
// and whether they have gone silent. SPEC rules RE1-RE6.

import type { SensorId } from '../model/ids.ts';
import type { LatestReading } from '../model/view.ts';

export type SensorKind = 'number' | 'boolean' | 'text' | 'record';

export interface Labels {
  readonly [label: string]: string;
}

/** What people say of a sensor, the same at every node. */
export interface SensorDescription {
  readonly sensor: SensorId;
  /** As it is shown to people; empty where they gave none. */
  readonly name: string;
  readonly group: string;
  readonly labels: Labels;
}

/** What is not there stays as it was; an empty text takes a name, a group or a label away. */
export interface DescriptionChange {
  readonly name?: string;
  readonly group?: string;
  readonly labels?: Labels;
}

export interface KnownSensor {
  readonly sensor: SensorId;
  readonly kind: SensorKind;
  /** Null where nobody has described it. */
  readonly description: SensorDescription | null;
  /** How often it speaks, as this node has learned it; null until it has. */
  readonly cadenceMs: number | null;
  /** Silent for longer than this, it counts as stale. */
  readonly staleAfterMs: number;
  readonly isOverdue: boolean;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export interface SensorRegistry {
  known(latest: LatestReading, nowMs: number): KnownSensor;
  isOverdue(latest: LatestReading, nowMs: number): boolean;
  /** Resolves once it is durable here. Rejects with `DescriptionRefused`, or as a submit does. */
  describe(sensor: SensorId, change: DescriptionChange): Promise<SensorDescription>;
}

export class DescriptionRefused extends Error {
  override readonly name = 'DescriptionRefused';
}
