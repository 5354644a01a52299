// What people asked this peer to do about its group, and has not come to an end: each is answered by a fact, at the
// latest when its time is over. SPEC rule OR47.

import type { PeerId } from '../model/ids.ts';
import type { CommandOutcome, OrderFact } from '../model/order-fact.ts';
import { NEVER, type Now } from '../model/time.ts';
import type { Election } from '../protocol/election/machine.ts';
import type { ElectionPort } from '../protocol/election/standing.ts';
import type { Ordering } from '../protocol/ordering/machine.ts';
import type { OrderingOutbox } from '../protocol/ordering/port.ts';
import { membersOf } from '../protocol/ordering/views.ts';

export type HistoryCommand =
  /** Hand the lead to this voter. */
  | { readonly kind: 'transfer'; readonly to: PeerId }
  /** Put this peer out of the group, for good. */
  | { readonly kind: 'remove'; readonly peer: PeerId }
  /** Leave the group, for good. */
  | { readonly kind: 'leave' };

interface Pending {
  readonly ticket: number;
  readonly command: HistoryCommand;
  readonly untilMs: number;
}

/** What the commands need to see to know that they are done. */
export interface CommandView {
  readonly leader: PeerId | null;
  readonly isMember: boolean;
  has(peer: PeerId): boolean;
}

const PENDING_MAX = 64;
const GIVE_UP_MS = 30_000;

export class HistoryCommands {
  #pending: Pending[] = [];

  get wakeAt(): number {
    let wakeAt = NEVER;
    for (const { untilMs } of this.#pending) wakeAt = Math.min(wakeAt, untilMs);
    return wakeAt;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  add(ticket: number, command: HistoryCommand, now: Now, announce: (fact: OrderFact) => void): void {
    if (this.#pending.length >= PENDING_MAX) {
      announce(done(ticket, { ok: false, why: 'too many commands are under way', retry: true }));
      return;
    }
    this.#pending.push({ ticket, command, untilMs: now.steadyMs + GIVE_UP_MS });
  }

  /** A transfer came to nothing. */
  transferFailed(why: string, announce: (fact: OrderFact) => void): void {
    this.#end(({ command }) => command.kind === 'transfer', { ok: false, why, retry: true }, announce);
  }

  settle(view: CommandView, now: Now, announce: (fact: OrderFact) => void): void {
    this.#end(({ command }) => isDone(command, view), { ok: true }, announce);
    const late = { ok: false, why: 'it did not happen in time', retry: true } as const;
    this.#end(({ untilMs }) => now.steadyMs >= untilMs, late, announce);
  }

  #end(
    which: (pending: Pending) => boolean,
    outcome: CommandOutcome,
    announce: (fact: OrderFact) => void,
  ): void {
    const ended = this.#pending.filter(which);
    if (ended.length === 0) return;
    this.#pending = this.#pending.filter((pending) => !which(pending));
    for (const { ticket } of ended) announce(done(ticket, outcome));
  }
}

/** What stands in the way of a command; null when it has been begun. */
export function begin(
  command: HistoryCommand,
  self: PeerId,
  election: Election,
  ordering: Ordering,
  port: ElectionPort,
  now: Now,
  out: OrderingOutbox,
): string | null {
  const { leader, leads } = election;
  const elsewhere = leader === null ? 'nobody leads the group' : `${leader} leads the group: ask there`;
  switch (command.kind) {
    case 'transfer': {
      if (leads === null) return elsewhere;
      if (command.to === self) return `${self} leads already`;
      const isBegun = election.transfer(command.to, 'somebody asked for it', now, port);
      const why = `${command.to} is no voter that could take the lead, or it is being handed over already`;
      return isBegun ? null : why;
    }
    case 'remove':
      if (command.peer === self) return 'a node that leads is not put out: let it leave';
      if (leads !== null && !commandView(self, election, ordering).has(command.peer)) {
        return `${command.peer} is no member of the group`;
      }
      return ordering.remove(command.peer, now, out) ? null : elsewhere;
    case 'leave':
      ordering.leaveGroup(out);
      election.transfer(null, 'this node leaves the group', now, port);
      return null;
  }
}

export function commandView(self: PeerId, election: Election, { log, hasPlace }: Ordering): CommandView {
  const members = log === null ? [] : membersOf(log.replica.views.committed.view);
  const has = (peer: PeerId): boolean => members.some((member) => member.peer === peer);
  return { leader: election.leader, isMember: hasPlace && has(self), has };
}

export function done(ticket: number, outcome: CommandOutcome): OrderFact {
  return { type: 'command-done', ticket, outcome };
}

function isDone(command: HistoryCommand, view: CommandView): boolean {
  switch (command.kind) {
    case 'transfer':
      return view.leader === command.to;
    case 'remove':
      return !view.has(command.peer);
    case 'leave':
      return !view.isMember;
  }
}
