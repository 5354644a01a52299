// One sink as people see it: what it is, whether this node writes to it, how far it is, and what went wrong. SPEC rule SK8.

import type { GroupId } from './group-view.ts';

/**
 * `connecting`: the target has not said where it stands. `writing`: this node hands over. `watching`: another node does.
 * `failing`: the target does not take anything; tried again and again.
 */
export type SinkState = 'connecting' | 'writing' | 'watching' | 'failing';

export interface SinkView {
  readonly name: string;
  readonly type: string;
  /** Where it writes to, without secrets. */
  readonly target: string;
  readonly state: SinkState;
  /** The place up to which the target has the order, as far as known here; a group of null: it has nothing. */
  readonly group: GroupId | null;
  readonly sequence: number;
  /** Committed readings that are known here and that the target lacks. */
  readonly lagReadings: number;
  /** For how long the target has lacked something; 0 when it lacks nothing. */
  readonly lagMs: number;
  /** Handed over by this node since its start. */
  readonly readings: number;
  readonly batches: number;
  readonly failures: number;
  /** Readings that were not kept any more when their turn came. */
  readonly missed: number;
  /** Empty for none. */
  readonly lastError: string;
  readonly lastErrorAtMs: number | null;
}
