// What a log begins with that has no entry yet: the view the group was founded with. SPEC rules OR40, OR42.

import { NO_BALLOT } from '../../model/ballot.ts';
import type { Base, OrderState } from '../../model/entry.ts';
import type { GroupId, GroupView } from '../../model/group-view.ts';
import { NO_CHAIN } from '../../wire/entry.ts';

/** What a log begins from whose group was founded here, if nothing else was saved. */
export function foundingBase({ group, founding }: OrderState): Base | null {
  const accepted = founding?.accepted;
  return group !== null && accepted?.group === group ? firstBase(group, accepted.view) : null;
}

export function firstBase(group: GroupId, view: GroupView): Base {
  return {
    group,
    index: 0,
    ballot: NO_BALLOT,
    chain: NO_CHAIN,
    nextSequence: 1,
    view,
    viewId: 0,
    producers: [],
    epochs: [],
    absorbed: [],
    version: 1,
  };
}
