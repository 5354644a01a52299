// A leader commits what stands on the disks of a quorum of its view, of both views while one is changing, and only
// together with an entry of its own ballot (Raft §5.4.2, figure 8). Disks are asked, not acknowledgements. A disk
// that was lost counts for its identity as it was. SPEC rule SM51.

import { ballotText, sameBallot } from '../../../model/ballot.ts';
import type { Entry } from '../../../model/entry.ts';
import type { GroupMember } from '../../../model/group-view.ts';
import { identityText } from '../../../model/ids.ts';
import type { EntryLog } from '../entry-log.ts';
import type { OrderWrite } from '../image.ts';
import { isQuorum } from '../quorum.ts';
import { latestView } from '../views.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';
import { sameChain } from './log-matching.ts';

export class CommitRule extends OrderChecker {
  readonly rule = 'committed is on a quorum of disks';
  /** By peer and identity: its disk's log, also after the disk was lost. */
  readonly #disks = new Map<string, { readonly log: EntryLog }>();
  /** What was on them before their bytes rotted: acknowledgements of that time may still be on their way. */
  readonly #rotten = new Map<string, EntryLog[]>();

  override started(at: OrderPlace): void {
    this.#disks.set(nameOf(at), at.image);
  }

  override durable(at: OrderPlace, _write: OrderWrite): void {
    if (!this.#disks.has(nameOf(at))) this.#disks.set(nameOf(at), at.image);
  }

  override rotting(at: OrderPlace): void {
    const before = this.#rotten.get(nameOf(at)) ?? [];
    this.#rotten.set(nameOf(at), [...before, at.image.log.copy()]);
  }

  override committed(at: OrderPlace, _from: number, to: number): void {
    if (at.leads === null) return;
    const entry = at.asked.at(to);
    if (entry === undefined) return;
    if (!sameBallot(entry.ballot, at.leads)) {
      this.complain(
        at,
        `commits entry ${to} of ${ballotText(entry.ballot)} while it leads with ${ballotText(at.leads)}`,
      );
      return;
    }
    const { view } = latestView(at);
    if (view === null) return;
    const hold = (member: GroupMember): boolean => this.#holds(member, entry);
    if (!isQuorum(view, hold)) {
      const holders = [...view.voters, ...(view.joint ?? [])].filter(hold).map(({ peer }) => peer);
      this.complain(
        at,
        `commits entry ${to} that stands on the disks of only ${holders.join(' ') || 'nobody'}`,
      );
    }
  }

  #holds(member: GroupMember, entry: Entry): boolean {
    const name = `${member.peer}/${identityText(member.identity)}`;
    const disk = this.#disks.get(name);
    if (disk === undefined) return false;
    return has(disk.log, entry) || this.#rotten.get(name)?.some((log) => has(log, entry)) === true;
  }
}

function has(log: EntryLog, entry: Entry): boolean {
  const held = log.at(entry.index);
  return held !== undefined && (held === entry || sameChain(held.chain, entry.chain));
}

function nameOf(at: OrderPlace): string {
  return `${at.peer}/${identityText(at.identity)}`;
}
