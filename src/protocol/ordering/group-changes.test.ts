import { expect, test } from 'vitest';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import { GroupChanges } from './group-changes.ts';
import { Leader } from './leader.ts';
import { LogReads } from './log-reads.ts';
import type { OrderingOptions } from './options.ts';
import { votersOf } from './quorum.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  cat,
  dan,
  eve,
  identityOf,
  memberOf,
  RecordedOrderingOutbox,
  replicaOf,
  saved,
  siteOf,
} from './testing.ts';

const ballot = ballotOf(2, ann);

test('[OR25] who asks becomes a learner by one entry', () => {
  const { changes, view, live } = groupOf([ann, bob]);
  live(0);

  changes.joins(memberOf(cat));
  live(50);

  expect(names(view().learners)).toEqual([cat]);
  expect([names(view().voters), view().joint]).toEqual([[ann, bob], null]);
});

test('[OR24] no view is brought before an own entry is committed, nor while another one is not', () => {
  const { changes, view, consider, commit } = groupOf([ann, bob]);
  changes.joins(memberOf(cat));
  changes.joins(memberOf(dan));

  consider(50);
  const beforeOwn = names(view().learners);
  commit();
  consider(100);
  consider(150);
  const whileUncommitted = names(view().learners);
  commit();
  consider(200);

  expect([beforeOwn, whileUncommitted, names(view().learners)]).toEqual([[], [cat], [cat, dan]]);
});

test('[OR23] [OR25] a learner that keeps up makes an even number of voters odd, by way of both sets', () => {
  const { view, live, views } = groupOf([ann, bob], { promoteAfterMs: 200 }, { learners: [memberOf(cat)] });

  for (let ms = 0; ms <= 600; ms += 50) live(ms);

  expect(names(view().voters)).toEqual([ann, bob, cat]);
  expect(view().learners).toEqual([]);
  expect(views().some(({ joint }) => joint !== null && names(joint).length === 3)).toBe(true);
});

test('[OR25] one learner alone does not make an odd number of voters even, two do make it odd again', () => {
  const one = groupOf([ann, bob, cat], { promoteAfterMs: 200 }, { learners: [memberOf(dan)] });
  const two = groupOf([ann, bob, cat], { promoteAfterMs: 200 }, { learners: [memberOf(dan), memberOf(eve)] });

  for (let ms = 0; ms <= 600; ms += 50) for (const group of [one, two]) group.live(ms);

  expect(names(one.view().voters).length).toBe(3);
  expect(names(two.view().voters)).toEqual([ann, bob, cat, eve, dan]);
});

test('[OR25] there are no more voters than are wanted', () => {
  const { view, live } = groupOf(
    [ann, bob, cat],
    { promoteAfterMs: 200, maxVoters: 3 },
    { learners: [memberOf(dan), memberOf(eve)] },
  );

  for (let ms = 0; ms <= 600; ms += 50) live(ms);

  expect(names(view().voters)).toEqual([ann, bob, cat]);
});

test('[OR25] a voter that came back with another disk takes its former place', () => {
  const { view, live } = groupOf([ann, bob, cat], { promoteAfterMs: 200 }, { learners: [memberOf(cat, 2)] });

  for (let ms = 0; ms <= 600; ms += 50) live(ms, [memberOf(ann), memberOf(bob), memberOf(cat, 2)]);

  expect(view().voters.map(({ identity }) => identity)).toEqual([
    identityOf(ann),
    identityOf(bob),
    identityOf(cat, 2),
  ]);
});

test('[OR25] a voter absent for long gives its place to a learner that is there, and learns when it is back', () => {
  const options = { promoteAfterMs: 200, evictAfterMs: 1_000, maxVoters: 3 };
  const { view, live } = groupOf([ann, bob, cat], options, { learners: [memberOf(dan)] });

  for (let ms = 0; ms <= 3_000; ms += 50) live(ms, [memberOf(ann), memberOf(bob), memberOf(dan)]);

  expect(names(view().voters)).toEqual([ann, bob, dan]);
  expect(names(view().learners)).toEqual([cat]);
});

