// Election of a leader: the bully's choice (Garcia-Molina 1982) on top, quorums of promises below (Paxos ballots,
// Raft's rule for logs). Priority, delays, OKs and penalties only decide when somebody claims; that at most one
// peer leads with a ballot, and has everything that was committed, hangs on promises alone. SPEC rules EL1-EL18.
//
//              nobody heard                YES of a quorum             PROMISE of a quorum
//   watching ──────────────▶ probing ───────────────────▶ claiming ───────────────────▶ leading
//      ▲                     │  ▲  │                          │                            │
//      │        OK of a higher  │  STALE: a log is newer      │ refused                    │ no quorum, a higher
//      │                     ▼  │  ▼                          │                            │ ballot, a stuck disk
//      │               yielding │ aside ─▶ syncing            │                            │
//      └────────────────────────┴─────────────────────────────┴────────────────────────────┘
//                              a leader is heard, or a promise was given
//
// The surprise: an OK suppresses once. Who answered OK and then does not lead is passed over, so that no high peer
// can keep the others from electing somebody.

import { unreachable } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import { type Ballot, compareBallots, sameBallot } from '../../model/ballot.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { Accession } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ElectionMessage } from '../../wire/ordering-messages.ts';
import { Backoff } from './backoff.ts';
import { Candidacy } from './candidacy.ts';
import { KnownLeader } from './known-leader.ts';
import type { ElectionOptions } from './options.ts';
import { asMember, type ElectionParts, mayRun } from './parts.ts';
import { Promises } from './promises.ts';
import { ElectionReign } from './reign.ts';
import { Rivals } from './rivals.ts';
import type { ElectionRules } from './rules.ts';
import type { ElectionPort, Standing } from './standing.ts';
import { Succession } from './succession.ts';
import { Voter } from './voter.ts';

type Phase =
  /** Somebody leads, or nobody is known to: at `atMs` this peer asks for votes. */
  | { readonly name: 'watching'; atMs: number; readonly why: string; readonly isFirst?: true }
  | { readonly name: 'running'; readonly candidacy: Candidacy }
  | { readonly name: 'leading'; readonly reign: ElectionReign };

type Claim = Extract<ElectionMessage, { type: 'ELECTION' }>;

export class Election {
  readonly #parts: ElectionParts;
  readonly #voter: Voter;
  readonly #backoff: Backoff;
  #phase: Phase;
  #leader: KnownLeader | null = null;

  constructor(
    self: ElectionParts['self'],
    standing: Standing,
    promised: Ballot,
    options: ElectionOptions,
    rules: ElectionRules,
    random: Random,
    now: Now,
  ) {
    const rivals = new Rivals(self.peer, options);
    const promises = new Promises(promised);
    const succession = new Succession(self.peer, rivals);
    this.#parts = { self, standing, options, rules, promises, rivals, succession };
    this.#voter = new Voter(this.#parts);
    this.#backoff = new Backoff(options, random);
    // A leader that lives gets the time to make itself heard.
    const atMs = now.steadyMs + options.suspectMs;
    this.#phase = { name: 'watching', atMs, why: 'no leader since the start', isFirst: true };
  }

  get promised(): Ballot {
    return this.#parts.promises.promised;
  }

  get leads(): Ballot | null {
    return this.#phase.name === 'leading' ? this.#phase.reign.ballot : null;
  }

  get leader(): PeerId | null {
    return this.#phase.name === 'leading' ? this.#parts.self.peer : (this.#leader?.peer ?? null);
  }

  get leaderBallot(): Ballot | null {
    return this.leads ?? this.#leader?.ballot ?? null;
  }

