// What is known of a log before it is gone through, and what came of that. SPEC rules ST35, ST40, ST41.

import type { Base, Entry } from '../../model/entry.ts';
import type { Finding } from '../finding.ts';
import type { Range } from './ranges.ts';
import type { LogEnd, Segments } from './segments.ts';

/** Where the log ends on the disk, and what of the files behind must go. */
export interface Tail {
  /** The segment the log goes on in; null where none was begun. */
  readonly number: number;
  readonly bytes: number;
  offset: number;
  /** Where its last group begins, that nothing behind it proves durable. */
  group: number;
  isMarked: boolean;
  /** Zeros are to stand from here on. */
  clearFrom: number | null;
  /** A cut record is to stand at `offset`. */
  cut: LogEnd | null;
}

export interface Replayed {
  readonly segments: Segments;
  /** Above the base. */
  readonly entries: readonly Entry[];
  /** Below the base: they are mended in their place. */
  readonly holes: readonly Range[];
  /** Behind the end: entries that are appended again. */
  readonly owed: Range | null;
  readonly tail: Tail | null;
  /** Files that are damaged: the one that is cut, and all behind it. */
  readonly damaged: readonly number[];
  /** In which something is wrong that costs nothing. */
  readonly suspects: readonly number[];
  /** Becomes a segment not begun again: zeros. */
  readonly blank: number | null;
  readonly floor: number;
  readonly findings: readonly Finding[];
  /** Entries that were acknowledged are gone and nobody knows how many. */
  readonly lost: string | null;
  /** The log had to be shortened to before its base. */
  readonly needsOlderBase: boolean;
}

export interface Known {
  readonly base: Base | null;
  /** The log in the segments that are not gone through is the committed one up to here. */
  readonly committed: number;
  /** Entries that the base covers are not decoded: of use only where nothing is found to be wrong. */
  readonly trusts: boolean;
  /** An index known to have been durable. */
  readonly durable: number;
  readonly holes: readonly Range[];
  /** What was missing at the end of the log when this was written. */
  readonly owed: Range | null;
}
