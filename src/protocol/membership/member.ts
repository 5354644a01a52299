// What a peer holds of one other: what is said of it, and what was seen of it here. A thousand peers in one
// process hold a million of these, so moments are whole milliseconds (which the engine keeps in the object
// itself) and what few members need is made when it is needed.

import type { Identity, PeerId } from '../../model/ids.ts';
import type { MemberStatus, Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import type { MemberView } from '../../model/view.ts';
import { Arrivals, PHI_WINDOW } from './phi.ts';
import type { Suspicion } from './suspicion.ts';
import type { Timed } from './timers.ts';

/** A moment that lies before all others. */
export const LONG_AGO = -(2 ** 30);

/** Own probes that must fail one after the other until they say dead. */
const FAILURES_OF_THE_DEAD = 3;

export type EvidenceSource = 'direct' | 'indirect' | 'version';

/** What there is of a member that a link was lost to, or that was asked for the whole list. */
class Link {
  lostMs = LONG_AGO;
  askedMs = LONG_AGO;
}

/** Its arrivals are itself: every frame and every change of a version looks at both, so they are one object. */
export class Member extends Arrivals implements Timed {
  /** Replaced only by one that overrides it, or by this peer's own graver verdict. */
  rumour: Rumour;
  /** Not null while the status is suspected. */
  suspicion: Suspicion | null = null;
  /** Whether anything came from it in this incarnation: then it knows where to answer. */
  knowsThisPeer = false;
  statusSinceMs: number;
  directMs = LONG_AGO;
  evidenceMs = LONG_AGO;
  evidenceSource: EvidenceSource | '' = '';
  /** Own direct probes that failed since one was answered; -1 before any was. */
  failures = -1;
  /** In whole microseconds; -1 for unknown. */
  #roundTripUs = -1;
  #wasHeard = false;
  #linked = false;
  #link: Link | null = null;
  /** In the timers: of the suspicion, or of phi. */
  slot = -1;

  constructor(rumour: Rumour, nowMs: number) {
    super(0, 0);
    this.rumour = rumour;
    this.statusSinceMs = Math.floor(nowMs);
  }

  get peer(): PeerId {
    return this.rumour.peer;
  }

  get identity(): Identity {
    return this.rumour.identity;
  }

  get status(): MemberStatus {
    return this.rumour.status;
  }

  /** Alive or suspected: to be counted on, for all that is known. */
  get reachable(): boolean {
    return isReachable(this.rumour);
  }

  get linked(): boolean {
    return this.#linked;
  }

  /** Null until it was heard. */
  get arrivals(): Arrivals | null {
    return this.#wasHeard ? this : null;
  }

  get linkLostMs(): number {
    return this.#link?.lostMs ?? LONG_AGO;
  }

  /** When it was asked for the whole list last. */
  get askedMs(): number {
    return this.#link?.askedMs ?? LONG_AGO;
  }

  get roundTripMs(): number {
    return this.#roundTripUs / 1_000;
  }

  /** What own probes say, whatever others say. (MB15) */
  get directStatus(): MemberView['directStatus'] {
    if (this.failures < 0) return 'unknown';
    if (this.failures === 0) return 'alive';
    return this.failures < FAILURES_OF_THE_DEAD ? 'suspected' : 'dead';
  }

  linkStands(): void {
    this.#linked = true;
  }

  linkLost(nowMs: number): void {
    this.#linked = false;
    this.#link ??= new Link();
    this.#link.lostMs = Math.floor(nowMs);
  }

  asked(nowMs: number): void {
    this.#link ??= new Link();
    this.#link.askedMs = Math.floor(nowMs);
  }

  probed(answered: boolean): void {
    this.failures = answered ? 0 : Math.min(FAILURES_OF_THE_DEAD, Math.max(0, this.failures) + 1);
  }

  roundTrip(ms: number): void {
    const us = Math.round(ms * 1_000);
    const known = this.#roundTripUs;
    this.#roundTripUs = known < 0 ? us : known + Math.round((us - known) / 4);
  }

  heardBy(source: EvidenceSource, nowMs: number, awakeMs: number, intervalMs: number, floorMs: number): void {
    this.evidenceMs = Math.floor(nowMs);
    this.evidenceSource = source;
    if (source === 'direct') {
      this.directMs = this.evidenceMs;
      this.knowsThisPeer = true;
    }
    if (this.#wasHeard) this.heard(awakeMs, floorMs);
    else this.heardFirst(intervalMs, awakeMs);
    this.#wasHeard = true;
  }

  /** Another life of the member begins: what was measured of the last says nothing of it. */
  beginsAnew(): void {
    this.#wasHeard = false;
    this.failures = -1;
  }

  /** `awakeMs`: steady time without this peer's own pauses. `clockAheadMs`: null for unknown. */
  view(now: Now, awakeMs: number, clockAheadMs: number | null): MemberView {
    const wall = (steadyMs: number): number =>
      steadyMs === LONG_AGO ? 0 : Math.round(now.wallMs - (now.steadyMs - steadyMs));
    return {
      ...viewOf(this.rumour),
      statusSinceMs: wall(this.statusSinceMs),
      phi: this.arrivals?.phi(awakeMs) ?? null,
      samples: this.arrivals?.samples ?? 0,
      lastDirectMs: wall(this.directMs),
      lastEvidenceMs: wall(this.evidenceMs),
      lastEvidenceSource: this.evidenceSource,
      directStatus: this.directStatus,
      linked: this.linked,
      clockOffsetMs: clockAheadMs === null ? null : Math.round(clockAheadMs - (now.wallMs - now.steadyMs)),
      roundTripMs: this.roundTripMs < 0 ? null : this.roundTripMs,
    };
  }
}

export function isReachable({ status }: Rumour): boolean {
  return status === 'alive' || status === 'suspected';
}

/** A peer's view of itself. */
export function ownView(rumour: Rumour, sinceMs: number, now: Now): MemberView {
  return {
    ...viewOf(rumour),
    self: true,
    statusSinceMs: Math.round(now.wallMs - (now.steadyMs - sinceMs)),
    phi: null,
    samples: 0,
    lastDirectMs: 0,
    lastEvidenceMs: 0,
    lastEvidenceSource: '',
    directStatus: 'alive',
    linked: false,
    clockOffsetMs: 0,
    roundTripMs: 0,
  };
}

function viewOf({ peer, identity, incarnation, address, apiPort, zone, status }: Rumour) {
  const self = false;
  return { peer, self, identity, incarnation, address, apiPort, zone, status, sampleWindow: PHI_WINDOW };
}
