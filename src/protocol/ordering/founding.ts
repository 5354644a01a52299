// Founding a group: the nodes of a site that know of none agree on one by single-decree Paxos (Lamport 2001), with
// the ballots of elections. Acceptors are those that expect the same number of nodes; what a quorum of that number
// has accepted is the group, for ever. SPEC rules OR41-OR43.

import type { Random } from '../../kit/random.ts';
import {
  type Ballot,
  compareBallots,
  compareOwners,
  NO_BALLOT,
  nextBallot,
  sameBallot,
} from '../../model/ballot.ts';
import type { FoundingState } from '../../model/entry.ts';
import type { GroupId, GroupMember, GroupView } from '../../model/group-view.ts';
import { compareIdentities, type PeerId } from '../../model/ids.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { FoundingMessage, FoundingValue } from '../../wire/ordering-messages.ts';
import type { OrderingOutbox } from './port.ts';
import type { Site } from './site.ts';

/** What is decided, and the state that the disk must hold before anybody is answered. */
export interface FoundingPort {
  saveFounding(state: FoundingState): void;
  founded(group: GroupId, view: GroupView): void;
}

type Proposal =
  | { readonly name: 'none' }
  | {
      readonly name: 'preparing';
      readonly ballot: Ballot;
      readonly untilMs: number;
      readonly promises: Set<PeerId>;
      best: FoundingValue | null;
    }
  | {
      readonly name: 'accepting';
      readonly value: FoundingValue;
      readonly untilMs: number;
      readonly accepted: Set<PeerId>;
    };

interface Seen {
  readonly member: GroupMember;
  readonly expect: number;
}

const NODES_MAX = 256;
/** Whoever has promised gives the proposer so many times `joinEveryMs` before it proposes itself. */
const YIELD = { min: 2, max: 6 };

export class Founding {
  readonly #site: Site;
  readonly #self: GroupMember;
  readonly #expect: number;
  readonly #random: Random;
  readonly #seen = new Map<PeerId, Seen>();
  #state: FoundingState;
  /** What is told once the disk holds the state it was said in. */
  #owed: { readonly state: FoundingState; readonly tell: (out: OrderingOutbox) => void }[] = [];
  #proposal: Proposal = { name: 'none' };
  #sinceMs: number;
  #dueMs = NEVER;
  #tries = 0;

  constructor(
    site: Site,
    self: GroupMember,
    expect: number,
    state: FoundingState | null,
    random: Random,
    now: Now,
  ) {
    this.#site = site;
    this.#self = self;
    this.#expect = expect;
    this.#random = random;
    this.#state = state ?? { promised: NO_BALLOT, accepted: null };
    this.#sinceMs = now.steadyMs;
    this.#dueMs = now.steadyMs + site.options.foundAfterMs;
  }

  get wakeAt(): number {
    return this.#proposal.name === 'none' ? this.#dueMs : this.#proposal.untilMs;
  }

