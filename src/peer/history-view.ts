// What a peer shows of the history plane. SPEC rule OR46.

import type { OrderView } from '../model/group-view.ts';
import type { Election } from '../protocol/election/machine.ts';
import type { Ordering } from '../protocol/ordering/machine.ts';

export function orderView(election: Election, ordering: Ordering, takesPart: boolean): OrderView {
  const replica = ordering.log?.replica;
  const { leader, leaderBallot: ballot } = election;
  const view = replica?.view;
  return {
    group: replica?.group ?? null,
    viewId: replica?.views.inForce.id ?? 0,
    role: replica?.role() ?? 'stranger',
    leader,
    ballot: ballot === null ? null : { round: ballot.round, peer: ballot.peer },
    voters: view?.voters.map(({ peer }) => peer) ?? [],
    learners: view?.learners.map(({ peer }) => peer) ?? [],
    present: ordering.present,
    quorum: leader !== null && takesPart,
    watermark: replica?.watermark ?? 0,
    commitIndex: replica?.commitIndex ?? 0,
    lastIndex: replica?.lastIndex ?? 0,
    outbox: ordering.pending,
  };
}
