// The port to the site's past in columns: what the edges may ask of it. SPEC rules HD4-HD8.

import type { GroupId } from '../model/group-view.ts';
import type { SensorId } from '../model/ids.ts';
import type { Scalar } from '../model/reading.ts';

export interface RangeQuery {
  readonly sensor: SensorId;
  /** Only this field of a record; null for all there are. */
  readonly field: string | null;
  /** From this time on. Unix, ms. */
  readonly fromMs: number;
  /** Before this time. */
  readonly toMs: number;
  /** Drawn together in steps of so long, counted from `fromMs`; null for each reading as it is. */
  readonly stepMs: number | null;
  /** As the history was when it ended with this sequence; null for all of it. */
  readonly asOf: number | null;
  readonly rowsMax: number;
}

/** One reading, or one field of one. */
export interface PastReading {
  readonly tsMs: number;
  /** Empty for a value that is no record. */
  readonly field: string;
  readonly value: Scalar;
  readonly sequence: number;
  readonly origin: string;
  readonly n: number;
  readonly ingestTsMs: number;
  readonly flags: readonly PastFlag[];
}

/** `clock`: the device's clock ran ahead. `late`: it came in long after its time. */
export type PastFlag = 'clock' | 'late';

/** What was said within one step. Of texts there is no least and no average. */
export interface PastStep {
  readonly tsMs: number;
  readonly field: string;
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  readonly sum: number | null;
  readonly last: Scalar | null;
  readonly flags: readonly PastFlag[];
}

export interface RangeAnswer {
  readonly group: GroupId | null;
  /** The last sequence that was looked at. */
  readonly watermark: number;
  readonly unit: string;
  readonly readings: readonly PastReading[];
  readonly steps: readonly PastStep[];
  /** There were more than `rowsMax`. */
  readonly isCut: boolean;
}

export interface SqlAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  readonly isCut: boolean;
}

/** What was asked makes no sense, or takes more than it may. */
export class PastRefused extends Error {
  override readonly name = 'PastRefused';
}

export interface Past {
  /** Rejects with `PastRefused`. */
  range(query: RangeQuery): Promise<RangeAnswer>;
  /** One statement that only reads. Rejects with `PastRefused`. */
  sql(text: string): Promise<SqlAnswer>;
}
