// One peer's try to lead: it probes whether a quorum would let it, stands down once for a higher one, takes over a
// longer log where there is one, and then claims a ballot, once its disk knows of it. SPEC rules EL2, EL6-EL9.

import { type Ballot, sameBallot } from '../../model/ballot.ts';
import type { GroupMember } from '../../model/group-view.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { Accession } from '../../model/order-fact.ts';
import type { Now } from '../../model/time.ts';
import type { ElectionMessage } from '../../wire/ordering-messages.ts';
import type { ElectionOptions } from './options.ts';
import { asMember, type ElectionParts } from './parts.ts';
import type { Promises } from './promises.ts';
import type { Rivals } from './rivals.ts';
import { compareLogs, type LogPlace } from './rules.ts';
import type { ElectionPort, Standing } from './standing.ts';

/** Who said so, and with which disk: another one of the same peer is another voter. */
type Answers = Map<PeerId, Identity>;

interface Stale extends LogPlace {
  readonly peer: PeerId;
}

interface Probing {
  readonly name: 'probing';
  readonly ballot: Ballot;
  readonly untilMs: number;
  readonly yes: Answers;
  readonly no: Answers;
  stale: Stale | null;
}

interface Claiming {
  readonly name: 'claiming';
  readonly ballot: Ballot;
  readonly how: Accession;
  isSent: boolean;
  untilMs: number;
  readonly promises: Answers;
  readonly refusals: Answers;
}

export type CandidacyPhase =
  | Probing
  | { readonly name: 'yielding'; readonly to: PeerId; readonly untilMs: number }
  | { readonly name: 'aside'; readonly stale: Stale; readonly untilMs: number }
  | { readonly name: 'syncing'; readonly from: PeerId; readonly untilMs: number }
  | Claiming;

export type CandidacyOutcome =
  | { readonly kind: 'goes-on' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'won'; readonly ballot: Ballot; readonly how: Accession };

type Answer = Extract<ElectionMessage, { type: 'OK' | 'YES' | 'NO' | 'STALE' | 'PROMISE' | 'REFUSE' }>;

const GOES_ON: CandidacyOutcome = { kind: 'goes-on' };

export class Candidacy {
  readonly #self: GroupMember;
  readonly #standing: Standing;
  readonly #promises: Promises;
  readonly #rivals: Rivals;
  readonly #options: ElectionOptions;
  #phase: CandidacyPhase;

  constructor(parts: ElectionParts) {
    this.#self = asMember(parts);
    this.#standing = parts.standing;
    this.#promises = parts.promises;
    this.#rivals = parts.rivals;
    this.#options = parts.options;
    this.#phase = { name: 'yielding', to: parts.self.peer, untilMs: 0 };
  }

  get phase(): CandidacyPhase {
    return this.#phase;
  }

  get isClaiming(): boolean {
    return this.#phase.name === 'claiming';
  }

  /** It waits for a fresher peer, which it may as well be told of by now. */
  get isAside(): boolean {
    return this.#phase.name === 'aside';
  }