  /** A node that knows of no group either. */
  saw(member: GroupMember, expect: number, now: Now): void {
    const known = this.#seen.get(member.peer);
    if (known === undefined && this.#seen.size >= NODES_MAX) return;
    if (known !== undefined && compareIdentities(known.member.identity, member.identity) > 0) return;
    const before = this.#nodes().length;
    this.#seen.set(member.peer, { member, expect });
    // The last of all: who was seen before asks again and again.
    const isLast = before < this.#expect && this.#nodes().length === this.#expect;
    if (isLast && this.#proposal.name === 'none') this.#dueMs = now.steadyMs;
  }

  lost(peer: PeerId): void {
    this.#seen.delete(peer);
  }

  wake(now: Now, port: FoundingPort): void {
    if (now.steadyMs < this.wakeAt) return;
    const nodes = this.#nodes();
    this.#dueMs = now.steadyMs + this.#site.options.joinEveryMs;
    this.#proposal = { name: 'none' };
    const isFull = nodes.length >= this.#expect;
    const hasWaited = now.steadyMs - this.#sinceMs >= this.#site.options.foundAfterMs;
    if (nodes.length < this.#quorum || !(isFull || hasWaited)) return;
    // The highest proposes; the others only if it does not come to anything.
    const rank = nodes.filter((node) => compareOwners(ranked(node), ranked(this.#self)) > 0).length;
    if (rank > this.#tries++) return;
    this.#prepare(nodes, now, port);
  }

  receive(from: PeerId, message: FoundingMessage, now: Now, port: FoundingPort, out: OrderingOutbox): void {
    switch (message.type) {
      case 'FOUND_PREPARE':
        if (message.expect === this.#expect && message.ballot.peer === from)
          this.#prepared(from, message.ballot, now, port, out);
        return;
      case 'FOUND_ACCEPT':
        if (message.expect !== this.#expect || message.ballot.peer !== from) return;
        this.#accept(from, { ballot: message.ballot, group: message.group, view: message.view }, port, out);
        return;
      case 'FOUND_PROMISE':
        this.#promised(from, message.ballot, message.accepted, now, port, out);
        return;
      case 'FOUND_ACCEPTED':
        this.#acceptedBy(from, message.ballot, port);
        return;
      case 'FOUND_REFUSE':
        this.#refused(message.ballot, message.promised, now);
        return;
    }
  }

  saved(state: FoundingState, out: OrderingOutbox): void {
    const due = this.#owed.filter((owed) => covers(state, owed.state));
    this.#owed = this.#owed.filter((owed) => !covers(state, owed.state));
    for (const { tell } of due) tell(out);
  }

  get #quorum(): number {
    return Math.floor(this.#expect / 2) + 1;
  }

  /** Those who expect as many, this one included. */
  #nodes(): GroupMember[] {
    const others = [...this.#seen.values()].filter(({ expect }) => expect === this.#expect);
    return [this.#self, ...others.map(({ member }) => member)];
  }

  #prepare(nodes: readonly GroupMember[], now: Now, port: FoundingPort): void {
    const ballot = nextBallot(this.#state.promised, ranked(this.#self));
    const untilMs = now.steadyMs + this.#site.options.joinEveryMs * this.#random.between(1, 1.5);
    this.#proposal = { name: 'preparing', ballot, untilMs, promises: new Set(), best: null };
    // A ballot that was told and forgotten could be used twice, so the disk hears of it first.
    this.#keep({ ...this.#state, promised: ballot }, port, (then) => {
      for (const { peer } of nodes) {
        if (peer !== this.#self.peer)
          then.send(peer, { type: 'FOUND_PREPARE', expect: this.#expect, ballot }, 'stream');
      }
      this.#promised(this.#self.peer, ballot, this.#state.accepted, now, port, then);
    });
  }

  #prepared(from: PeerId, ballot: Ballot, now: Now, port: FoundingPort, out: OrderingOutbox): void {
    const { promised, accepted } = this.#state;
    if (compareBallots(ballot, promised) < 0) {
      out.send(from, { type: 'FOUND_REFUSE', ballot, promised }, 'stream');
      return;
    }
    if (this.#proposal.name !== 'none') this.#proposal = { name: 'none' };
    // Whose disks and network are slow would for ever outbid each other before anybody is through.
    const { joinEveryMs } = this.#site.options;
    this.#dueMs = now.steadyMs + joinEveryMs * this.#random.between(YIELD.min, YIELD.max);
    this.#keep({ promised: ballot, accepted }, port, (then) => {
      then.send(from, { type: 'FOUND_PROMISE', ballot, accepted }, 'stream');
    });
  }

  #promised(
    from: PeerId,
    ballot: Ballot,
    accepted: FoundingValue | null,
    now: Now,
    port: FoundingPort,
    out: OrderingOutbox,
  ): void {
    const proposal = this.#proposal;
    if (proposal.name !== 'preparing' || !sameBallot(proposal.ballot, ballot)) return;
    if (!this.#nodes().some(({ peer }) => peer === from)) return;
    proposal.promises.add(from);
    if (
      accepted !== null &&
      (proposal.best === null || compareBallots(accepted.ballot, proposal.best.ballot) > 0)
    ) {
      proposal.best = accepted;
    }
    if (proposal.promises.size < this.#quorum) return;
    // What may have been chosen is proposed again; only without any is a group drawn.
    const { group, view } = proposal.best ?? this.#drawn();
    const value = { ballot, group, view };
    this.#proposal = {
      name: 'accepting',
      value,
      untilMs: now.steadyMs + this.#site.options.joinEveryMs,
      accepted: new Set(),
    };
    for (const { peer } of this.#nodes()) {
      if (peer !== this.#self.peer)
        out.send(peer, { type: 'FOUND_ACCEPT', expect: this.#expect, ...value }, 'stream');
    }
    this.#keep({ promised: ballot, accepted: value }, port, () =>
      this.#acceptedBy(this.#self.peer, ballot, port),
    );
  }

  #accept(from: PeerId, value: FoundingValue, port: FoundingPort, out: OrderingOutbox): void {
    const { promised } = this.#state;
    const { ballot } = value;
    if (compareBallots(ballot, promised) < 0) {
      out.send(from, { type: 'FOUND_REFUSE', ballot, promised }, 'stream');
      return;
    }
    this.#keep({ promised: ballot, accepted: value }, port, (then) => {
      then.send(from, { type: 'FOUND_ACCEPTED', ballot }, 'stream');
    });
  }

  #acceptedBy(from: PeerId, ballot: Ballot, port: FoundingPort): void {
    const proposal = this.#proposal;
    if (proposal.name !== 'accepting' || !sameBallot(proposal.value.ballot, ballot)) return;
    proposal.accepted.add(from);
    if (proposal.accepted.size < this.#quorum) return;
    const { group, view } = proposal.value;
    this.#proposal = { name: 'none' };
    port.founded(group, view);
  }

  #refused(ballot: Ballot, promised: Ballot, now: Now): void {
    const proposal = this.#proposal;
    if (proposal.name === 'none' || compareBallots(promised, ballot) <= 0) return;
    const mine = proposal.name === 'preparing' ? proposal.ballot : proposal.value.ballot;
    if (!sameBallot(mine, ballot)) return;
    this.#proposal = { name: 'none' };
    if (compareBallots(promised, this.#state.promised) > 0) this.#state = { ...this.#state, promised };
    this.#dueMs = now.steadyMs + this.#site.options.joinEveryMs * this.#random.between(0.2, 1);
  }

  /** A state, and what it allows to say once it is durable. */
  #keep(state: FoundingState, port: FoundingPort, tell: (out: OrderingOutbox) => void): void {
    this.#state = state;
    this.#owed.push({ state, tell });
    port.saveFounding(state);
  }

  /**
   * The id begins with the number of founders, so that of two groups the one founded by more is the greater, and ends
   * with how often the group was begun anew after its quorum was lost.
   */
  #drawn(): { group: GroupId; view: GroupView } {
    const voters = this.#nodes()
      .sort((a, b) => compareOwners(ranked(b), ranked(a)))
      .slice(0, this.#site.options.maxVoters);
    const size = Math.min(0xff, voters.length).toString(16).padStart(2, '0');
    const draw = (): string => this.#random.u32().toString(16).padStart(8, '0');
    const group = `${size}${(draw() + draw()).slice(0, 12)}00`;
    return { group, view: { voters, learners: [], joint: null, tieBreak: this.#site.options.tieBreak } };
  }
}

function covers(saved: FoundingState, state: FoundingState): boolean {
  if (compareBallots(saved.promised, state.promised) < 0) return false;
  if (state.accepted === null) return true;
  return saved.accepted !== null && compareBallots(saved.accepted.ballot, state.accepted.ballot) >= 0;
}

function ranked({ priority, peer, identity }: GroupMember) {
  return { priority: priority ?? Number.MIN_SAFE_INTEGER, peer, identity };
}
