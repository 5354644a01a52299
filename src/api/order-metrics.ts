// What `/metrics` tells of the history plane. SPEC rule AP17.

import type { Hub } from '../hub/hub.ts';

/** Makes a gauge or a counter of that name and gives how to set it. */
export type Tell = (
  kind: 'gauge' | 'counter',
  name: string,
  help: string,
  value: number,
  labels?: { readonly [label: string]: string },
) => void;

export function tellOrder(hub: Hub, factsByType: ReadonlyMap<string, number>, tell: Tell): void {
  const order = hub.order();
  const happened = (type: string) => factsByType.get(type) ?? 0;
  tell('gauge', 'order_leads', '1 while this node leads.', order.leader === hub.self ? 1 : 0);
  tell('gauge', 'order_leader', 'Whom this node follows; always 1.', 1, { leader: order.leader ?? '' });
  tell(
    'gauge',
    'order_quorum',
    '1 while it leads with a quorum or hears a leader that has one.',
    order.quorum ? 1 : 0,
  );
  tell('gauge', 'order_round', 'Round of the ballot in force.', order.ballot?.round ?? 0);
  tell('gauge', 'order_view_id', 'Entry that brought the view in force.', order.viewId);
  tell('gauge', 'order_watermark', 'Highest committed sequence known here.', order.watermark);
  tell('gauge', 'order_commit_index', 'Highest committed entry known here.', order.commitIndex);
  tell('gauge', 'order_last_index', 'Last entry of the log here, committed or not.', order.lastIndex);
  tell('gauge', 'order_outbox_records', 'Own records stored and not yet known committed.', order.outbox);
  tell('gauge', 'order_voters', 'Voters of the group.', order.voters.length);
  tell('gauge', 'order_learners', 'Learners of the group.', order.learners.length);
  tell('gauge', 'order_present', 'Members of the group that answer.', order.present.length);
  tell('counter', 'order_elections_total', 'Elections this node stood for.', happened('election-started'));
  tell(
    'counter',
    'order_leader_changes_total',
    'Times this node heard of a leader or became one.',
    happened('coordinator') + happened('became-leader'),
  );
}