  /** Asks without binding anybody. */
  probe(why: string, now: Now, port: ElectionPort): CandidacyOutcome {
    const ballot = this.#nextBallot();
    const untilMs = now.steadyMs + this.#options.okMs;
    const phase: Probing = { name: 'probing', ballot, untilMs, yes: this.#own(), no: new Map(), stale: null };
    this.#phase = phase;
    port.announce({ type: 'election-started', ballot, why });
    this.#toVoters('probe', ballot, port);
    return this.#holds(phase.yes) ? this.claim('election', now, port) : GOES_ON;
  }

  claim(how: Accession, now: Now, port: ElectionPort): CandidacyOutcome {
    const ballot = this.#nextBallot();
    this.#promises.raise(ballot);
    const untilMs = now.steadyMs + this.#options.suspectMs + this.#options.okMs;
    const [promises, refusals] = [this.#own(), new Map()];
    this.#phase = { name: 'claiming', ballot, how, isSent: false, untilMs, promises, refusals };
    port.savePromise(ballot);
    return this.saved(now, port);
  }

  /** Only what the disk holds is claimed with: the promise to itself, and the log it boasts of. (EL2) */
  saved(now: Now, port: ElectionPort): CandidacyOutcome {
    const phase = this.#phase;
    if (phase.name !== 'claiming' || phase.isSent) return GOES_ON;
    if (!this.#promises.isSaved(phase.ballot) || !this.#standing.isDurable) return GOES_ON;
    phase.isSent = true;
    phase.untilMs = now.steadyMs + this.#options.okMs;
    this.#toVoters(phase.how === 'election' ? 'claim' : phase.how, phase.ballot, port);
    return this.#counted(phase);
  }

  answered(from: PeerId, message: Answer, now: Now, port: ElectionPort): CandidacyOutcome {
    const phase = this.#phase;
    if (phase.name === 'probing' && sameBallot(message.ballot, phase.ballot)) {
      return this.#probeAnswered(phase, from, message, now, port);
    }
    if (phase.name !== 'claiming' || !phase.isSent || !sameBallot(message.ballot, phase.ballot))
      return GOES_ON;
    if (message.type === 'PROMISE') phase.promises.set(from, message.identity);
    else if (message.type === 'REFUSE') phase.refusals.set(from, message.identity);
    if (this.#isBlockedBy(phase.refusals)) return this.#failed(phase.ballot, `${from} refused`, port);
    return this.#counted(phase);
  }

  /** The peer that was asked for its tail has given it, or not. */
  synced(isAdopted: boolean, now: Now, port: ElectionPort): CandidacyOutcome {
    if (this.#phase.name !== 'syncing') return GOES_ON;
    return isAdopted ? this.probe('has the longest log', now, port) : NO_TAIL;
  }

  /** Its time is over. */
  wake(now: Now, port: ElectionPort): CandidacyOutcome {
    const phase = this.#phase;
    switch (phase.name) {
      case 'probing':
        if (phase.stale !== null) return this.#sync(phase.stale.peer, now, port);
        return this.#failed(phase.ballot, 'no quorum answered', port);
      case 'yielding':
        this.#rivals.ignore(phase.to, now);
        port.announce({ type: 'election-deaf', to: phase.to });
        return this.probe(`${phase.to} answered OK and does not lead`, now, port);
      case 'aside':
        return this.#sync(phase.stale.peer, now, port);
      case 'syncing':
        port.endSync();
        return NO_TAIL;
      case 'claiming':
        return this.#failed(
          phase.ballot,
          phase.isSent ? 'no quorum promised' : 'the disk did not answer',
          port,
        );
    }
  }

  end(port: ElectionPort): void {
    if (this.#phase.name === 'syncing') port.endSync();
  }

  #probeAnswered(
    phase: Probing,
    from: PeerId,
    message: Answer,
    now: Now,
    port: ElectionPort,
  ): CandidacyOutcome {
    switch (message.type) {
      case 'YES':
        phase.yes.set(from, message.identity);
        return this.#holds(phase.yes) ? this.claim('election', now, port) : GOES_ON;
      case 'OK':
        if (!this.#rivals.heeds(from, now)) return GOES_ON;
        this.#phase = { name: 'yielding', to: from, untilMs: now.steadyMs + this.#options.okMs };
        port.announce({ type: 'election-ok', from });
        return GOES_ON;
      case 'NO':
        phase.no.set(from, message.identity);
        // It may not have noticed yet, so it is asked again soon, and less and less often.
        if (!this.#isBlockedBy(phase.no)) return GOES_ON;
        return this.#failed(phase.ballot, `${from} hears ${message.leader}`, port);
      case 'STALE':
        return this.#isStale(phase, from, message, now, port);
      default:
        return GOES_ON;
    }
  }

  /** Somebody's log is newer: it runs itself, or its tail is taken over. (EL8) */
  #isStale(
    phase: Probing,
    from: PeerId,
    { lastBallot, lastIndex, eligible }: Extract<Answer, { type: 'STALE' }>,
    now: Now,
    port: ElectionPort,
  ): CandidacyOutcome {
    const stale = { peer: from, lastBallot, lastIndex };
    if (phase.stale === null || compareLogs(stale, phase.stale) > 0) phase.stale = stale;
    if (!eligible || !this.#rivals.heeds(from, now)) return this.#sync(phase.stale.peer, now, port);
    this.#phase = { name: 'aside', stale: phase.stale, untilMs: now.steadyMs + 2 * this.#options.rankMs };
    return GOES_ON;
  }

  #sync(from: PeerId, now: Now, port: ElectionPort): CandidacyOutcome {
    // Stood aside for once, the fresher peer had its chance.
    this.#rivals.ignore(from, now);
    this.#phase = { name: 'syncing', from, untilMs: now.steadyMs + this.#options.syncMs };
    port.sync(from);
    return GOES_ON;
  }

  #counted(phase: Claiming): CandidacyOutcome {
    return this.#holds(phase.promises) ? { kind: 'won', ballot: phase.ballot, how: phase.how } : GOES_ON;
  }

  #failed(ballot: Ballot, why: string, port: ElectionPort): CandidacyOutcome {
    port.announce({ type: 'election-failed', ballot, why });
    return { kind: 'failed', why };
  }

  #toVoters(kind: 'probe' | 'claim' | 'transfer' | 'reballot', ballot: Ballot, port: ElectionPort): void {
    const { group, identity, lastBallot, lastIndex, voters } = this.#standing;
    const message = { type: 'ELECTION', group, identity, kind, ballot, lastBallot, lastIndex } as const;
    for (const { peer } of voters) if (peer !== this.#self.peer) port.send(peer, message);
  }

  #nextBallot(): Ballot {
    const { peer, priority, identity } = this.#self;
    return this.#promises.next({ peer, identity, priority: priority ?? 0 });
  }

  #own(): Answers {
    return new Map([[this.#self.peer, this.#self.identity]]);
  }

  #holds(answers: Answers): boolean {
    return this.#standing.isQuorum((member) => said(answers, member));
  }

  /** Even if all others agreed it would be no quorum. */
  #isBlockedBy(answers: Answers): boolean {
    return !this.#standing.isQuorum((member) => !said(answers, member));
  }
}

const NO_TAIL: CandidacyOutcome = { kind: 'failed', why: 'a longer log was not to be had' };

function said(answers: Answers, { peer, identity }: GroupMember): boolean {
  const of = answers.get(peer);
  return of !== undefined && sameIdentity(of, identity);
}
