// Views follow each other so that any quorum of one and any quorum of the next have a voter in common, and of a log
// at most one is not committed; a leader brings none before it has committed an entry of its own (the single-server
// bug of 2015). For up to seven voters all quorums are tried. SPEC rule SM57.

import { type Ballot, sameBallot } from '../../../model/ballot.ts';
import type { Entry } from '../../../model/entry.ts';
import type { GroupMember, GroupView } from '../../../model/group-view.ts';
import { identityText } from '../../../model/ids.ts';
import type { OrderWrite } from '../image.ts';
import { isQuorum } from '../quorum.ts';
import { latestView } from '../views.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

const TRIED_MAX = 9;

export class ViewChain extends OrderChecker {
  readonly rule = 'views overlap';
  /** Pairs that were tried: views are values and travel by reference. */
  readonly #tried = new WeakMap<GroupView, WeakSet<GroupView>>();

  override asked(at: OrderPlace, write: OrderWrite): void {
    if (write.type !== 'append') return;
    let before = latestView(at);
    for (const entry of write.entries) {
      if (entry.body.kind !== 'view') continue;
      if (before.view !== null) this.#compare(at, entry, before.view, entry.body.view);
      if (at.leads !== null && before.index > at.commitIndex && before.index > 0) {
        this.complain(at, `appends view ${entry.index} before view ${before.index} is committed`);
      }
      if (at.leads !== null && sameBallot(entry.ballot, at.leads) && !hasOwnCommitted(at, at.leads)) {
        this.complain(at, `appends view ${entry.index} before an entry of its own ballot is committed`);
      }
      before = { view: entry.body.view, index: entry.index };
    }
  }

  #compare(at: OrderPlace, entry: Entry, before: GroupView, after: GroupView): void {
    let tried = this.#tried.get(before);
    if (tried?.has(after)) return;
    if (tried === undefined) {
      tried = new WeakSet();
      this.#tried.set(before, tried);
    }
    tried.add(after);
    const apart = disjointQuorums(before, after);
    if (apart !== null) {
      this.complain(
        at,
        `view ${entry.index} can decide with ${apart[1]} while the one before does with ${apart[0]}`,
      );
    }
  }
}

function hasOwnCommitted({ asked, commitIndex }: OrderPlace, ballot: Ballot): boolean {
  const last = asked.at(commitIndex);
  return last !== undefined && sameBallot(last.ballot, ballot);
}

/** A quorum of each view without a common voter; null where there is none, or where there are too many to try. */
export function disjointQuorums(a: GroupView, b: GroupView): readonly [string, string] | null {
  const members = new Map<string, GroupMember>();
  for (const view of [a, b]) {
    for (const member of [...view.voters, ...(view.joint ?? [])]) members.set(nameOf(member), member);
  }
  const names = [...members.keys()].sort();
  if (names.length > TRIED_MAX) return null;
  const all = (1 << names.length) - 1;
  const inSet = (set: number) => (member: GroupMember) => (set & (1 << names.indexOf(nameOf(member)))) !== 0;
  for (let set = 0; set <= all; set++) {
    if (isQuorum(a, inSet(set)) && isQuorum(b, inSet(all & ~set))) {
      return [text(names, set), text(names, all & ~set)];
    }
  }
  return null;
}

function nameOf({ peer, identity }: GroupMember): string {
  return `${peer}/${identityText(identity)}`;
}

function text(names: readonly string[], set: number): string {
  return names.filter((_, at) => (set & (1 << at)) !== 0).join(' ');
}
