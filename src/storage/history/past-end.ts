// Where the log ended with an index that it has passed: what it goes on from when it is cut there. SPEC rule ST43.

import { StorageFailure, type Task } from '../task.ts';
import type { Bases } from './bases.ts';
import type { Reader } from './reader.ts';
import { EMPTY_END, type LogEnd, type Segments } from './segments.ts';

export function* pastEnd(index: number, segments: Segments, bases: Bases, reader: Reader): Task<LogEnd> {
  if (index === segments.end.index) return segments.end;
  if (index === 0) return EMPTY_END;
  const base = bases.at(index);
  if (base) return { index, sequence: base.sequence, chain: base.chain };
  const behind = segments.all.find(({ from, to }) => from === index + 1 && to >= from);
  if (behind?.chain) return { index, sequence: behind.sequence, chain: behind.chain };
  const [entry] = yield* reader.read(index, index, 0);
  if (entry === undefined) {
    const detail = `entry ${index}, behind which the log ends, is lost`;
    throw new StorageFailure({ kind: 'broken', detail });
  }
  return { index, sequence: entry.firstSequence + entry.count, chain: entry.chain };
}
