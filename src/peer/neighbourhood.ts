// What membership means to the other protocols: who may be gossiped with and where they stand, and who of the group is
// present. SPEC rules PR9, PR14, PR15.

import { compareText } from '../kit/order.ts';
import type { PeerId } from '../model/ids.ts';
import type { Rumour } from '../model/member.ts';
import type { Now } from '../model/time.ts';
import type { TopologyView } from '../model/view.ts';
import type { Membership } from '../protocol/membership/machine.ts';
import type { OrderingOutbox } from '../protocol/ordering/port.ts';
import type { Replication } from '../protocol/replication/machine.ts';
import type { History } from './history.ts';
import { neighboursOf, type Standings, type TopologyPolicy, topologyView } from './topology.ts';

export class Neighbourhood {
  /** Those to whom a connection stands. */
  readonly linked = new Set<PeerId>();
  readonly #self: PeerId;
  readonly #policy: TopologyPolicy;
  readonly #membership: Membership;
  readonly #replication: Replication;
  readonly #history: History | null;
  /** Of whom replication was told that they are up. */
  readonly #up = new Set<PeerId>();

  constructor(
    { self, policy }: { readonly self: PeerId; readonly policy: TopologyPolicy },
    membership: Membership,
    replication: Replication,
    history: History | null,
  ) {
    this.#self = self;
    this.#policy = policy;
    this.#membership = membership;
    this.#replication = replication;
    this.#history = history;
  }

  /** Tells the others what changed since the last step. Without a policy, a change costs replication the same at any size. */
  follow(now: Now, out: OrderingOutbox): void {
    const membership = this.#membership;
    const replication = this.#replication;
    const changed = membership.takeChanged();
    if (changed.size === 0) return;
    if (this.#policy !== 'full_mesh') {
      replication.neighbours(neighboursOf(this.#self, this.#standings(), this.#policy));
    }
    for (const peer of changed) {
      if (!membership.isReachable(peer)) {
        if (this.#up.delete(peer)) replication.memberDown(peer, now, out);
        continue;
      }
      if (!this.#up.has(peer)) {
        this.#up.add(peer);
        replication.memberUp(peer, now, out);
      }
      replication.memberZone(peer, membership.zoneOf(peer));
    }
    this.#history?.present(membership.alivePeers(), now, out);
  }

  /** At the beginning of a simulation: nobody is met, all of them have been for long. (SM20) */
  joined(members: readonly Rumour[], isLinked: boolean, now: Now, out: OrderingOutbox): void {
    this.#membership.joined(members, isLinked, now);
    if (!isLinked) return;
    for (const { peer } of members) {
      if (peer === this.#self) continue;
      this.linked.add(peer);
      this.#replication.linkUp(peer, now, out);
    }
  }

  topology(wallMs: number): readonly TopologyView[] {
    return topologyView(this.#self, this.#standings(), this.linked, this.#policy, wallMs);
  }

  #standings(): Standings {
    const sorted = [...this.#membership.alivePeers(), this.#self].sort(compareText);
    return { sorted, zoneOf: (peer) => this.#membership.zoneOf(peer) };
  }
}
