// The failure detector: SWIM's probes (Das 2002) on a common ring, phi-accrual (Hayashibara 2004) for those
// heard more often than probed, and suspicions that end. It only ever says what it thinks; who keeps the
// members acts on its verdicts. SPEC rules MB4, MB7, MB8,
// MB11-MB16, MB24.
//
//   alive ──a probe failed on every way──▶ suspected ──no refutation in time──▶ dead
//
// The surprise: a member that answers only by way of others is alive and stays so. What this peer's own probes
// say is kept apart, or every one-way link would make membership flap at all of its ends.

import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
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
import type { Spreader } from './spreader.ts';
import { type SuspicionBounds, suspicionBounds } from './suspicion.ts';
import { Timers } from './timers.ts';

/** From this score on a peer starts one suspicion a period at most. */
const POOR_HEALTH = 2;
/** Round trips a direct probe may take. */
const ROUND_TRIPS = 3;

export interface Verdict {
  readonly member: Member;
  readonly status: 'suspected' | 'dead';
  readonly why: string;
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
  readonly #probes: Probes;
  readonly #relays: Relays;
  /** Suspected members until they count as dead, alive ones until phi reaches its threshold. */
  readonly #timers = new Timers<Member>();
  /** Phi says probe, and the period's extra probe is spent. */
  readonly #overdue = new Set<Member>();
  #extraProbeMs = Number.NEGATIVE_INFINITY;
  #accusedMs = Number.NEGATIVE_INFINITY;
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

