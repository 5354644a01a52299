// How fast things come right once they may: not only in the end. SPEC rule SM70.

import type { Script, Scripted } from '../script.ts';

const BATCHES = 400;
const RECORDS = 20;
/** The records of a first filling, and one before. */
export const FILLED = 1 + BATCHES * RECORDS;

export const PACE: { readonly [name: string]: Scripted } = {
  'what was stored alone is ordered at least half as fast as what comes in when all is well': {
    options: { nodes: 3 },
    play: (s) => {
      s.begin('cat');
      s.commit('ann', 1);
      const usualMs = orderedWithin(s, fill(s));
      s.isolate('ann');
      const before = s.orderedN('ann');
      const lastN = fill(s);
      s.run(3_000);
      s.expect('ann is alone', s.orderedN('ann') === before);
      s.heal();
      s.until('the first of them is ordered', () => s.orderedN('ann') > before);
      const drainedMs = orderedWithin(s, lastN);
      s.expect(`${drainedMs} ms are at most twice ${usualMs} ms`, drainedMs <= 2 * usualMs);
    },
  },
};

/** Many batches at once; the last record of them. */
function fill(s: Script): number {
  for (let batch = 0; batch < BATCHES; batch++) s.submit('ann', RECORDS);
  return s.node('ann').lastN;
}

function orderedWithin(s: Script, lastN: number): number {
  const { timeline } = s.stage.world;
  const startMs = timeline.nowMs;
  s.until(`ann's ${lastN} are ordered`, () => s.orderedN('ann') >= lastN);
  return timeline.nowMs - startMs;
}
