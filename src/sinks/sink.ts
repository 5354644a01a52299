// The port to an engine that takes over the committed order: where the target stands by its own memory, and what is to
// be made durable there next. Exactly once hangs on the target alone: nothing is asked of this node's disk where the
// target can answer. SPEC rules SK2, SK3.

import type { LogReading } from '../hub/log-page.ts';
import type { StreamName } from '../model/durable.ts';
import type { GroupId } from '../model/group-view.ts';
import { identityText } from '../model/ids.ts';

/** All up to this sequence of this group's order has been handed over. */
export interface SinkPlace {
  readonly group: GroupId;
  readonly sequence: number;
}

export interface SinkBatch {
  readonly group: GroupId;
  /** In the order; some sequences may be left out, also all of them. */
  readonly readings: readonly LogReading[];
  /** The sequence up to which the target has all that it is to have, once it has these. */
  readonly upto: number;
}

/** How far a target has each producer, by `producerKey`. */
export type Written = ReadonlyMap<string, number>;

export interface Sink {
  /** Makes the target ready and says where it stands; null: it has nothing. Asked once, before all else. */
  connect(): Promise<SinkPlace | null>;
  /** Where the target stands at present, whoever brought it there. */
  place(): Promise<SinkPlace | null>;
  /**
   * What the target has of producers, where it holds readings of another group's order than `group`: of those a reading
   * may come again under another place. Empty where it does not, or where a reading that comes again changes nothing.
   */
  written(group: GroupId): Promise<Written>;
  /**
   * Resolves once all of it, and the new place, would survive the end of this node. Rejects with `SinkMoved` where
   * another writer was faster.
   */
  write(batch: SinkBatch): Promise<void>;
  /** The target is to stand here again: what lies behind is handed over once more. */
  rewind(to: SinkPlace): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** The target does not stand where this writer left it: somebody else writes to it. */
export class SinkMoved extends Error {
  override readonly name = 'SinkMoved';

  constructor() {
    super('another writer has moved the target on');
  }
}

export function producerKey({ origin, identity }: StreamName): string {
  return `${origin} ${identityText(identity)}`;
}

/** What the target does not have yet of these. */
export function unwritten(readings: readonly LogReading[], written: Written): readonly LogReading[] {
  if (written.size === 0) return readings;
  return readings.filter((reading) => reading.n > (written.get(producerKey(reading)) ?? 0));
}

export function samePlace(a: SinkPlace | null, b: SinkPlace | null): boolean {
  return a?.group === b?.group && a?.sequence === b?.sequence;
}
