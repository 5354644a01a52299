// Large clusters for the tests of membership, in the middle of their life.

import type { MembershipOptions } from './options.ts';
import { peerOf, rumourOf } from './testing.ts';
import { Lan } from './testing-lan.ts';
import type { LanOptions } from './testing-station.ts';

export interface TownOptions extends Partial<LanOptions> {
  readonly options?: Partial<MembershipOptions>;
}

/** Peers that have known each other for long. */
export function townOf(count: number, { options = {}, ...lan }: TownOptions = {}) {
  const town = new Lan({ seed: 1, delayMs: 2, lossPercent: 0, ...lan });
  const peers = Array.from({ length: count }, (_, i) => peerOf(`peer-${String(i).padStart(5, '0')}`));
  const known = peers.map((peer) => rumourOf(peer));
  for (const peer of peers) town.start(peer, { known, options });
  return { lan: town, peers, known };
}

/** What all of them said of members' status since then. */
export function statusesSince(lan: Lan, sinceMs: number) {
  return [...lan.stations].flatMap(({ peer, facts }) =>
    facts.flatMap(({ atMs, fact }) =>
      fact.type === 'member-status' && atMs >= sinceMs ? [{ by: peer, atMs, ...fact }] : [],
    ),
  );
}
