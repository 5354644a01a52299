import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import type { Message } from '../wire/messages.ts';
import { claimedBy } from './claims.ts';

const bob = 'bob' as PeerId;
const IDENTITY = { birth: 1, random: '0123456789abcdef' };
const HEAD = { group: '0123456789abcdef', identity: IDENTITY };
const BALLOT = { round: 1, priority: 0, peer: bob, identity: IDENTITY };

test('[TR6] a leader, a candidate, a founder and a member speak for themselves alone', () => {
  const messages: readonly Message[] = [
    {
      type: 'HEARTBEAT',
      ...HEAD,
      ballot: BALLOT,
      viewId: 1,
      beat: 1,
      commitIndex: 0,
      commitChain: { a: 0, b: 0 },
      lastIndex: 0,
      logStart: 0,
      diskAgeMs: 0,
    },
    { type: 'ELECTION', ...HEAD, kind: 'claim', ballot: BALLOT, lastBallot: BALLOT, lastIndex: 0 },
    { type: 'FOUND_PREPARE', expect: 3, ballot: BALLOT },
    {
      type: 'VIEW_SYNC_REQUEST',
      group: null,
      member: { peer: bob, identity: IDENTITY, priority: 0, address: { host: 'b', port: 1 } },
      expect: 1,
      format: 1,
      joins: true,
    },
  ];

  expect(messages.map(claimedBy)).toEqual([bob, bob, bob, bob]);
});

test("[TR6] readings for the order are their origin's, but for those of a group that has gone into another", () => {
  const request = {
    type: 'SEQUENCER_REQUEST',
    ...HEAD,
    producer: { origin: bob, identity: IDENTITY },
    firstN: 1,
    lastN: 1,
    content: { kind: 'retire' },
  } as const;

  expect(claimedBy({ ...request, dissolved: null })).toBe(bob);
  expect(claimedBy({ ...request, dissolved: 'fedcba9876543210' })).toBeNull();
});

test('[TR6] what is passed on of others may be said by anybody', () => {
  const messages: readonly Message[] = [
    { type: 'PING', nonce: 1, wallMs: 0, rumours: [] },
    { type: 'PEER_LIST', whole: true, rumours: [] },
    { type: 'SENSOR_UPDATE', source: 'push', deltas: [], more: false },
    { type: 'PROMISE', ...HEAD, ballot: BALLOT },
  ];

  expect(messages.map(claimedBy)).toEqual([null, null, null, null]);
});
