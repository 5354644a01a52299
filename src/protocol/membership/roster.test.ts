import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import type { MemberStatus } from '../../model/member.ts';
import { Names } from '../../model/names.ts';
import { Member } from './member.ts';
import { Roster } from './roster.ts';
import { homeOf, peerOf, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');
const dan = peerOf('dan');

test('[MB3] the reachable are the alive and the suspected, by id', () => {
  const roster = rosterOf({ dan: 'alive', ann: 'suspected', cat: 'dead', bob: 'left' });

  expect(roster.sorted()).toEqual([ann, dan]);
});

test('[MB3] the list is the same until somebody becomes reachable or ceases to be', () => {
  const roster = rosterOf({ ann: 'alive', bob: 'alive', cat: 'dead' });
  const before = roster.sorted();

  say(roster, ann, 'suspected');
  say(roster, cat, 'left');
  expect(roster.sorted()).toBe(before);
  say(roster, ann, 'dead');
  say(roster, cat, 'alive');

  expect(roster.sorted()).toEqual([bob, cat]);
  expect(before).toEqual([ann, bob]);
});

test('[MB3] the list holds nobody twice who went and came in between', () => {
  const roster = rosterOf({ ann: 'alive', bob: 'alive' });
  roster.sorted();

  for (const status of ['dead', 'alive', 'left', 'alive'] as const) say(roster, ann, status);

  expect(roster.sorted()).toEqual([ann, bob]);
  expect(roster.reachable).toBe(2);
});

test('[MB3] who became reachable, ceased to be or stands in another zone is told once', () => {
  const roster = rosterOf({ ann: 'alive', bob: 'alive', cat: 'dead' });
  expect([...roster.takeChanged()].sort()).toEqual([ann, bob]);

  say(roster, ann, 'suspected');
  expect([...roster.takeChanged()]).toEqual([]);
  say(roster, ann, 'dead');
  const member = roster.get(bob);
  if (member) roster.update(member, rumourOf(bob, { zone: 'hall' }));

  expect([...roster.takeChanged()].sort()).toEqual([ann, bob]);
  expect([...roster.takeChanged()]).toEqual([]);
});

test('[MB18] a member is found at the address it was said to be at last', () => {
  const roster = rosterOf({ ann: 'alive', bob: 'dead' });

  const member = roster.get(ann);
  if (member) roster.update(member, rumourOf(ann, { address: homeOf(dan) }));

  expect(roster.at(homeOf(dan))?.peer).toBe(ann);
  expect(roster.at(homeOf(ann))).toBeUndefined();
  expect(roster.at(homeOf(bob))?.peer).toBe(bob);
});

test('[MB7] some members by chance are different ones and never the one left out', () => {
  const roster = rosterOf({ ann: 'alive', bob: 'alive', cat: 'suspected', dan: 'dead' });
  const member = roster.get(ann);
  const random = new Random(3);

  const chosen = member ? roster.some(3, member, random) : [];

  expect(chosen.map(({ peer }) => peer).sort()).toEqual([bob, cat]);
});

test('[MB3] a member of long standing is in the list and everywhere else, though nothing of it is held yet', () => {
  const roster = rosterOf({ bob: 'alive' });
  const rumour = rumourOf(ann);

  roster.addStanding(rumour, true, 500);

  expect(roster.sorted()).toEqual([ann, bob]);
  expect([...roster.takeChanged()].sort()).toEqual([ann, bob]);
  expect([...roster.takeChanged()]).toEqual([]);
  expect(roster.rumourOf(ann)).toBe(rumour);
  expect([...roster.seen()].map(({ peer }) => peer)).toEqual([bob]);
  expect(roster.get(ann)).toMatchObject({ linked: true, knowsThisPeer: true, statusSinceMs: 500 });
  expect(roster.get(ann)).toBe(roster.get(ann));
});

test('[MB22] the walk past all members comes to everyone', () => {
  const roster = rosterOf({ ann: 'alive', bob: 'dead', cat: 'left' });

  const seen = new Set(Array.from({ length: 5 }, () => roster.next()?.peer));

  expect([...seen].filter((peer) => peer !== undefined).sort()).toEqual([ann, bob, cat]);
});

function rosterOf(statuses: { readonly [name: string]: MemberStatus }): Roster {
  const roster = new Roster(new Names());
  for (const [name, status] of Object.entries(statuses)) {
    roster.add(new Member(rumourOf(peerOf(name), { status }), 0));
  }
  return roster;
}

function say(roster: Roster, peer: PeerId, status: MemberStatus): void {
  const member = roster.get(peer);
  if (member) roster.update(member, rumourOf(peer, { status }));
}
