// The group as `/api/v1/view` and the pulse of the live stream show it. SPEC rule AP25.

import type { Hub } from '../hub/hub.ts';
import type { View } from './schema.ts';

export function viewRow(hub: Hub): View {
  const { group, viewId, role, leader, ballot, voters, learners, present, quorum, ...rest } = hub.order();
  return {
    group,
    view_id: viewId,
    role,
    leader,
    ballot: ballot && { round: ballot.round, peer: ballot.peer },
    voters: [...voters],
    learners: [...learners],
    present: [...present],
    quorum,
    watermark: rest.watermark,
    commit_index: rest.commitIndex,
    last_index: rest.lastIndex,
    outbox: rest.outbox,
  };
}
