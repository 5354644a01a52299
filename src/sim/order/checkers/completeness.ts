// A leader has everything that was committed under lower ballots, from its first act on (Raft §5.4). SPEC rule SM49.

import { type Ballot, ballotText, compareBallots } from '../../../model/ballot.ts';
import type { Truth } from '../truth.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';
import { sameChain } from './log-matching.ts';

export class LeaderIsComplete extends OrderChecker {
  readonly rule = 'a leader has all that is committed';
  readonly #truth: Truth;

  constructor(complain: Complain, truth: Truth) {
    super(complain);
    this.#truth = truth;
  }

  override leads(at: OrderPlace, ballot: Ballot | null): void {
    if (ballot === null) return;
    const truth = this.#truth.of(at.group);
    let index = truth.last;
    while (index > 0) {
      const committed = truth.at(index);
      if (committed === undefined || compareBallots(committed.under, ballot) < 0) break;
      index--;
    }
    const committed = truth.at(index)?.entry;
    if (committed === undefined || index < at.asked.first) return;
    const mine = at.asked.at(index);
    if (mine === undefined || !sameChain(mine.chain, committed.chain)) {
      const has = mine === undefined ? `ends at ${at.asked.last}` : 'is another one there';
      this.complain(at, `leads with ${ballotText(ballot)} without committed entry ${index}: its log ${has}`);
    }
  }
}