  get wakeAt(): number {
    const phase = this.#phase;
    if (phase.name === 'watching') return mayRun(this.#parts) || this.#leader !== null ? phase.atMs : NEVER;
    return phase.name === 'leading' ? phase.reign.wakeAt : phase.candidacy.phase.untilMs;
  }

  wake(now: Now, port: ElectionPort): void {
    if (now.steadyMs < this.wakeAt) return;
    const phase = this.#phase;
    switch (phase.name) {
      case 'watching':
        if (this.#leader !== null) this.#loseLeader(this.#leader, now, port);
        else if (phase.isFirst) this.#letHigherFirst(phase.why, now, port);
        else this.#run('election', phase.why, now, port);
        return;
      case 'running':
        this.#judge(phase.candidacy.wake(now, port), now, port);
        return;
      case 'leading':
        if (!phase.reign.wake(now, port)) this.#abdicate('no quorum answers', now, port);
        return;
      default:
        unreachable(phase);
    }
  }

  /** The group, or this peer's place in it, is another one. */
  stand(standing: Standing, now: Now): void {
    // Ballots belong to a group: what was promised in another one binds nobody here.
    if (standing.group !== this.#parts.standing.group) this.#parts.promises.forget();
    this.#parts.standing = standing;
    this.#leader = null;
    this.#watch(0, 'this peer has just got its place', now);
  }

  receive(from: PeerId, message: ElectionMessage, now: Now, port: ElectionPort): void {
    if ('promised' in message) this.#parts.promises.see(message.promised);
    switch (message.type) {
      case 'ELECTION':
        this.#asked(from, message, now, port);
        return;
      case 'REFUSE':
        this.#refused(from, message, now, port);
        return;
      case 'TRANSFER':
        this.#invited(from, message, now, port);
        return;
      default:
        if (this.#phase.name === 'running')
          this.#judge(this.#phase.candidacy.answered(from, message, now, port), now, port);
    }
  }

  /**
   * Something came from a leader: whether it counts. A lower ballot is refused; a higher one is a promise, which the
   * disk may learn later, since nothing is told. (EL3)
   */
  heard(from: PeerId, ballot: Ballot, how: Accession | null, now: Now, port: ElectionPort): boolean {
    if (!this.#parts.rules.mayFollow(ballot, this.#parts.promises.promised)) {
      port.send(from, { type: 'REFUSE', ...this.#answer(ballot) });
      return false;
    }
    if (this.leads !== null && sameBallot(ballot, this.leads)) return false;
    this.raise(ballot, now, port);
    const known = this.#leader;
    if (known === null || !sameBallot(known.ballot, ballot)) {
      this.#follow(from, ballot, how, now, port);
      return true;
    }
    known.hear(now);
    if (this.#phase.name === 'watching') this.#phase.atMs = now.steadyMs + this.#parts.options.suspectMs;
    else this.#watch(this.#parts.options.suspectMs, 'the leader was silent', now, port);
    return true;
  }

  /** Nothing below this ballot counts any more. */
  raise(ballot: Ballot, now: Now, port: ElectionPort): void {
    if (!this.#parts.promises.raise(ballot)) return;
    port.savePromise(ballot);
    if (this.#phase.name === 'leading') this.#abdicate('a higher ballot is about', now, port);
    else if (this.#phase.name === 'running' && this.#phase.candidacy.isClaiming) {
      this.#watch(this.#parts.options.okMs, 'a higher ballot is about', now, port);
    }
    if (this.#leader !== null && compareBallots(this.#leader.ballot, ballot) < 0) this.#unfollow(port);
  }

  promiseSaved(ballot: Ballot, now: Now, port: ElectionPort): void {
    this.#parts.promises.wasSaved(ballot);
    this.#voter.pay(port);
    this.logSaved(now, port);
  }

  /** More of the log is on the disk, which a claim waits for. */
  logSaved(now: Now, port: ElectionPort): void {
    if (this.#phase.name === 'running') this.#judge(this.#phase.candidacy.saved(now, port), now, port);
  }

  synced(isAdopted: boolean, now: Now, port: ElectionPort): void {
    if (this.#phase.name === 'running')
      this.#judge(this.#phase.candidacy.synced(isAdopted, now, port), now, port);
  }

  /** A follower has answered its leader: this is what a leader lives on. */
  acked(identity: Identity, now: Now): void {
    if (this.#phase.name === 'leading') this.#phase.reign.answered(identity, now);
  }

  linkUp(peer: PeerId): void {
    this.#parts.rivals.up(peer);
    if (this.#leader?.peer === peer) this.#leader.isBack();
  }

  /** `isGone`: the other side ended it, or it failed; a leader's is verified for a moment only. */
  linkDown(peer: PeerId, isGone: boolean, now: Now): void {
    this.#parts.rivals.down(peer);
    if (this.#leader?.peer !== peer || !isGone) return;
    this.#leader.lose();
    const phase = this.#phase;
    if (phase.name === 'watching')
      phase.atMs = Math.min(phase.atMs, now.steadyMs + this.#parts.options.verifyMs);
  }

  present(peers: readonly PeerId[]): void {
    for (const peer of peers) this.#parts.rivals.up(peer);
  }

  /** A pause of this peer's own: nobody else was silent meanwhile. (EL10) */
  stalled(forMs: number, now: Now, port: ElectionPort): void {
    if (forMs < this.#parts.options.stallMs) return;
    if (this.#phase.name === 'leading') {
      if (forMs > this.#parts.options.suspectMs) this.#abdicate('was itself paused', now, port);
      return;
    }
    this.#leader?.hear(now);
    this.#watch(this.#parts.options.suspectMs, 'no leader after a pause', now, port);
  }

  /** The leader can't go on: `why`. (EL12) */
  giveUp(why: string, now: Now, port: ElectionPort): void {
    if (this.#phase.name === 'leading') this.#abdicate(why, now, port);
  }

  /** Hands the lead to `to`, or to the best there is. False when there is nobody, or this peer does not lead. */
  transfer(to: PeerId | null, why: string, now: Now, port: ElectionPort): boolean {
    return this.#phase.name === 'leading' && this.#phase.reign.transfer(to, why, now, port);
  }

  /** Followers have more: the one that the lead is for may have everything. */
  progressed(now: Now, port: ElectionPort): void {
    if (this.#phase.name === 'leading') this.#phase.reign.handOver(now, port);
  }

  // ── as a voter ──

  #asked(from: PeerId, message: Claim, now: Now, port: ElectionPort): void {
    const { ballot, kind } = message;
    if (ballot.peer !== from || !sameIdentity(ballot.identity, message.identity)) return;
    const heard = this.#heardLeader(now);
    const asked =
      kind === 'probe'
        ? this.#voter.probed(message, heard, now, port)
        : this.#voter.claimed(message, kind, heard, this.#leader?.peer ?? null, port);
    if (asked.kind === 'runs') this.#runAtOnce(asked.why, now, port);
    else if (asked.kind === 'granted') this.#granted(from, ballot, now, port);
  }

  #granted(to: PeerId, ballot: Ballot, now: Now, port: ElectionPort): void {
    if (this.#phase.name === 'leading') this.#abdicate(`promised the lead to ${to}`, now, port);
    this.#unfollow(port);
    const waitMs = this.#parts.options.okMs + this.#rankMs(now);
    this.#watch(waitMs, `${to} was promised the lead and does not lead`, now, port);
    port.savePromise(ballot);
    this.#voter.pay(port);
  }

  // ── as a candidate ──

  #run(how: Accession, why: string, now: Now, port: ElectionPort): void {
    if (!mayRun(this.#parts)) {
      this.#watch(this.#parts.options.suspectMs, why, now, port);
      return;
    }
    this.#leader = null;
    const candidacy = new Candidacy(this.#parts);
    this.#phase = { name: 'running', candidacy };
    this.#judge(
      how === 'election' ? candidacy.probe(why, now, port) : candidacy.claim(how, now, port),
      now,
      port,
    );
  }

  #judge(outcome: ReturnType<Candidacy['wake']>, now: Now, port: ElectionPort): void {
    switch (outcome.kind) {
      case 'goes-on':
        return;
      case 'failed':
        this.#watch(this.#backoff.next(), outcome.why, now, port);
        return;
      case 'won':
        this.#reign(outcome.ballot, outcome.how, now, port);
        return;
      default:
        unreachable(outcome);
    }
  }

  #reign(ballot: Ballot, how: Accession, now: Now, port: ElectionPort): void {
    this.#parts.succession.leads(this.#parts.self.peer, how, now, port);
    this.#backoff.reset();
    this.#phase = { name: 'leading', reign: new ElectionReign(this.#parts, ballot, now) };
    port.lead(ballot, how);
  }

  #refused(
    from: PeerId,
    message: Extract<ElectionMessage, { type: 'REFUSE' }>,
    now: Now,
    port: ElectionPort,
  ): void {
    if (this.#phase.name === 'running') {
      this.#judge(this.#phase.candidacy.answered(from, message, now, port), now, port);
      return;
    }
    if (this.#phase.name !== 'leading' || !this.#phase.reign.isOutbid(from, message)) return;
    // It takes a higher ballot instead of falling. (EL11)
    port.unlead();
    this.#run('reballot', '', now, port);
  }

  #invited(
    from: PeerId,
    message: Extract<ElectionMessage, { type: 'TRANSFER' }>,
    now: Now,
    port: ElectionPort,
  ): void {
    const { ballot, lastIndex } = message;
    const isLeaders = this.#leader?.peer === from && sameBallot(this.#leader.ballot, ballot);
    if (!isLeaders || !mayRun(this.#parts) || this.#parts.standing.lastIndex < lastIndex) return;
    port.unlead();
    this.#run('transfer', '', now, port);
  }

  // ── between elections ──

  #abdicate(why: string, now: Now, port: ElectionPort): void {
    const ballot = this.leads;
    if (ballot === null) return;
    this.#leader = null;
    this.#watch(this.#parts.options.suspectMs + this.#rankMs(now), 'gave up the lead', now);
    port.unlead();
    port.announce({ type: 'abdicated', ballot, why });
  }

  #follow(from: PeerId, ballot: Ballot, how: Accession | null, now: Now, port: ElectionPort): void {
    this.#parts.succession.leads(from, how, now, port);
    this.#backoff.reset();
    this.#leader = new KnownLeader(from, ballot, now);
    this.#watch(this.#parts.options.suspectMs, 'the leader was silent', now, port);
    port.announce({ type: 'coordinator', peer: from, ballot, how: how ?? 'election' });
  }

  #loseLeader({ peer, isLost }: KnownLeader, now: Now, port: ElectionPort): void {
    this.#leader = null;
    this.#parts.rivals.down(peer);
    this.#watch(this.#rankMs(now), `lost ${peer}`, now);
    port.unlead();
    port.announce({ type: 'leader-lost', peer, why: isLost ? 'its connection ended' : 'silent' });
    this.wake(now, port);
  }

  /** All of a group that start together find no leader at one moment: who is higher is known only then. (EL5) */
  #letHigherFirst(why: string, now: Now, port: ElectionPort): void {
    this.#watch(this.#rankMs(now), why, now);
    this.wake(now, port);
  }

  #unfollow(port: ElectionPort): void {
    if (this.#leader === null) return;
    this.#leader = null;
    port.unlead();
  }

  #watch(forMs: number, why: string, now: Now, port?: ElectionPort): void {
    if (this.#phase.name === 'running' && port !== undefined) this.#phase.candidacy.end(port);
    this.#phase = { name: 'watching', atMs: now.steadyMs + forMs, why };
  }

  /** A lower or staler one asks for votes: that is this peer's part. */
  #runAtOnce(why: string, now: Now, port: ElectionPort): void {
    if (this.#phase.name === 'leading') return;
    if (this.#phase.name === 'running' && !this.#phase.candidacy.isAside) return;
    this.#leader = null;
    this.#run('election', why, now, port);
  }

  #heardLeader(now: Now): PeerId | null {
    if (this.#phase.name === 'leading') return this.#parts.self.peer;
    return this.#leader?.wasHeard(now, this.#parts.options.suspectMs) ? this.#leader.peer : null;
  }

  #rankMs(now: Now): number {
    const { rivals, standing } = this.#parts;
    return rivals.rankMs(asMember(this.#parts), standing.voters, now);
  }

  #answer(ballot: Ballot) {
    const { group, identity } = this.#parts.standing;
    return { group, identity, ballot, promised: this.#parts.promises.promised };
  }
}
