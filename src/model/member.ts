// What a peer knows of another.

import type { Address } from './address.ts';
import { compareIdentities, type Identity, type PeerId } from './ids.ts';

export type MemberStatus = 'alive' | 'suspected' | 'dead' | 'left';

/** A claim about a peer, as it travels: true for the incarnation it names, until a stronger one arrives. */
export interface Rumour {
  readonly peer: PeerId;
  readonly identity: Identity;
  readonly incarnation: number;
  readonly status: MemberStatus;
  readonly address: Address;
  /** Port of the peer's read-only HTTP listener, 0 for none. */
  readonly apiPort: number;
  /** Where the peer stands, as its operator calls it; empty where nobody said. */
  readonly zone: string;
  /** Who found it silent, where it is suspected: some of them. */
  readonly accusers?: readonly PeerId[] | undefined;
}

const STRENGTH: { readonly [status in MemberStatus]: number } = { alive: 0, suspected: 1, dead: 2, left: 3 };

/**
 * Whether `a` overrides `b` (SWIM §4.2): a later identity first, then a later incarnation; within one
 * incarnation the graver status. Only the peer itself raises its incarnation, so only it can refute.
 */
export function overrides(a: Rumour, b: Rumour): boolean {
  const byIdentity = compareIdentities(a.identity, b.identity);
  if (byIdentity !== 0) return byIdentity > 0;
  if (a.incarnation !== b.incarnation) return a.incarnation > b.incarnation;
  return STRENGTH[a.status] > STRENGTH[b.status];
}