  /** Ends what is over. A verdict is to be acted on at once, for it ends nothing by itself. */
  wake(now: Now, out: Outbox): readonly Verdict[] {
    const verdicts: Verdict[] = [];
    for (let probe = this.#probes.takeDue(now.steadyMs); probe; probe = this.#probes.takeDue(now.steadyMs)) {
      if (probe.phase === 'direct') this.#askOthers(probe, now, out);
      else if (this.#failed(probe, now))
        verdicts.push({ member: probe.member, status: 'suspected', why: probe.why });
    }
    for (
      let member = this.#timers.takeDue(now.steadyMs);
      member;
      member = this.#timers.takeDue(now.steadyMs)
    ) {
      if (member.status === 'alive') this.#silent(member, now, out);
      else if (this.#condemned(member, now))
        verdicts.push({ member, status: 'dead', why: 'did not refute in time' });
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
    if (overdue !== undefined) this.#silent(overdue, now, out);
  }

  probe(member: Member, why: string, now: Now, out: Outbox): void {
    const timeoutMs = Math.max(this.#options.probeTimeoutMs, ROUND_TRIPS * member.roundTripMs);
    const probe = this.#probes.begin(
      member,
      why,
      now.steadyMs,
      now.steadyMs + timeoutMs * this.#health.probeStretch,
    );
    if (probe !== null) this.#ping(member, probe.nonce, 'datagram', now, out);
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
      if (channel === 'datagram') this.#measure(member, now.steadyMs - probe.sentMs, memberWallMs, now);
    }
  }

  /** Somebody asks to have `target` probed. (SWIM §3.1) */
  probeFor(asker: PeerId, nonce: number, target: PeerId, now: Now, out: Outbox): void {
    const member = this.#roster.get(target);
    if (member === undefined) return;
    const own = this.#probes.drawNonce();
    this.#relays.keep(own, { asker, nonce, target });
    this.#counters.membership_probes_relayed_total++;
    this.#ping(member, own, 'datagram', now, out);
  }

  heard(member: Member, source: EvidenceSource, now: Now): void {
    member.evidenceMs = now.steadyMs;
    member.evidenceSource = source;
    if (source === 'direct') {
      member.directMs = now.steadyMs;
      member.knowsThisPeer = true;
    }
    member.arrivals.heard(this.awakeMs(now), this.#options.heartbeatIntervalMs / 2);
    this.#overdue.delete(member);
    // A timer that is set already finds out by itself that the member was heard.
    if (member.slot < 0 && member.status === 'alive') this.#watchPhi(member);
  }

  /** To be called whenever what is said of the member changed. */
  watch(member: Member, now: Now): void {
    this.#overdue.delete(member);
    this.#timers.clear(member);
    if (member.status === 'alive') this.#watchPhi(member);
    else if (member.status === 'suspected') this.#timers.set(member, this.#condemnedAt(member, now));
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
    for (const member of this.#roster.reachable) {
      if (member.suspicion === null) continue;
      member.suspicion.restart(now.steadyMs);
      this.watch(member, now);
    }
  }

  /** Somebody suspected this peer. */
  doubted(): void {
    this.#health.worsen(1);
  }

  #ping(member: Member, nonce: number, channel: Channel, now: Now, out: Outbox): void {
    const rumours = this.#spreader.riders(member);
    this.#counters.membership_probes_sent_total++;
    out.send(member.peer, { type: 'PING', nonce, wallMs: now.wallMs, rumours }, channel);
  }

  /** No answer yet: by way of others, and over the other transport. */
  #askOthers(probe: Probe, now: Now, out: Outbox): void {
    const { member, indirectNonce: nonce } = probe;
    this.#probes.askOthers(probe, now.steadyMs + this.#options.indirectTimeoutMs * this.#health.probeStretch);
    for (const other of this.#roster.some(this.#options.indirectProbes, member, this.#random)) {
      const channel = other.linked ? 'stream' : 'datagram';
      out.send(other.peer, { type: 'PING_REQUEST', nonce, target: member.peer }, channel);
    }
    this.#ping(member, probe.nonce, 'stream', now, out);
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
    if (probe.phase === 'relayed') return false;
    this.#counters.membership_probes_failed_total++;
    if (member.status === 'suspected') {
      // Only its own doubts count again: that the suspected is silent was to be expected.
      if (member.suspicion?.confirm(this.#self)) this.watch(member, now);
      return false;
    }
    const poor = this.#health.score >= POOR_HEALTH;
    this.#health.worsen(1);
    if (poor && now.steadyMs - this.#accusedMs < this.#options.heartbeatIntervalMs) {
      this.#overdue.add(member);
      return false;
    }
    this.#accusedMs = now.steadyMs;
    return true;
  }

  /** Phi's timer ran out, or its turn came: probes the member if phi still says so. */
  #silent(member: Member, now: Now, out: Outbox): void {
    this.#overdue.delete(member);
    const crossesAt = this.#phiCrossesAt(member, this.#options.phiThresholdSuspect);
    if (now.steadyMs < crossesAt) {
      this.#watchPhi(member);
    } else if (now.steadyMs - this.#extraProbeMs >= this.#options.heartbeatIntervalMs) {
      this.#extraProbeMs = now.steadyMs;
      this.probe(member, 'silent for too long', now, out);
    } else {
      this.#overdue.add(member);
    }
  }

  /** Whether a suspicion is over. One whose member is still heard goes on: its refutation may be on its way. */
  #condemned(member: Member, now: Now): boolean {
    const { suspicion } = member;
    if (suspicion === null) return false;
    const { minMs } = this.#bounds();
    const heardSince = member.directMs > suspicion.sinceMs;
    const dueMs = Math.max(this.#condemnedAt(member, now), heardSince ? member.directMs + minMs : 0);
    if (now.steadyMs >= dueMs) return true;
    this.#timers.set(member, dueMs);
    return false;
  }

  /** Phi of the dead and a failed probe together need no more than the shortest suspicion. (MB14) */
  #condemnedAt(member: Member, now: Now): number {
    if (member.suspicion === null) return now.steadyMs;
    const bounds = this.#bounds();
    const byPhiMs = this.#phiCrossesAt(member, this.#options.phiThresholdDead);
    const earliestMs = member.suspicion.sinceMs + bounds.minMs;
    return Math.min(member.suspicion.dueMs(bounds), Math.max(earliestMs, byPhiMs));
  }

  #bounds(): SuspicionBounds {
    return suspicionBounds(this.#roster.reachable.length + 1, this.#health, this.#options);
  }

  #watchPhi(member: Member): void {
    const crossesAt = this.#phiCrossesAt(member, this.#options.phiThresholdSuspect);
    if (crossesAt < NEVER) this.#timers.set(member, crossesAt);
  }

  #phiCrossesAt(member: Member, threshold: number): number {
    const awakeMs = member.arrivals.crossesAt(threshold);
    return awakeMs === null ? NEVER : awakeMs + this.#pausedMs;
  }

  #measure(member: Member, roundTripMs: number, memberWallMs: number, now: Now): void {
    const known = member.roundTripMs;
    member.roundTripMs = known < 0 ? roundTripMs : known + (roundTripMs - known) / 4;
    member.clockAheadMs = memberWallMs + roundTripMs / 2 - now.steadyMs;
    this.#clocks.measured(member.peer, member.clockAheadMs);
  }
}
