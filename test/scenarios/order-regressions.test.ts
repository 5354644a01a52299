// What went wrong in other systems, step by step, and machines of two versions: here nothing may go wrong.

import { expect, test } from 'vitest';
import { played, type Scripted } from '../../src/sim/order/script.ts';
import { GROUPS, meetingInTrouble } from '../../src/sim/order/scripts/groups.ts';
import { LEAD } from '../../src/sim/order/scripts/lead.ts';
import { LOGS } from '../../src/sim/order/scripts/logs.ts';
import { MEMBERS } from '../../src/sim/order/scripts/members.ts';
import { FILLED, PACE } from '../../src/sim/order/scripts/pace.ts';
import { PARTIAL } from '../../src/sim/order/scripts/partial.ts';
import { VERSIONS } from '../../src/sim/order/scripts/versions.ts';

for (const scripts of [LOGS, LEAD, MEMBERS, PARTIAL]) {
  for (const [name, scripted] of Object.entries(scripts)) {
    test(`[SM68] ${name}`, () => {
      expect(problemsOf(scripted)).toEqual([]);
    });
  }
}

for (const [name, scripted] of Object.entries(VERSIONS)) {
  test(`[SM69] ${name}`, () => {
    expect(problemsOf(scripted)).toEqual([]);
  });
}

for (const [name, scripted] of Object.entries(PACE)) {
  test(`[SM70] ${name}`, () => {
    expect(problemsOf(scripted)).toEqual([]);
  });
}

for (const [name, scripted] of Object.entries(GROUPS)) {
  test(`[SM71] [OR51] [OR52] ${name}`, () => {
    expect(problemsOf(scripted)).toEqual([]);
  });
}

test('[SM71] two groups become one whatever dies or is cut meanwhile', () => {
  const seeds = Array.from({ length: 15 }, (_, at) => at + 1);

  const failed = seeds.filter((seed) => problemsOf(meetingInTrouble(seed)).length > 0);

  expect(failed).toEqual([]);
});

test('[SM70] one that drains at a crawl is told', () => {
  const [drained] = Object.values(PACE);
  if (drained === undefined) throw new Error('there is one');
  const slow: Scripted = {
    options: drained.options,
    play: (s) => {
      let replies = 0;
      // Once the first filling is ordered, each third answer to ann is lost.
      s.gate((_from, _to, { type }) => {
        const isLost = s.orderedN('ann') >= FILLED && type === 'SEQUENCER_REPLY' && replies++ % 3 === 0;
        return isLost ? 'drop' : 'pass';
      });
      drained.play(s);
    },
  };

  expect(problemsOf(slow)).toMatchObject([{ checker: 'the script goes as it should' }]);
});

function problemsOf(scripted: Scripted): readonly unknown[] {
  return played(scripted, null).problems;
}
