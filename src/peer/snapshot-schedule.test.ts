import { expect, test } from 'vitest';
import { NEVER } from '../model/time.ts';
import { SnapshotSchedule } from './snapshot-schedule.ts';

test('[PR10] nothing is due as long as nothing changed', () => {
  const schedule = new SnapshotSchedule(1_000, 10, 0);
  expect(schedule.dueAt).toBe(NEVER);

  schedule.changed(1);

  expect(schedule.dueAt).toBe(1_000);
});

test('[PR10] many changes make it due at once', () => {
  const schedule = new SnapshotSchedule(1_000, 10, 0);

  schedule.changed(10);

  expect(schedule.dueAt).toBe(0);
});

test('[PR10] one is taken at a time, and what changes meanwhile is for the next', () => {
  const schedule = new SnapshotSchedule(1_000, 10, 0);
  schedule.changed(10);
  schedule.begin(500);
  schedule.changed(1);
  expect(schedule.dueAt).toBe(NEVER);

  schedule.saved();

  expect(schedule.dueAt).toBe(1_500);
});

test('[PR10] hurry makes it due at once', () => {
  const schedule = new SnapshotSchedule(1_000, 10, 0);

  schedule.hurry();

  expect(schedule.dueAt).toBe(0);
});
