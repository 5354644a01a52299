// Bases: what an entry depends on, written down at places that are a function of the log, so that all peers have
// the same ones and the log between two of them is trimmed as a whole. SPEC rules OR38-OR40.

import type { Base, Chain, Entry, RecoveredLog } from '../../model/entry.ts';
import { LIMITS } from '../../model/limits.ts';
import type { OrderingOutbox } from './port.ts';

export class Bases {
  readonly #everyBytes: number;
  /** Oldest first; the first one at or below the beginning of the log. */
  #kept: Base[];
  /** The oldest index that can be read. */
  #start: number;
  #bytesSince = 0;
  #entriesSince = 0;
  /** Taken, and not saved before all of it is delivered. */
  #due: Base[] = [];
  #trimTo = 0;

  constructor(base: Base, recovered: RecoveredLog | null, everyBytes: number) {
    this.#everyBytes = everyBytes;
    this.#kept = [...(recovered?.earlier ?? []), base];
    this.#start = recovered?.start ?? base.index + 1;
  }

  get start(): number {
    return this.#start;
  }

  /** With which a peer can begin at the oldest entry; null if this one does not have it any more. */
  get oldest(): Base | null {
    const oldest = this.#kept[0];
    return oldest !== undefined && oldest.index === this.#start - 1 ? oldest : null;
  }

  chainAt(index: number): Chain | null {
    return this.#kept.find((base) => base.index === index)?.chain ?? null;
  }

  /** The highest place, not above `upto`, up to which the log may be trimmed. 0: none. */
  edgeBelow(upto: number): number {
    return this.#kept.findLast(({ index }) => index <= upto)?.index ?? 0;
  }

  /** Whether a base is taken behind this entry; asked once for each. */
  isDue(entry: Entry): boolean {
    this.#bytesSince += entry.bytes.length;
    this.#entriesSince++;
    // A start decodes all behind the last base: of small entries their number counts, not their bytes.
    const isDue = this.#bytesSince >= this.#everyBytes || this.#entriesSince >= LIMITS.baseEveryEntriesMax;
    if (!isDue) return false;
    this.#bytesSince = 0;
    this.#entriesSince = 0;
    return true;
  }

  take(base: Base): void {
    this.#due.push(base);
  }

  /** The entry that says so is committed. */
  trim(upto: number): void {
    this.#trimTo = Math.max(this.#trimTo, upto);
  }

  /** Saves what is covered by what was delivered, and lets go of what was trimmed. */
  deliver(delivered: number, _commitIndex: number, out: OrderingOutbox): void {
    while (this.#due[0] !== undefined && this.#due[0].index <= delivered) {
      const base = this.#due.shift();
      if (base === undefined) break;
      this.#kept.push(base);
      if (this.#kept.length > LIMITS.basesMax) this.#kept.splice(1, 1);
      out.saveBase(base);
    }
    const last = this.#kept.at(-1)?.index ?? 0;
    if (this.#trimTo < this.#start || this.#trimTo > Math.min(delivered, last)) return;
    this.#start = this.#trimTo + 1;
    this.#kept = this.#kept.filter(({ index }) => index >= this.#trimTo);
    out.trimLog(this.#trimTo);
  }
}
