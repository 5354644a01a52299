// Groups of one site that were founded apart, each with its own order, and become one. SPEC rule SM71.

import { Random } from '../../../kit/random.ts';
import type { Script, Scripted } from '../script.ts';

const OPTIONS = { nodes: 5, voters: 0, expectNodes: 2, ordering: { promoteAfterMs: 200 } } as const;
/** Whoever comes late begins from a base, and not from the first entry. */
const SMALL_BASES = { baseEveryBytes: 500, cacheBytesMax: 500 };
/** Whose group goes into the other's: the id begins with the number of founders, and then it is the lesser. */
const SMALL = ['ann', 'bob'];
const LARGE = ['cat', 'dan', 'eve'];
const ALL = [...SMALL, ...LARGE];

export const GROUPS: { readonly [name: string]: Scripted } = {
  'two groups that meet are one, with every record of both once': {
    options: OPTIONS,
    play: (s) => {
      foundApart(s);
      s.heal();
      areOne(s);
    },
  },
  'the group that ends may have had the longer log, on disks of bytes as well': {
    options: { ...OPTIONS, diskKind: 'bytes' },
    play: (s) => {
      foundApart(s);
      for (let turn = 0; turn < 60; turn++) {
        s.submit('ann', 4);
        s.submit('bob', 1);
        s.run(20);
      }
      s.heal();
      areOne(s);
    },
  },
  'who led the group that ends dies while it hands over, and another member goes on': {
    options: OPTIONS,
    play: (s) => {
      foundApart(s);
      s.gate((_from, _to, { type }) => (type === 'SEQUENCER_REQUEST' ? 'drop' : 'pass'));
      s.heal();
      s.until('it is sealed at both', () => SMALL.every((name) => isSealed(s, name)), 30_000);
      s.crash('bob');
      s.gate(null);
      s.until('ann is in the larger', () => s.node('ann').group === s.node('cat').group, 60_000);
      s.start('bob');
      areOne(s);
    },
  },
  'who leads the larger dies in the middle of it': {
    options: OPTIONS,
    play: (s) => {
      foundApart(s);
      s.until('three may vote', () => LARGE.every((name) => s.node(name).group !== null), 10_000);
      s.heal();
      s.until('it is sealed', () => isSealed(s, 'bob'), 30_000);
      const leader = s.untilSomeLeads(LARGE);
      s.crash(leader.peer);
      s.run(3_000);
      s.start(leader.peer);
      areOne(s);
    },
  },
  'each second answer is lost: what comes twice is in the order once': {
    options: OPTIONS,
    play: (s) => {
      foundApart(s);
      let answers = 0;
      s.gate((_from, _to, { type }) => (type === 'SEQUENCER_REPLY' && answers++ % 2 === 0 ? 'drop' : 'pass'));
      s.heal();
      areOne(s);
    },
  },
  'they are cut apart again in the middle, and both go on taking records': {
    options: OPTIONS,
    play: (s) => {
      foundApart(s);
      s.heal();
      s.until('it is sealed', () => isSealed(s, 'bob'), 30_000);
      s.isolate(...SMALL);
      for (const name of ALL) s.submit(name, 5);
      s.run(5_000);
      s.expect('what is sealed takes no more', s.orderedN('ann') <= 3);
      s.heal();
      areOne(s);
    },
  },
  'all lose their power in the middle': {
    options: OPTIONS,
    play: (s) => {
      foundApart(s);
      s.heal();
      s.until('it is sealed', () => isSealed(s, 'bob'), 30_000);
      s.crash(...ALL);
      s.start(...ALL);
      areOne(s);
    },
  },
};

/** Two groups meet while machines die and links are cut, as `seed` will have it; in the end all is well again. */
export function meetingInTrouble(seed: number): Scripted {
  const ordering = seed % 3 === 0 ? { ...OPTIONS.ordering, ...SMALL_BASES } : OPTIONS.ordering;
  return {
    options: { ...OPTIONS, ordering, diskKind: seed % 4 === 0 ? 'bytes' : 'entries' },
    play: (s) => {
      const random = new Random(seed);
      foundApart(s);
      s.heal();
      for (let turn = random.between(1, 8); turn > 0; turn--) {
        // They are one within a few round trips: trouble comes soon, most of the time.
        s.run(random.chance(0.2) ? random.between(2_000, 12_000) : 800 * random.between(0, 1) ** 3);
        trouble(s, random);
        s.submit(random.pick(ALL), 1 + random.below(3));
      }
      s.heal();
      s.start(...ALL.filter((name) => !s.node(name).up));
      areOne(s);
    },
  };
}

function trouble(s: Script, random: Random): void {
  const name = random.pick(ALL);
  const { up } = s.node(name);
  if (random.chance(0.4)) s.isolate(...ALL.filter(() => random.chance(0.4)));
  else if (random.chance(0.3)) s.heal();
  else if (up) s.crash(name);
  else s.start(name);
}

/** Two groups, each with records of its own. */
function foundApart(s: Script): void {
  s.isolate(...SMALL);
  s.startAll();
  s.untilSomeLeads(SMALL);
  s.untilSomeLeads(LARGE);
  for (const name of ALL) s.submit(name, 3);
  s.until('both have committed', () => ALL.every((name) => s.orderedN(name) === 3), 15_000);
  s.expect('they are two', groupsOf(s).size === 2);
}

function areOne(s: Script): void {
  s.until('they are one group', () => groupsOf(s).size === 1, 90_000);
  for (const name of ALL) s.submit(name, 1);
  s.until('all is ordered in it', () => ALL.every((name) => s.orderedN(name) === s.node(name).lastN), 30_000);
  s.untilAllAgree();
}

function groupsOf(s: Script): ReadonlySet<string | null> {
  return new Set(s.nodes.map(({ group }) => group));
}

function isSealed(s: Script, name: string): boolean {
  const { asked, commitIndex } = s.node(name);
  return asked.at(commitIndex)?.body.kind === 'dissolve';
}
