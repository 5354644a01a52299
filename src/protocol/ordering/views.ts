// The views that the log holds. A view is in force as soon as it is appended, and the one before again if it is
// cut. SPEC rules OR22, OR23.

import { must } from '../../kit/assert.ts';
import type { GroupMember, GroupRole, GroupView } from '../../model/group-view.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import { votersOf } from './quorum.ts';

export interface ViewPlace {
  /** The index of the entry that brought it. */
  readonly id: number;
  readonly view: GroupView;
}

export class Views {
  /** The committed one first, then those that are not. */
  readonly #stack: ViewPlace[];

  constructor(committed: ViewPlace) {
    this.#stack = [committed];
  }

  get inForce(): ViewPlace {
    return must(this.#stack.at(-1), 'there is always a view in force');
  }

  get committed(): ViewPlace {
    return must(this.#stack[0], 'there is always a committed view');
  }

  get isSettled(): boolean {
    return this.#stack.length === 1;
  }

  append(id: number, view: GroupView): void {
    this.#stack.push({ id, view });
  }

  /** Whether another view is in force after it. */
  cut(after: number): boolean {
    const before = this.#stack.length;
    while (this.#stack.length > 1 && this.inForce.id > after) this.#stack.pop();
    return this.#stack.length < before;
  }

  commit(id: number): void {
    while ((this.#stack[1]?.id ?? Number.POSITIVE_INFINITY) <= id) this.#stack.shift();
  }
}

export function roleOf(view: GroupView, peer: PeerId, identity: Identity): GroupRole {
  const is = (member: GroupMember): boolean =>
    member.peer === peer && sameIdentity(member.identity, identity);
  const voter = votersOf(view).find(is);
  if (voter !== undefined) return voter.priority === null ? 'witness' : 'voter';
  return view.learners.some(is) ? 'learner' : 'stranger';
}

/** Everybody in it, each once. */
export function membersOf(view: GroupView): readonly GroupMember[] {
  return view.learners.length === 0 ? votersOf(view) : [...votersOf(view), ...view.learners];
}

export function memberOf(view: GroupView, peer: PeerId, identity: Identity): GroupMember | undefined {
  return membersOf(view).find((member) => member.peer === peer && sameIdentity(member.identity, identity));
}
