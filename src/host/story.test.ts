import { expect, test } from 'vitest';
import type { Fact } from '../model/fact.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { lineOf } from './story.ts';

const BOB = 'bob' as PeerId;
const identity = { birth: 2, random: '00000000000000bb' };

test('[HO6] joins, suspicions, moves and syncs are the story', () => {
  const facts: Fact[] = [
    { type: 'member-joined', peer: BOB, address: { host: '127.0.0.1', port: 9001 }, incarnation: 1 },
    {
      type: 'member-status',
      peer: BOB,
      status: 'suspected',
      was: 'alive',
      incarnation: 1,
      why: 'its link was lost',
    },
    { type: 'full-sync-started', peer: BOB },
    { type: 'full-sync-finished', peer: BOB, records: 7 },
    { type: 'converged', peer: BOB },
  ];

  const lines = facts.map((fact) => lineOf(fact));

  expect(lines.map((line) => line?.level)).toEqual(facts.map(() => 'story'));
  expect(lines.map((line) => line?.text)).toEqual([
    'bob joined',
    'bob is suspected',
    'full sync from bob started',
    'full sync from bob finished',
    'state is equal to that of bob',
  ]);
});

test('[HO6] what an operator should look into is a warning', () => {
  const collision: Fact = {
    type: 'sensor-collision',
    sensor: 'door' as SensorId,
    origins: [BOB, 'cat' as PeerId],
  };
  const renamed: Fact = { type: 'identity-taken', identity, was: { ...identity, birth: 1 }, why: 'a test' };

  expect(lineOf(collision)).toMatchObject({ level: 'warn', fields: { sensor: 'door', origins: 'bob cat' } });
  expect(lineOf(renamed)).toMatchObject({ level: 'warn', fields: { why: 'a test' } });
});

test('[HO6] a clock that is wrong and one that is right again are told apart', () => {
  const wrong = lineOf({ type: 'clock-off', offsetMs: 90_000 });
  const right = lineOf({ type: 'clock-off', offsetMs: 0 });

  expect(wrong?.text).toBe("this node's clock is wrong; arrival times are corrected");
  expect(right?.text).toBe("this node's clock agrees with the others again");
});

test('[HO6] elections are told in the lines that people search for', () => {
  const ballot = { round: 7, priority: 0, peer: BOB, identity };
  const elected = lineOf({ type: 'became-leader', group: 'a1', ballot, how: 'election', index: 4 });
  const heard = lineOf({ type: 'coordinator', peer: BOB, ballot, how: 'election' });

  expect(elected).toMatchObject({ level: 'story', text: 'became the Group Leader via election' });
  expect(heard).toMatchObject({ level: 'story', text: 'Received COORDINATOR announcement: bob' });
});

test('[HO6] facts that come with every reading are no lines', () => {
  const stored: Fact = { type: 'stored', origin: BOB, identity, firstN: 1, count: 1 };
  const changed: Fact = {
    type: 'registers-changed',
    origin: BOB,
    identity,
    records: [],
    source: 'push',
    from: BOB,
  };

  const committed = lineOf({ type: 'committed', group: 'a1', index: 1, sequence: 1 });

  expect([lineOf(stored), lineOf(changed), committed]).toEqual([null, null, null]);
});
