// One peer's vote: what it answers to who asks whether it would be let lead, and to who claims a ballot. SPEC rules
// EL2-EL8.

import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { ElectionMessage } from '../../wire/ordering-messages.ts';
import { isHigher } from './courtesy.ts';
import { asMember, type ElectionParts, mayRun } from './parts.ts';
import type { ElectionPort } from './standing.ts';

type Election = Extract<ElectionMessage, { type: 'ELECTION' }>;

/** What being asked means for the voter itself. */
export type Asked =
  | { readonly kind: 'nothing' }
  /** It should be the one who runs. */
  | { readonly kind: 'runs'; readonly why: string }
  /** It is bound to somebody else's ballot from here on. */
  | { readonly kind: 'granted' };

const NOTHING: Asked = { kind: 'nothing' };
const NOWHERE = { host: '', port: 0 };

export class Voter {
  readonly #parts: ElectionParts;

  constructor(parts: ElectionParts) {
    this.#parts = parts;
  }

  /** `heard`: the leader that was heard not long ago. */
  probed(probe: Election, heard: PeerId | null, now: Now, port: ElectionPort): Asked {
    const { standing, rivals, rules } = this.#parts;
    const self = asMember(this.#parts);
    const from = probe.ballot.peer;
    const answer = this.#answer(probe);
    if (heard !== null && heard !== from) {
      port.send(from, { type: 'NO', ...answer, leader: heard });
      return NOTHING;
    }
    const { lastBallot, lastIndex, role, isDamaged, isFit } = standing;
    const ahead = rules.ahead(standing, probe);
    const seesQuorum = standing.isQuorum(({ peer }) => rivals.isUp(peer));
    const higher = {
      isHigher: isHigher(self, { ...probe.ballot, address: NOWHERE }),
      isVoter: role === 'voter',
      isDamaged,
      isFit,
      isHeld: rivals.isHeld(self.peer, now),
      seesQuorum,
      ahead,
    };
    if (rules.standsUp(higher)) {
      port.send(from, { type: 'OK', ...answer });
      return { kind: 'runs', why: `${from} asks for votes and is lower` };
    }
    if (ahead > 0) {
      const eligible = mayRun(this.#parts) && seesQuorum;
      port.send(from, { type: 'STALE', ...answer, lastBallot, lastIndex, eligible });
      return eligible ? { kind: 'runs', why: `${from} asks for votes and its log is shorter` } : NOTHING;
    }
    if (!isDamaged) port.send(from, { type: 'YES', ...answer });
    return NOTHING;
  }

  claimed(
    claim: Election,
    kind: 'claim' | 'transfer' | 'reballot',
    heard: PeerId | null,
    leader: PeerId | null,
    port: ElectionPort,
  ): Asked {
    const { standing, promises, rules } = this.#parts;
    const { ballot, lastBallot, lastIndex } = claim;
    const from = ballot.peer;
    // The same claim again, while the promise waits for the disk.
    if (promises.isOwed(from, ballot)) return NOTHING;
    const voter = {
      lastBallot: standing.lastBallot,
      lastIndex: standing.lastIndex,
      isDamaged: standing.isDamaged,
      promised: promises.promised,
      hearsLeader: heard !== null && heard !== from,
      isAskedByLeader: leader === from,
    };
    if (!rules.grants({ kind, ballot, lastBallot, lastIndex }, voter)) {
      port.send(from, { type: 'REFUSE', ...this.#answer(claim) });
      return NOTHING;
    }
    promises.grant(from, ballot);
    return { kind: 'granted' };
  }

  /** Tells what was promised, once the disk has it. */
  pay(port: ElectionPort): void {
    const { standing, promises, rules } = this.#parts;
    const owed = promises.due(rules.mayPromise);
    if (owed === null) return;
    const { group, identity } = standing;
    port.send(owed.to, { type: 'PROMISE', group, identity, ballot: owed.ballot });
    port.announce({ type: 'promise-given', ...owed });
  }

  #answer({ ballot }: Election) {
    const { standing, promises } = this.#parts;
    const { group, identity } = standing;
    return { group, identity, ballot, promised: promises.promised };
  }
}
