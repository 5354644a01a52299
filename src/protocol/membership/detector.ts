// The failure detector: SWIM's probes (Das 2002) on a common ring, phi-accrual (Hayashibara 2004) for those
// heard more often than probed, and suspicions that end. It only ever says what it thinks; who keeps the
// members acts on its verdicts. SPEC rules MB4, MB7, MB8, MB11-MB16, MB24.
//
//   alive ──a probe failed on every way──▶ suspected ──no refutation in time──▶ dead
//
// The surprise: a member that answers only by way of others is alive and stays so. What this peer's own probes
// say is kept apart, or every one-way link would make membership flap at all of its ends.

import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Channel, Outbox } from '../outbox.ts';
import { Clocks } from './clocks.ts';
import type { Counters } from './counters.ts';
import { Health } from './health.ts';
import type { EvidenceSource, Member } from './member.ts';
import type { MembershipOptions } from './options.ts';
import { type Probe, Probes, Relays } from './probe.ts';
import { ringTarget } from './ring.ts';
import type { Roster } from './roster.ts';
import { RoundTrips } from './round-trips.ts';
import type { Spreader } from './spreader.ts';
import { type SuspicionBounds, suspicionBounds } from './suspicion.ts';
import { Timers } from './timers.ts';

/** From this score on a peer starts one suspicion a period at most. */
const POOR_HEALTH = 2;
/** Round trips a direct probe may take. */
const ROUND_TRIPS = 3;
/** How often others are asked to probe too: the second time others than the first. */
const ROUNDS = 2;
/** However fast the network is: a process may be busy for so long. */
const TIMEOUT_LEAST_MS = 100;
/** How many of a cluster probe a member at once that somebody suspects. */
const VERIFIERS = 4;
const SUSPECTED_MANY = 16;
/** The part of the others that a peer may suspect in one period. Who would suspect more has the fault itself. */
const SUSPICIONS_SHARE = 1 / 8;
/** What was heard less often says nothing about a silence. */
const PHI_SAMPLES_MIN = 3;

export interface Verdict {
  readonly member: Member;
  readonly status: 'suspected' | 'dead';
  readonly why: string;
  /** Others have waited for a refutation already. */
  readonly certain: boolean;
}

export class Detector {
  readonly #self: PeerId;
  readonly #roster: Roster;
  readonly #spreader: Spreader;
  readonly #options: MembershipOptions;
  readonly #random: Random;
  readonly #counters: Counters;
  readonly #health: Health;
  readonly #clocks: Clocks;
  readonly #roundTrips = new RoundTrips();
  readonly #probes: Probes;
  readonly #relays: Relays;
  /** Suspected members until they count as dead, alive ones until phi reaches its threshold. */
  readonly #timers = new Timers<Member>();
  /** To be probed, and the period's extra probe is spent. Whoever is heard leaves. */
  readonly #overdue = new Set<Member>();
  #extraProbeMs = Number.NEGATIVE_INFINITY;
  /** Own suspicions in the period that began then. */
  #accusingSinceMs = Number.NEGATIVE_INFINITY;
  #accused = 0;
  /** When anybody was heard directly. */
  #heardMs = Number.NEGATIVE_INFINITY;
  /** How long this peer was not there itself: phi counts only the time it could have listened. */
  #pausedMs = 0;

  constructor(
    self: PeerId,
    roster: Roster,
    spreader: Spreader,
    options: MembershipOptions,
    counters: Counters,
    random: Random,
  ) {
    this.#self = self;
    this.#roster = roster;
    this.#spreader = spreader;
    this.#options = options;
    this.#counters = counters;
    this.#random = random;
    this.#health = new Health(options.healthMax);
    this.#clocks = new Clocks(options.clockAgreeMs);
    this.#probes = new Probes(options.probesPendingMax, random);
    this.#relays = new Relays(options.relaysPendingMax);
  }

