// At most one process ever leads with a ballot, and it is the one the ballot names. It leads by the durable promises
// of a quorum of its own latest view. SPEC rule SM46.

import { type Ballot, ballotText } from '../../../model/ballot.ts';
import type { GroupMember } from '../../../model/group-view.ts';
import { identityText, sameIdentity } from '../../../model/ids.ts';
import type { OrderWrite } from '../image.ts';
import { isQuorum } from '../quorum.ts';
import { latestView } from '../views.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

interface Reign {
  readonly index: number;
  readonly life: number;
}

export class OneLeader extends OrderChecker {
  readonly rule = 'one leader a ballot';
  readonly #reigns = new Map<string, Reign>();
  /** By ballot: members on whose disk it was the promise. */
  readonly #promises = new Map<string, Set<string>>();

  override durable(at: OrderPlace, write: OrderWrite): void {
    if (write.type !== 'state') return;
    const key = ballotKey(write.state.promised);
    let promises = this.#promises.get(key);
    if (promises === undefined) {
      promises = new Set();
      this.#promises.set(key, promises);
    }
    promises.add(`${at.peer}/${identityText(at.identity)}`);
  }

  override leads(at: OrderPlace, ballot: Ballot | null): void {
    if (ballot === null) return;
    if (ballot.peer !== at.peer || !sameIdentity(ballot.identity, at.identity)) {
      this.complain(at, `leads with ${ballotText(ballot)}, which is another's`);
      return;
    }
    const key = ballotKey(ballot);
    const reign = this.#reigns.get(key);
    if (reign === undefined) this.#reigns.set(key, { index: at.index, life: at.life });
    else if (reign.index !== at.index || reign.life !== at.life) {
      this.complain(at, `leads with ${ballotText(ballot)}, as another process did`);
    }
    this.#count(at, ballot);
  }

  #count(at: OrderPlace, ballot: Ballot): void {
    const { view } = latestView(at);
    if (view === null) return;
    const promises = this.#promises.get(ballotKey(ballot));
    const has = ({ peer, identity }: GroupMember): boolean =>
      promises?.has(`${peer}/${identityText(identity)}`) === true;
    if (!isQuorum(view, has)) {
      const who = [...(promises ?? [])].join(' ') || 'nobody';
      this.complain(at, `leads with ${ballotText(ballot)}, which only ${who} has promised durably`);
    }
  }
}

export function ballotKey({ round, priority, peer, identity }: Ballot): string {
  return `${round}/${priority}/${peer}/${identityText(identity)}`;
}
