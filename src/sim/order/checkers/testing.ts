// A place and a log made by hand, for checkers that are shown what they must catch.

import type { Ballot } from '../../../model/ballot.ts';
import type { Base, Entry, EntryBody, OrderState } from '../../../model/entry.ts';
import type { GroupMember, GroupView } from '../../../model/group-view.ts';
import type { Identity, PeerId } from '../../../model/ids.ts';
import { encodeEntry, NO_CHAIN } from '../../../wire/entry.ts';
import { peerName } from '../../world.ts';
import { EntryLog } from '../entry-log.ts';
import { OrderImage, payloadOf } from '../image.ts';
import type { OrderPlace } from '../watcher.ts';

export const GROUP = '0123456789abcdef';

export class HandPlace implements OrderPlace {
  readonly index: number;
  readonly peer: PeerId;
  identity: Identity;
  life = 1;
  up = true;
  image = new OrderImage();
  asked = new EntryLog();
  base: Base | null = null;
  group: string | null = GROUP;
  leads: Ballot | null = null;
  commitIndex = 0;

  constructor(index: number) {
    this.index = index;
    this.peer = peerName(index);
    this.identity = { birth: 1, random: String(index).padStart(16, '0') };
  }

  /** Takes entries as a process does that asks and is answered. */
  hold(entries: readonly Entry[], { durable } = { durable: true }): void {
    for (const entry of entries) {
      this.asked.append(entry);
      if (durable) this.image.log.append(entry);
    }
  }
}

export function hands(count: number): HandPlace[] {
  return Array.from({ length: count }, (_, index) => new HandPlace(index));
}

export function ballot(round: number, at: OrderPlace): Ballot {
  return { round, priority: 0, peer: at.peer, identity: at.identity };
}

export function member({ peer, identity }: OrderPlace): GroupMember {
  return { peer, identity, priority: 0, address: { host: peer, port: 9_000 } };
}

export function view(voters: readonly OrderPlace[], more: Partial<GroupView> = {}): GroupView {
  return { voters: voters.map(member), learners: [], joint: null, tieBreak: false, ...more };
}

/** The entries of a log: each body under the ballot that stands before it. */
export function logOf(...parts: readonly (readonly [Ballot, EntryBody])[]): Entry[] {
  const entries: Entry[] = [];
  for (const [by, body] of parts) {
    const before = entries.at(-1);
    const count = body.kind === 'data' ? body.lastN - body.firstN + 1 : 0;
    const firstSequence = before === undefined ? 1 : before.firstSequence + before.count;
    const head = { ballot: by, index: entries.length + 1, firstSequence, count, body };
    entries.push(encodeEntry(head, before?.chain ?? NO_CHAIN));
  }
  return entries;
}

export function data({ peer, identity }: OrderPlace, firstN: number, lastN: number): EntryBody {
  return {
    kind: 'data',
    producer: { origin: peer, identity },
    firstN,
    lastN,
    payload: payloadOf(firstN, lastN),
  };
}

export function state(promised: Ballot, more: Partial<OrderState> = {}): OrderState {
  return { group: GROUP, promised, damaged: false, floor: 0, founding: null, ...more };
}

/** Complaints as a list of rules. */
export function complaints(): {
  readonly said: string[];
  readonly complain: (rule: string, at: unknown, what: string) => void;
} {
  const said: string[] = [];
  return { said, complain: (rule, _at, what) => said.push(`${rule}: ${what}`) };
}
