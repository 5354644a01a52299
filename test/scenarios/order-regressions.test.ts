// What went wrong in other systems, step by step: here nothing may go wrong.

import { expect, test } from 'vitest';
import { played, type Scripted } from '../../src/sim/order/script.ts';
import { LEAD } from '../../src/sim/order/scripts/lead.ts';
import { LOGS } from '../../src/sim/order/scripts/logs.ts';
import { MEMBERS } from '../../src/sim/order/scripts/members.ts';
import { PARTIAL } from '../../src/sim/order/scripts/partial.ts';

for (const scripts of [LOGS, LEAD, MEMBERS, PARTIAL]) {
  for (const [name, scripted] of Object.entries(scripts)) {
    test(`[SM68] ${name}`, () => {
      expect(problemsOf(scripted)).toEqual([]);
    });
  }
}

function problemsOf(scripted: Scripted): readonly unknown[] {
  return played(scripted, null).problems;
}
