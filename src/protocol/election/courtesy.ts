// The bully's comeback, as a courtesy of the leader: a higher peer that has been back, healthy and caught up for a
// while is given the lead; of several the highest that has everything. SPEC rules EL13, EL15.

import { compareOwners } from '../../model/ballot.ts';
import type { GroupMember } from '../../model/group-view.ts';
import type { ElectionOptions } from './options.ts';
import type { Penalties } from './penalties.ts';
import type { Heir } from './standing.ts';

export interface Reign {
  readonly self: GroupMember;
  /** The slowest of the leader's own disk answers. */
  readonly diskMs: number;
  readonly lastTransferMs: number;
}

/** Disks faster than this are all the same. */
const FAST_DISK_MS = 5;

/** To whom a leader hands its place, though nobody asked. */
export function heirOf(
  heirs: readonly Heir[],
  reign: Reign,
  penalties: Penalties,
  options: ElectionOptions,
  nowMs: number,
): Heir | null {
  if (nowMs - reign.lastTransferMs < options.transferEveryMs) return null;
  const { stableMs, transferDiskFactor } = options;
  const fit = heirs.filter(
    (heir) =>
      isHigher(heir.member, reign.self) &&
      isWilling(heir) &&
      nowMs - heir.caughtUpSinceMs >= stableMs &&
      (heir.health?.uptimeMs ?? 0) >= stableMs &&
      (heir.health?.diskMs ?? 0) <= transferDiskFactor * Math.max(reign.diskMs, FAST_DISK_MS) &&
      !penalties.isHeld(heir.member.peer, nowMs),
  );
  return highest(fit);
}

/** To whom a leader that must go hands its place: who lacks least, and of those the highest. */
export function successorOf(heirs: readonly Heir[]): Heir | null {
  const willing = heirs.filter(isWilling);
  const least = Math.min(...willing.map(({ lag }) => lag));
  return highest(willing.filter(({ lag }) => lag === least));
}

export function isWilling({ member, health, isPresent }: Heir): boolean {
  return isPresent && member.priority !== null && health?.eligible === true && !health.leaving;
}

export function isHigher(a: GroupMember, b: GroupMember): boolean {
  return compareOwners(ranked(a), ranked(b)) > 0;
}

function highest(heirs: readonly Heir[]): Heir | null {
  return heirs.reduce<Heir | null>(
    (best, heir) => (best === null || isHigher(heir.member, best.member) ? heir : best),
    null,
  );
}

function ranked({ priority, peer, identity }: GroupMember) {
  return { priority: priority ?? Number.MIN_SAFE_INTEGER, peer, identity };
}
