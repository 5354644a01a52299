// A peer's way from one identity to the next, while it runs: somebody holds a stream of its id that it did not write.
// The directory was lost (another identity), or restored from a backup or copied (the own one, with a higher n). The
// peer takes a higher birth, and what it shows of its own is written again under the new name: of the former one nobody
// can tell whose numbers are whose. SPEC rules PR8, PR16.
//
// The surprise: what was at the disk when it began is stored under the former name, and the order gets it by that name.
// So the new one waits for the disk's answers, or the former stream would end before its last records were known.

import { compareIdentities, type Identity, sameIdentity } from '../model/ids.ts';
import { NEVER } from '../model/time.ts';

export class Renaming {
  readonly name = 'renaming';
  readonly identity: Identity;
  readonly why: string;
  /** Another life used this very identity: of numbers given since the start nobody can tell whose they are. */
  readonly reused: boolean;
  /** Of the stream given up, what lies above may have been written under numbers that were taken. */
  readonly keepUpto: number;
  /** Up to here the order gets what was written under the former name by that name. */
  readonly orderedUpto: number;
  /** The new identity is durable. */
  isSaved = false;

  private constructor(was: Identity, foreign: Identity, recoveredN: number, random: string) {
    this.reused = sameIdentity(foreign, was);
    this.why = this.reused ? 'this directory is an older copy' : 'this id was used with another directory';
    this.identity = { birth: foreign.birth + 1, random };
    this.keepUpto = recoveredN;
    this.orderedUpto = this.reused ? recoveredN : NEVER;
  }

  /** Null where the foreign identity is one that this peer's own has overtaken. `recoveredN`: found at start. */
  static from(was: Identity, foreign: Identity, recoveredN: number, random: () => string): Renaming | null {
    return compareIdentities(foreign, was) < 0 ? null : new Renaming(was, foreign, recoveredN, random());
  }

  mayEnd(isAppending: boolean): boolean {
    return this.isSaved && (this.reused || !isAppending);
  }
}
