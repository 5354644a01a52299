// What a peer holds of one other: what is said of it, and what was seen of it here. There may be thousands, so
// it is a handful of numbers.

import type { Identity, PeerId } from '../../model/ids.ts';
import type { MemberStatus, Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import type { MemberView } from '../../model/view.ts';
import { Arrivals, PHI_WINDOW } from './phi.ts';
import type { Suspicion } from './suspicion.ts';
import type { Timed } from './timers.ts';

/** A moment that lies before all others. */
export const LONG_AGO = Number.NEGATIVE_INFINITY;

/** Own probes that must fail one after the other until they say dead. */
const FAILURES_OF_THE_DEAD = 3;

export type EvidenceSource = 'direct' | 'indirect' | 'version';

export class Member implements Timed {
  /** Replaced only by one that overrides it, or by this peer's own graver verdict. */
  rumour: Rumour;
  /** Not null while the status is suspected. */
  suspicion: Suspicion | null = null;
  /** Whether it has been alive or suspected here. Who only ever heard of a death does not tell of it. (MB22) */
  witnessed = false;
  linked = false;
  /** Whether anything came from it in this incarnation: then it knows where to answer. */
  knowsThisPeer = false;
  statusSinceMs: number;

  readonly arrivals: Arrivals;
  directMs = LONG_AGO;
  evidenceMs = LONG_AGO;
  evidenceSource: EvidenceSource | '' = '';
  linkLostMs = LONG_AGO;
  /** When it was asked for the whole list last. */
  askedMs = LONG_AGO;
  /** Own direct probes that failed since one was answered; -1 before any was. */
  failures = -1;
  /** -1 for unknown. */
  roundTripMs = -1;
  /** Its time of day less this peer's steady time. */
  clockAheadMs: number | null = null;

  /** Of the suspicion, or of phi. */
  dueMs = 0;
  slot = -1;
  /** Its place in the roster's list of reachable or of dead members. */
  place = -1;

  constructor(rumour: Rumour, phiInitialIntervalMs: number, nowMs: number) {
    this.rumour = rumour;
    this.arrivals = new Arrivals(phiInitialIntervalMs);
    this.statusSinceMs = nowMs;
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
    return this.status === 'alive' || this.status === 'suspected';
  }

  /** What own probes say, whatever others say. (MB15) */
  get directStatus(): MemberView['directStatus'] {
    if (this.failures < 0) return 'unknown';
    if (this.failures === 0) return 'alive';
    return this.failures < FAILURES_OF_THE_DEAD ? 'suspected' : 'dead';
  }

  probed(answered: boolean): void {
    this.failures = answered ? 0 : Math.min(FAILURES_OF_THE_DEAD, Math.max(0, this.failures) + 1);
  }

  /** Another life of the member begins: what was measured of the last says nothing of it. */
  beginsAnew(): void {
    this.arrivals.restart();
    this.failures = -1;
  }

  /** `awakeMs`: steady time without this peer's own pauses. */
  view(now: Now, awakeMs: number): MemberView {
    const wall = (steadyMs: number): number =>
      steadyMs === LONG_AGO ? 0 : Math.round(now.wallMs - (now.steadyMs - steadyMs));
    return {
      ...viewOf(this.rumour),
      statusSinceMs: wall(this.statusSinceMs),
      phi: this.arrivals.phi(awakeMs),
      samples: this.arrivals.samples,
      lastDirectMs: wall(this.directMs),
      lastEvidenceMs: wall(this.evidenceMs),
      lastEvidenceSource: this.evidenceSource,
      directStatus: this.directStatus,
      linked: this.linked,
      clockOffsetMs:
        this.clockAheadMs === null ? null : Math.round(this.clockAheadMs - (now.wallMs - now.steadyMs)),
      roundTripMs: this.roundTripMs < 0 ? null : this.roundTripMs,
    };
  }
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

function viewOf({ peer, identity, incarnation, address, apiPort, status }: Rumour) {
  return { peer, self: false, identity, incarnation, address, apiPort, status, sampleWindow: PHI_WINDOW };
}
