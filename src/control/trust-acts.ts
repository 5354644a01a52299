// The acts on who is a member of the site: inviting a machine, and revoking one. SPEC rules TR13, TR14.

import { ok, type Result, refused } from '../kit/result.ts';
import { type PeerId, parsePeerId } from '../model/ids.ts';

export type TrustRequest =
  | { readonly act: 'invite'; readonly minutes: number }
  | { readonly act: 'revoke'; readonly node: PeerId };

export interface Invited {
  readonly code: string;
  /** Where to come with it, `host:port`. */
  readonly address: string;
  readonly untilMs: number;
}

export type TrustAnswer =
  | { readonly ok: true; readonly invited: Invited }
  | { readonly ok: true; readonly revoked: PeerId };

/** What a node that has the authority's key can do; another one says that it cannot. */
export interface TrustActs {
  readonly isAuthority: boolean;
  invite(minutes: number, by: string): Promise<Result<Invited>>;
  revoke(node: PeerId, by: string): Promise<Result<PeerId>>;
}

const MINUTES_MAX = 10_080;
const NO_SITE = 'this node has no certificate of a site; sensorium init begins one';

/** Null where the request is about something else. */
export function parseTrustRequest(request: object & { readonly act: unknown }): Result<TrustRequest> | null {
  if (request.act === 'revoke') {
    const node = parsePeerId(String('node' in request ? request.node : ''));
    return node.ok ? ok({ act: 'revoke', node: node.value }) : node;
  }
  if (request.act !== 'invite') return null;
  const minutes = 'minutes' in request ? request.minutes : undefined;
  if (typeof minutes === 'number' && minutes > 0 && minutes <= MINUTES_MAX) {
    return ok({ act: 'invite', minutes });
  }
  return refused(`"minutes" is a number above 0 and at most ${MINUTES_MAX}`);
}

export async function actOnTrust(
  acts: TrustActs | null,
  request: TrustRequest,
  by: string,
): Promise<TrustAnswer | { readonly ok: false; readonly problem: string }> {
  if (acts === null) return { ok: false, problem: NO_SITE };
  if (request.act === 'invite') {
    const invited = await acts.invite(request.minutes, by);
    return invited.ok ? { ok: true, invited: invited.value } : invited;
  }
  const revoked = await acts.revoke(request.node, by);
  return revoked.ok ? { ok: true, revoked: revoked.value } : revoked;
}
