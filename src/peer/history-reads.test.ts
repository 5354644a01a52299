import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import { HistoryReads } from './history-reads.ts';

const NOW = { steadyMs: 0, wallMs: 0 };

test('[OR44] an answer to what a peer asked before it was restarted answers nothing it asks after', () => {
  const before = new HistoryReads(new Random(1));
  const after = new HistoryReads(new Random(2));
  const old = before.ask(1, 1_000, NOW) ?? 0;
  const asked = after.ask(1, 1_000, NOW) ?? 0;

  expect(after.answered(old)).toBeNull();
  expect(after.answered(asked)).toBe(1);
});
