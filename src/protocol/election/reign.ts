// A leader's time: as long as a quorum answers it goes on, and it hands its place over where that is due. It ends
// with the ballot, so that a transfer that was begun can't outlive it. SPEC rules EL11-EL15.

import { type Ballot, compareBallots, sameBallot } from '../../model/ballot.ts';
import type { GroupMember } from '../../model/group-view.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ElectionMessage } from '../../wire/ordering-messages.ts';
import { heirOf, isWilling, successorOf } from './courtesy.ts';
import type { ElectionOptions } from './options.ts';
import { asMember, type ElectionParts } from './parts.ts';
import type { Rivals } from './rivals.ts';
import type { ElectionRules } from './rules.ts';
import type { ElectionPort, Heir, Standing } from './standing.ts';
import type { Succession } from './succession.ts';

type Refusal = Extract<ElectionMessage, { type: 'REFUSE' }>;

interface Transfer {
  readonly to: PeerId;
  readonly why: string;
  isSent: boolean;
  untilMs: number;
}

/** How often in the time of suspicion a leader counts who answers. */
const CHECKS = 5;

export class ElectionReign {
  readonly ballot: Ballot;
  readonly #self: GroupMember;
  readonly #options: ElectionOptions;
  readonly #rules: ElectionRules;
  readonly #rivals: Rivals;
  readonly #standing: Standing;
  /** When each last answered, by the random part of its disk's identity: another disk is another voter. (EL18) */
  readonly #answers = new Map<string, number>();
  #checkAtMs: number;
  readonly #succession: Succession;
  #transfer: Transfer | null = null;

  constructor(parts: ElectionParts, ballot: Ballot, now: Now) {
    this.ballot = ballot;
    this.#self = asMember(parts);
    this.#standing = parts.standing;
    this.#rivals = parts.rivals;
    this.#options = parts.options;
    this.#rules = parts.rules;
    this.#succession = parts.succession;
    for (const { identity } of parts.standing.voters) this.#answers.set(identity.random, now.steadyMs);
    this.#checkAtMs = now.steadyMs + parts.options.suspectMs / CHECKS;
  }

  get wakeAt(): number {
    return Math.min(this.#checkAtMs, this.#transfer?.untilMs ?? NEVER);
  }

  /** A member once promised more than this leader has; whoever it hands the lead to does so, and is let. (EL11) */
  isOutbid(from: PeerId, { ballot, promised, identity }: Refusal): boolean {
    const isSender = (member: GroupMember): boolean =>
      member.peer === from && sameIdentity(member.identity, identity);
    const { voters, learners } = this.#standing;
    // A learner that once stood for election as a voter would otherwise never follow, and never vote again.
    const isMember = voters.some(isSender) || learners.some(isSender);
    const isAboutThis = sameBallot(ballot, this.ballot) && compareBallots(promised, ballot) > 0;
    return isMember && isAboutThis && this.#transfer === null;
  }

  answered({ random }: Identity, now: Now): void {
    this.#answers.set(random, now.steadyMs);
  }

  /** False when no quorum answers any more. */
  wake(now: Now, port: ElectionPort): boolean {
    const since = now.steadyMs - this.#options.suspectMs;
    const isSelf = (member: GroupMember): boolean =>
      member.peer === this.#self.peer && sameIdentity(member.identity, this.#self.identity);
    const answers = (member: GroupMember): boolean =>
      isSelf(member) || (this.#answers.get(member.identity.random) ?? -NEVER) > since;
    if (!this.#standing.isQuorum(answers)) return false;
    this.#checkAtMs = now.steadyMs + this.#options.suspectMs / CHECKS;
    if (this.#transfer === null) this.#considerHeirs(now, port);
    else if (this.#rules.reopens(now.steadyMs, this.#transfer.untilMs))
      this.#endTransfer(this.#transfer, now, port);
    return true;
  }

  /** Hands the lead to `to`, or to the best there is. False when there is nobody. */
  transfer(to: PeerId | null, why: string, now: Now, port: ElectionPort): boolean {
    if (this.#transfer !== null) return false;
    const heirs = this.#standing.heirs().filter(isWilling);
    const heir = to === null ? successorOf(heirs) : heirs.find(({ member }) => member.peer === to);
    if (heir === null || heir === undefined) return false;
    this.#begin(heir, why, now, port);
    return true;
  }

  /** Asks the heir to claim as soon as it has everything. */
  handOver(now: Now, port: ElectionPort): void {
    const transfer = this.#transfer;
    if (transfer === null || transfer.isSent) return;
    const heir = this.#standing.heirs().find(({ member }) => member.peer === transfer.to);
    if (heir === undefined || heir.lag > 0) return;
    transfer.isSent = true;
    transfer.untilMs = now.steadyMs + this.#options.transferMs;
    const { group, identity, lastIndex } = this.#standing;
    port.send(transfer.to, { type: 'TRANSFER', group, identity, ballot: this.ballot, lastIndex });
    port.announce({ type: 'transfer', to: transfer.to, step: 'sent', why: transfer.why });
  }

  #considerHeirs(now: Now, port: ElectionPort): void {
    const heirs = this.#standing.heirs();
    if (this.#standing.role !== 'voter' || !this.#standing.isFit) {
      const successor = successorOf(heirs.filter(({ lag }) => lag === 0));
      if (successor !== null) this.#begin(successor, 'this peer can lead no more', now, port);
      return;
    }
    const reign = {
      self: this.#self,
      diskMs: this.#standing.diskMs,
      lastTransferMs: this.#succession.lastTransferMs,
    };
    const heir = heirOf(heirs, reign, this.#rivals.penalties, this.#options, now.steadyMs);
    if (heir !== null) this.#begin(heir, 'a higher peer is back', now, port);
  }

  #begin(heir: Heir, why: string, now: Now, port: ElectionPort): void {
    const to = heir.member.peer;
    this.#transfer = { to, why, isSent: false, untilMs: now.steadyMs + this.#options.transferMs };
    this.#succession.lastTransferMs = now.steadyMs;
    port.hold(true);
    port.announce({ type: 'transfer', to, step: 'started', why });
    this.handOver(now, port);
  }

  /** It came to nothing: the leader goes on. */
  #endTransfer(transfer: Transfer, now: Now, port: ElectionPort): void {
    this.#transfer = null;
    port.hold(false);
    const why = 'it did not take the lead in time';
    port.announce({ type: 'transfer', to: transfer.to, step: 'failed', why });
    this.#rivals.penalise(transfer.to, now, port.announce);
  }
}
