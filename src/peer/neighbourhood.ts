// What membership means to the other protocols: who may be gossiped with and where they stand, and who of the group is
// present. SPEC rules PR9, PR14, PR15.

import { compareText } from '../kit/order.ts';
import type { PeerId } from '../model/ids.ts';
import type { Rumour } from '../model/member.ts';
import { type Names, PeerSet } from '../model/names.ts';
import type { Now } from '../model/time.ts';
import type { TopologyView } from '../model/view.ts';
import type { Membership } from '../protocol/membership/machine.ts';
import type { OrderingOutbox } from '../protocol/ordering/port.ts';
import type { LinkLoss } from '../protocol/outbox.ts';
import type { Relay } from '../protocol/relay/machine.ts';
import type { Replication } from '../protocol/replication/machine.ts';
import type { Hello } from '../wire/messages.ts';
import type { History } from './history.ts';
import { neighboursOf, type Standings, type TopologyPolicy, topologyView } from './topology.ts';

export class Neighbourhood {
  /** Those to whom a connection stands. */
  readonly linked: PeerSet;
  readonly #self: PeerId;
  readonly #policy: TopologyPolicy;
  readonly #membership: Membership;
  readonly #replication: Replication;
  readonly #relay: Relay;
  readonly #history: History | null;
  /** Of whom replication was told that they are up. */
  readonly #up: PeerSet;

  constructor(
    {
      self,
      policy,
      names,
    }: { readonly self: PeerId; readonly policy: TopologyPolicy; readonly names: Names },
    membership: Membership,
    replication: Replication,
    relay: Relay,
    history: History | null,
  ) {
    this.linked = new PeerSet(names);
    this.#up = new PeerSet(names);
    this.#self = self;
    this.#policy = policy;
    this.#membership = membership;
    this.#replication = replication;
    this.#relay = relay;
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
        if (!this.#up.delete(peer)) continue;
        replication.memberDown(peer, now, out);
        this.#relay.memberDown(peer, now);
        continue;
      }
      if (!this.#up.has(peer)) {
        this.#up.add(peer);
        replication.memberUp(peer, now, out);
        this.#relay.memberUp(peer, now, out);
      }
      replication.memberZone(peer, membership.zoneOf(peer));
    }
    this.#history?.present(membership.alivePeers(), now, out);
  }

  linkUp(hello: Hello, now: Now, out: OrderingOutbox): void {
    this.linked.add(hello.peer);
    out.announce({ type: 'link-up', peer: hello.peer, address: hello.address });
    // First, so that a peer that becomes alive by its link is met once.
    this.#replication.linkUp(hello.peer, now, out);
    this.#membership.linkUp(hello, now, out);
    this.#history?.linkUp(hello, now, out);
    this.#relay.linkUp(hello.peer, now, out);
  }

  linkDown(peer: PeerId, cause: LinkLoss, now: Now, out: OrderingOutbox): void {
    this.linked.delete(peer);
    out.announce({ type: 'link-down', peer, cause });
    this.#replication.linkDown(peer, now, out);
    this.#membership.linkDown(peer, cause, now, out);
    this.#history?.linkDown(peer, cause, now, out);
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
