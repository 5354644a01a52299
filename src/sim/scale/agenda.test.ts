import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { Agenda } from './agenda.ts';

test('[SM20] steps are taken in the order of their time, those of one moment in the order of the asking', () => {
  const random = new Random(1);
  const agenda = new Agenda();
  const asked = Array.from({ length: 5_000 }, (_, order) => ({ atMs: random.below(500), order }));
  const taken: { atMs: number; order: number }[] = [];

  for (const step of asked) agenda.at(step.atMs, () => void taken.push(step));
  runAll(agenda);

  expect(taken).toEqual(asked.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
  expect(agenda.ran).toBe(5_000);
  expect(agenda.waiting).toBe(0);
});

test('[SM20] a step that is asked for while another runs takes its place among those that wait', () => {
  const agenda = new Agenda();
  const taken: string[] = [];
  agenda.at(10, () => {
    taken.push('first');
    agenda.at(15, () => void taken.push('between'));
  });
  agenda.at(20, () => void taken.push('last'));

  runAll(agenda);

  expect(taken).toEqual(['first', 'between', 'last']);
});

test('[SM20] time goes no further than it was let, and nothing happens in the past', () => {
  const agenda = new Agenda();
  agenda.at(10, () => {});

  expect(agenda.take(9)).toBe(false);
  expect(agenda.nowMs).toBe(9);
  expect(agenda.take(10)).toBe(true);
  expect(() => agenda.at(5, () => {})).toThrow('nothing happens in the past');
});

function runAll(agenda: Agenda): void {
  while (agenda.take(Number.MAX_SAFE_INTEGER)) {
    if (typeof agenda.what === 'function') agenda.what();
  }
}