  get wakeAt(): number {
    return Math.min(this.#probes.wakeAt, this.#timers.nextMs);
  }

  /** Steady time without own pauses. */
  awakeMs(now: Now): number {
    return now.steadyMs - this.#pausedMs;
  }

  clockOffsetMs(ownAheadMs: number): number {
    return this.#clocks.offsetMs(ownAheadMs);
  }

  clockAheadMs(peer: PeerId): number | null {
    return this.#clocks.of(peer);
  }

  /** Ends what is over. A verdict is to be acted on at once, for it ends nothing by itself. */
  wake(now: Now, out: Outbox): readonly Verdict[] {
    const verdicts: Verdict[] = [];
    for (let probe = this.#probes.takeDue(now.steadyMs); probe; probe = this.#probes.takeDue(now.steadyMs)) {
      const { member, phase, rounds, why, certain } = probe;
      if (phase !== 'relayed' && rounds < ROUNDS) this.#askOthers(probe, now, out);
      else if (this.#failed(probe, now)) verdicts.push({ member, status: 'suspected', why, certain });
    }
    for (
      let member = this.#timers.takeDue(now.steadyMs);
      member;
      member = this.#timers.takeDue(now.steadyMs)
    ) {
      if (member.status === 'alive') this.#silent(member, now, out);
      else if (this.#condemned(member, now))
        verdicts.push({ member, status: 'dead', why: 'did not refute in time', certain: true });
    }
    return verdicts;
  }

  /** One turn of the ring, and at most one more probe of a member that is silent for too long. */
  turn(now: Now, out: Outbox): void {
    const { wallMs } = now;
    const target = ringTarget(this.#roster.sorted(), this.#self, wallMs, this.#options.heartbeatIntervalMs);
    const member = target === null ? undefined : this.#roster.get(target);
    if (member !== undefined) this.probe(member, 'no answer to probes', now, out);
    const [overdue] = this.#overdue;
    if (overdue !== undefined) this.#probeExtra(overdue, now, out);
  }

  probe(member: Member, why: string, now: Now, out: Outbox): void {
    this.#begin(member, why, null, now, out);
  }

  /** Somebody said it were dead: it is told so, and to be believed only if it does not answer. (MB9) */
  verify(member: Member, claim: Rumour, why: string, now: Now, out: Outbox): void {
    this.#begin(member, why, claim, now, out);
  }

  /** Somebody suspects it: a few of the cluster look at once, so that a verdict has several witnesses. (MB8) */
  lookToo(member: Member, now: Now, out: Outbox): void {
    // Where many are suspected at once the turns of the ring are witnesses enough.
    if (this.#roster.suspected > SUSPECTED_MANY) return;
    if (!this.#random.chance(VERIFIERS / this.#roster.reachable)) return;
    this.#begin(member, 'no answer to probes', null, now, out);
  }

  pong(from: PeerId, nonce: number, memberWallMs: number, channel: Channel, now: Now, out: Outbox): void {
    const relay = this.#relays.take(nonce, from);
    if (relay !== null) {
      this.#passOn(relay.asker, relay.nonce, memberWallMs, out);
      return;
    }
    const probe = this.#probes.withNonce(nonce);
    if (probe === undefined) return;
    const { member } = probe;
    if (nonce === probe.indirectNonce) {
      this.heard(member, 'indirect', now);
      if (probe.phase === 'indirect') probe.phase = 'relayed';
    } else if (from === member.peer) {
      this.#probes.end(probe);
      this.#health.improve();
      member.probed(true);
      // Once it was asked twice by datagram, nobody knows which of them is answered (Karn 1987).
      const isClear = channel === 'datagram' && probe.rounds < ROUNDS;
      if (isClear) this.#measure(member, now.steadyMs - probe.sentMs, memberWallMs, now);
    }
  }

  /** Somebody asks to have `target` probed. (SWIM §3.1) */
  probeFor(asker: PeerId, nonce: number, target: PeerId, now: Now, out: Outbox): void {
    const member = this.#roster.get(target);
    if (member === undefined) return;
    const own = this.#probes.drawNonce();
    this.#relays.keep(own, { asker, nonce, target });
    this.#counters.membership_probes_relayed_total++;
    this.#ping(member, own, 'datagram', null, now, out);
  }

  heard(member: Member, source: EvidenceSource, now: Now): void {
    const { heartbeatIntervalMs, phiInitialIntervalMs } = this.#options;
    if (source === 'direct') this.#heardMs = now.steadyMs;
    member.heardBy(source, now.steadyMs, this.awakeMs(now), phiInitialIntervalMs, heartbeatIntervalMs / 2);
    this.#overdue.delete(member);
    // A timer that is set already finds out by itself that the member was heard.
    if (member.slot < 0 && member.status === 'alive') this.#watchPhi(member);
  }

  /** To be called whenever what is said of the member changed. */
  watch(member: Member, now: Now): void {
    this.#overdue.delete(member);
    this.#timers.clear(member);
    if (member.status === 'alive') this.#watchPhi(member);
    // As if in the best of health: whether it has to be waited for longer is seen then.
    else if (member.status === 'suspected') this.#timers.set(member, this.#condemnedAt(member, 1, now));
    else this.forget(member);
  }

  forget(member: Member): void {
    this.#overdue.delete(member);
    this.#timers.clear(member);
    this.#clocks.forget(member.peer);
    const probe = this.#probes.of(member.peer);
    if (probe !== undefined) this.#probes.end(probe);
  }

  /** Its system says that nobody listens there. False if it was heard since its link was lost. */
  isGone(member: Member, now: Now): boolean {
    const heardSince = member.directMs > member.linkLostMs;
    return !(heardSince && now.steadyMs - member.directMs < this.#options.probeTimeoutMs);
  }

  /** This peer was stopped itself: what it did not hear says nothing. (Lifeguard; MB12) */
  stalled(forMs: number, now: Now): void {
    this.#pausedMs += forMs;
    this.#probes.discard();
    this.#health.worsen(1 + Math.floor(forMs / this.#options.heartbeatIntervalMs));
    for (const member of this.#roster.seen()) {
      if (member.suspicion === null) continue;
      member.suspicion.restart(now.steadyMs);
      this.watch(member, now);
    }
  }

  /** Somebody suspected this peer. */
  doubted(): void {
    this.#health.worsen(1);
  }

  #begin(member: Member, why: string, doubt: Rumour | null, now: Now, out: Outbox): void {
    const { probeTimeoutMs } = this.#options;
    const leastMs = Math.min(TIMEOUT_LEAST_MS, probeTimeoutMs);
    const usualMs = this.#roundTrips.timeoutMs(leastMs, probeTimeoutMs);
    const timeoutMs = Math.max(usualMs, ROUND_TRIPS * member.roundTripMs) * this.#health.probeStretch;
    const dueMs = now.steadyMs + timeoutMs;
    const probe = this.#probes.begin(member, why, doubt !== null, now.steadyMs, dueMs);
    if (probe !== null) this.#ping(member, probe.nonce, 'datagram', doubt, now, out);
    // Half a cluster may be said to be dead: too many to probe, but each can refute.
    else if (doubt !== null) this.#spreader.tell(member, [doubt], out);
  }

  #ping(member: Member, nonce: number, channel: Channel, doubt: Rumour | null, now: Now, out: Outbox): void {
    const rumours = this.#spreader.riders(member, doubt);
    this.#counters.membership_probes_sent_total++;
    out.send(member.peer, { type: 'PING', nonce, wallMs: now.wallMs, rumours }, channel);
  }

  /** No answer yet: by way of others, and over the other transport; the second time by way of yet others. */
  #askOthers(probe: Probe, now: Now, out: Outbox): void {
    const { member, indirectNonce: nonce, rounds } = probe;
    const { indirectTimeoutMs, indirectProbes } = this.#options;
    const mostMs = indirectTimeoutMs / ROUNDS;
    // The way over another is twice as long.
    const usualMs = 2 * this.#roundTrips.timeoutMs(Math.min(TIMEOUT_LEAST_MS, mostMs) / 2, mostMs / 2);
    const timeoutMs = Math.max(usualMs, 2 * member.roundTripMs) * this.#health.probeStretch;
    this.#probes.askOthers(probe, now.steadyMs + timeoutMs);
    for (const other of this.#roster.some(indirectProbes, member, this.#random)) {
      const channel = other.linked ? 'stream' : 'datagram';
      out.send(other.peer, { type: 'PING_REQUEST', nonce, target: member.peer }, channel);
    }
    this.#ping(member, probe.nonce, rounds === 0 ? 'stream' : 'datagram', null, now, out);
  }

  #passOn(asker: PeerId, nonce: number, wallMs: number, out: Outbox): void {
    const member = this.#roster.get(asker);
    if (member === undefined) return;
    const rumours = this.#spreader.riders(member);
    out.send(asker, { type: 'PONG', nonce, wallMs, rumours }, member.linked ? 'stream' : 'datagram');
  }

  /** Whether a probe that is over speaks against its member. */
  #failed(probe: Probe, now: Now): boolean {
    const { member } = probe;
    this.#probes.end(probe);
    member.probed(false);
    // Whatever became of the answers: who speaks is alive, unless that was under way already.
    if (probe.phase === 'relayed' || member.directMs > probe.askedMs) return false;
    this.#counters.membership_probes_failed_total++;
    // That the suspected is silent was to be expected; it only confirms.
    if (member.status === 'suspected') return true;
    // A peer that hears others is not deaf, so the fault is the member's.
    if (this.#heardMs <= probe.sentMs) this.#health.worsen(1);
    if (this.#mayAccuse(now)) return true;
    this.#overdue.add(member);
    return false;
  }

  /** Whoever suspects many at once is more likely itself at fault. (MB11) */
  #mayAccuse(now: Now): boolean {
    if (now.steadyMs - this.#accusingSinceMs >= this.#options.heartbeatIntervalMs) {
      this.#accusingSinceMs = now.steadyMs;
      this.#accused = 0;
    }
    const isPoor = this.#health.score >= POOR_HEALTH;
    const most = isPoor ? 1 : Math.max(1, Math.ceil(this.#roster.reachable * SUSPICIONS_SHARE));
    if (this.#accused >= most) return false;
    this.#accused++;
    return true;
  }

  /** Phi's timer ran out: probes the member if phi still says so. */
  #silent(member: Member, now: Now, out: Outbox): void {
    const crossesAt = this.#phiCrossesAt(member, this.#options.phiThresholdSuspect);
    if (now.steadyMs < crossesAt) this.#watchPhi(member);
    else if (now.steadyMs - this.#extraProbeMs < this.#options.heartbeatIntervalMs) this.#overdue.add(member);
    else this.#probeExtra(member, now, out);
  }

  /** Besides the one of the turn. */
  #probeExtra(member: Member, now: Now, out: Outbox): void {
    this.#overdue.delete(member);
    this.#extraProbeMs = now.steadyMs;
    this.probe(member, 'silent for too long', now, out);
  }

  /** Whether a suspicion is over. One whose member is still heard goes on: its refutation may be on its way. */
  #condemned(member: Member, now: Now): boolean {
    const { suspicion } = member;
    if (suspicion === null) return false;
    const stretch = this.#health.suspicionStretch;
    const { minMs } = this.#bounds(stretch);
    const heardSince = member.directMs > suspicion.sinceMs;
    const dueMs = Math.max(this.#condemnedAt(member, stretch, now), heardSince ? member.directMs + minMs : 0);
    if (now.steadyMs >= dueMs) return true;
    this.#timers.set(member, dueMs);
    return false;
  }

  /** Phi of the dead and a failed probe together need no more than the shortest suspicion. (MB14) */
  #condemnedAt(member: Member, stretch: number, now: Now): number {
    if (member.suspicion === null) return now.steadyMs;
    const bounds = this.#bounds(stretch);
    const byPhiMs = this.#phiCrossesAt(member, this.#options.phiThresholdDead);
    const earliestMs = member.suspicion.sinceMs + bounds.minMs;
    const accusers = member.rumour.accusers?.length ?? 0;
    return Math.min(member.suspicion.dueMs(bounds, accusers), Math.max(earliestMs, byPhiMs));
  }

  #bounds(stretch: number): SuspicionBounds {
    return suspicionBounds(this.#roster.reachable + 1, stretch, this.#options);
  }

  #watchPhi(member: Member): void {
    const crossesAt = this.#phiCrossesAt(member, this.#options.phiThresholdSuspect);
    if (crossesAt < NEVER) this.#timers.set(member, crossesAt);
  }

  #phiCrossesAt({ arrivals }: Member, threshold: number): number {
    if (arrivals === null || arrivals.samples < PHI_SAMPLES_MIN) return NEVER;
    return arrivals.crossesAt(threshold) + this.#pausedMs;
  }

  #measure(member: Member, roundTripMs: number, memberWallMs: number, now: Now): void {
    this.#roundTrips.measured(roundTripMs);
    member.roundTrip(roundTripMs);
    this.#clocks.measured(member.peer, memberWallMs + roundTripMs / 2 - now.steadyMs);
  }
}
