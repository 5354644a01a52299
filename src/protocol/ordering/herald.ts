// Tells who asks what the group is, by the view in force here, and keeps whom the leader says to answer. SPEC rules
// OR22, OR36.

import type { PeerId } from '../../model/ids.ts';
import type { ViewMessage } from '../../wire/ordering-messages.ts';
import type { GroupLog } from './group-log.ts';
import type { OrderingOutbox } from './port.ts';
import type { Site } from './site.ts';

export class Herald {
  readonly #site: Site;
  /** Members that answer, by the leader's word. */
  #present: readonly PeerId[] = [];

  constructor(site: Site) {
    this.#site = site;
  }

  present(log: GroupLog | null): readonly PeerId[] {
    return log?.reign?.present ?? this.#present;
  }

  heard(present: readonly PeerId[], out: OrderingOutbox): void {
    const isSame =
      present.length === this.#present.length && present.every((peer) => this.#present.includes(peer));
    this.#present = present;
    if (!isSame) out.announce({ type: 'group-present', present });
  }

  viewChange(log: GroupLog, leader: PeerId | null): Extract<ViewMessage, { type: 'VIEW_CHANGE' }> {
    if (log.reign !== null) return log.reign.viewChange();
    const { group, views, commitIndex, bases, dissolvedInto } = log.replica;
    return {
      type: 'VIEW_CHANGE',
      group,
      identity: this.#site.identity,
      viewId: views.inForce.id,
      view: views.inForce.view,
      leader,
      present: this.#present,
      commitIndex,
      logStart: bases.start,
      dissolvedInto,
      isAbsorbed: false,
      absorbed: null,
    };
  }
}
