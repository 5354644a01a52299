// Linearizable reads without a clock (ReadIndex, Raft §6.4): whoever has everything up to the leader's commit index
// has all that was committed when it asked, once a quorum has confirmed by a later heartbeat that it still leads.
// SPEC rule OR44.

import type { GroupMember } from '../../model/group-view.ts';
import { sameIdentity } from '../../model/ids.ts';
import type { Leader } from './leader.ts';
import type { OrderingOutbox } from './port.ts';
import { sameMember } from './quorum.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

interface Waiting {
  readonly index: number;
  /** A quorum must answer this beat or a later one. */
  readonly beat: number;
  readonly tell: (index: number, out: OrderingOutbox) => void;
}

const WAITING_MAX = 1_024;

export class ReadPoints {
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #leader: Leader;
  /** With which disk a peer answered counts: another one is another voter. */
  #answered: { readonly member: GroupMember; beat: number }[] = [];
  #waiting: Waiting[] = [];

  constructor(site: Site, replica: Replica, leader: Leader) {
    this.#site = site;
    this.#replica = replica;
    this.#leader = leader;
  }

  /** Whether a heartbeat must go out for it. -1 is told where nothing can be said. */
  ask(tell: Waiting['tell'], out: OrderingOutbox): boolean {
    if (!this.#leader.hasOwnCommitted || this.#waiting.length >= WAITING_MAX) {
      tell(-1, out);
      return false;
    }
    this.#waiting.push({ index: this.#replica.commitIndex, beat: this.#leader.beat + 1, tell });
    this.settle(out);
    return this.#waiting.length > 0;
  }

  answered(from: GroupMember, beat: number, out: OrderingOutbox): void {
    if (beat <= this.#beatOf(from)) return;
    const known = this.#answered.find(({ member }) => sameMember(member, from));
    if (known === undefined) {
      // The former disk of a peer answers no more.
      this.#answered = this.#answered.filter(({ member }) => member.peer !== from.peer);
      this.#answered.push({ member: from, beat });
    } else known.beat = beat;
    if (this.#waiting.length > 0) this.settle(out);
  }

  settle(out: OrderingOutbox): void {
    const { self, identity, rules } = this.#site;
    while (this.#waiting[0] !== undefined) {
      const { beat, index, tell } = this.#waiting[0];
      const confirms = (member: GroupMember): boolean =>
        (member.peer === self && sameIdentity(member.identity, identity)) || this.#beatOf(member) >= beat;
      if (!rules.quorum(this.#replica.view, confirms)) return;
      this.#waiting.shift();
      tell(index, out);
    }
  }

  /** The lead is gone, and with it what could have been said. */
  end(out: OrderingOutbox): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { tell } of waiting) tell(-1, out);
  }

  #beatOf(member: GroupMember): number {
    return this.#answered.find((answer) => sameMember(answer.member, member))?.beat ?? 0;
  }
}
