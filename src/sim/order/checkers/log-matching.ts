// Two logs that have an entry of one ballot at one index are equal up to there (Raft §5.3). A table of all
// entries that any log ever took: ballot and index name one entry, and one predecessor. SPEC rule SM48.

import { type Ballot, ballotText, sameBallot } from '../../../model/ballot.ts';
import type { Chain, Entry } from '../../../model/entry.ts';
import type { OrderWrite } from '../image.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

interface Known {
  readonly ballot: Ballot;
  readonly chain: Chain;
  /** The chain before it; null while nobody has shown it. */
  before: Chain | null;
}

export class LogMatching extends OrderChecker {
  readonly rule = 'equal ballot and index, equal logs';
  /** By group, then by index: the few entries that were ever there. */
  readonly #groups = new Map<string, Known[][]>();

  override asked(at: OrderPlace, write: OrderWrite): void {
    if (write.type !== 'append') return;
    for (const [place, entry] of write.entries.entries()) {
      const before = write.entries[place - 1] ?? at.asked.at(entry.index - 1);
      this.#look(at, entry, before);
    }
  }

  #look(at: OrderPlace, entry: Entry, before: Entry | undefined): void {
    if (before !== undefined && before.index !== entry.index - 1) {
      this.complain(at, `entry ${entry.index} stands behind entry ${before.index}`);
      return;
    }
    const known = this.#at(at.group ?? '', entry.index);
    const same = known.find(({ ballot }) => sameBallot(ballot, entry.ballot));
    const chainBefore = before?.chain ?? null;
    if (same === undefined) {
      known.push({ ballot: entry.ballot, chain: entry.chain, before: chainBefore });
      return;
    }
    if (!sameChain(same.chain, entry.chain)) {
      this.complain(
        at,
        `entry ${entry.index} of ballot ${ballotText(entry.ballot)} is another one elsewhere`,
      );
    } else if (chainBefore !== null && same.before !== null && !sameChain(same.before, chainBefore)) {
      this.complain(
        at,
        `entry ${entry.index} of ballot ${ballotText(entry.ballot)} stands behind another log`,
      );
    }
    same.before ??= chainBefore;
  }

  #at(group: string, index: number): Known[] {
    let indexes = this.#groups.get(group);
    if (indexes === undefined) {
      indexes = [];
      this.#groups.set(group, indexes);
    }
    let known = indexes[index];
    if (known === undefined) {
      known = [];
      indexes[index] = known;
    }
    return known;
  }
}

export function sameChain(a: Chain, b: Chain): boolean {
  return a.a === b.a && a.b === b.b;
}
