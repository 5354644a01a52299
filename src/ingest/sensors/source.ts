// Where a sensor of this node gets its values. SPEC rule IN13.

import type { Value } from '../../model/reading.ts';

export interface Sample {
  readonly value: Value;
  /** Where it is not the moment of sampling. */
  readonly tsMs?: number;
}

export interface SensorSource {
  /** Asked once a period; null when there is nothing more to come. */
  sample(wallMs: number): Sample | null | Promise<Sample | null>;
}
