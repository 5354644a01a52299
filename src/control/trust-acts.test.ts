import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { parseRequest } from './request.ts';
import { actOnTrust, type TrustActs } from './trust-acts.ts';

const BOB = 'bob' as PeerId;

test('[TR14] an invitation is for a number of minutes, at most a week', () => {
  const minutes = [60, 0.5, 10_080, 0, -1, 10_081, '60', null];

  const parsed = minutes.map((given) => parseRequest(JSON.stringify({ act: 'invite', minutes: given })).ok);

  expect(parsed).toEqual([true, true, true, false, false, false, false, false]);
});

test('[TR13] a node that has no certificate revokes nobody, and one that may passes the answer on', async () => {
  const revoked: PeerId[] = [];
  const acts: TrustActs = {
    isAuthority: true,
    invite: async () => ({ ok: false, problem: 'at most 64' }),
    revoke: async (node) => {
      revoked.push(node);
      return { ok: true, value: node };
    },
  };

  const without = await actOnTrust(null, { act: 'revoke', node: BOB }, 'me');
  const done = await actOnTrust(acts, { act: 'revoke', node: BOB }, 'me');
  const full = await actOnTrust(acts, { act: 'invite', minutes: 1 }, 'me');

  expect(without).toMatchObject({ ok: false, problem: expect.stringContaining('sensorium init') });
  expect(done).toEqual({ ok: true, revoked: BOB });
  expect(full).toEqual({ ok: false, problem: 'at most 64' });
  expect(revoked).toEqual([BOB]);
});