test('[OR25] of two voters an absent one keeps its place', () => {
  const options = { promoteAfterMs: 200, evictAfterMs: 1_000, maxVoters: 2 };
  const { view, live } = groupOf([ann, bob], options, { learners: [memberOf(dan)] });

  for (let ms = 0; ms <= 3_000; ms += 50) live(ms, [memberOf(ann), memberOf(dan)]);

  expect(names(view().voters)).toEqual([ann, bob]);
});

test('[OR25] who was removed votes and learns no more, and is not let in again', () => {
  const { changes, view, live } = groupOf([ann, bob, cat], {}, { learners: [memberOf(dan)] });
  live(0);

  changes.leaves(cat);
  changes.leaves(dan);
  changes.joins(memberOf(cat));
  for (let ms = 50; ms <= 400; ms += 50) live(ms);

  expect([names(view().voters), names(view().learners)]).toEqual([[ann, bob], []]);
});

test('[OR25] a member of a lower identity than the one that is known is not let in', () => {
  const { changes, view, live } = groupOf([ann], {}, { learners: [memberOf(cat, 3)] });
  live(0);

  changes.joins(memberOf(cat, 2));
  live(50);

  expect(view().learners.map(({ identity }) => identity)).toEqual([identityOf(cat, 3)]);
});

test("[OR22] who answers is known in seconds, and changes nobody's vote", () => {
  const { changes, view, live } = groupOf([ann, bob, cat]);

  for (let ms = 0; ms <= 2_000; ms += 50) live(ms, [memberOf(ann), memberOf(bob)]);

  expect(changes.present(at(2_000))).toEqual([ann, bob]);
  expect(names(view().voters)).toEqual([ann, bob, cat]);
});

function groupOf(
  voters: Parameters<typeof replicaOf>[1],
  options: Partial<OrderingOptions> = {},
  rest: Partial<GroupView> = {},
) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann, { maxVoters: 5, promoteAfterMs: 1e9, ...options });
  const replica = replicaOf(site, voters, rest);
  const leader = new Leader(site, replica, new LogReads(), ballot, 'election', at(0), out);
  const changes = new GroupChanges(site, replica, leader);
  const view = (): GroupView => replica.view;
  const consider = (ms: number): void => changes.consider(at(ms), out);
  /** Everybody who is there has everything. */
  const commit = (ms = 1, present: readonly GroupMember[] = everybody()): void => {
    saved(replica, out);
    leader.appended(at(ms), out);
    for (const member of present) {
      const follower = leader.follower(member);
      if (follower === undefined) continue;
      const health = { diskMs: 1, uptimeMs: 1, eligible: true, leaving: false, format: 1 };
      const last = replica.lastIndex;
      const numbers = {
        lastIndex: last,
        matchedIndex: last,
        durableIndex: last,
        deliveredIndex: 0,
        version: 0,
      };
      const head = {
        type: 'HEARTBEAT_ACK',
        group: '',
        identity: member.identity,
        ballot,
        beat: leader.beat,
      } as const;
      leader.heartbeatAnswered(follower, { ...head, ...numbers, health }, at(ms), out);
    }
  };
  const everybody = (): readonly GroupMember[] => [...votersOf(view()), ...view().learners];
  const live = (ms: number, present?: readonly GroupMember[]): void => {
    leader.wake(at(ms), out);
    commit(ms, present ?? everybody());
    consider(ms);
    commit(ms, present ?? everybody());
    consider(ms);
  };
  const views = (): readonly GroupView[] => out.factsOf('group-view').map((fact) => fact.view);
  return { changes, view, views, live, consider, commit };
}

function names(members: readonly GroupMember[]) {
  return members.map(({ peer }) => peer);
}
