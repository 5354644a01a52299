import { expect, test } from 'vitest';
import { recordingLog } from '../kit/testing.ts';
import { LIMITS } from '../model/limits.ts';
import { Refusals } from './refusals.ts';

test('[IN11] refusals are counted by input and reason, with the last payload', () => {
  let wallMs = 1_000;
  const refusals = new Refusals(recordingLog(), () => wallMs++);

  refusals.add({ input: 'http', reason: 'bad-body', why: 'no', payload: 'first', count: 2 });
  refusals.add({ input: 'http', reason: 'bad-body', why: 'not again', payload: 'x'.repeat(9_000), count: 1 });
  refusals.add({ input: 'mqtt', reason: 'bad-body', why: 'no', payload: '', count: 1 });

  expect(refusals.all()).toEqual([
    {
      input: 'http',
      reason: 'bad-body',
      count: 3,
      lastAtMs: 1_001,
      lastWhy: 'not again',
      lastPayload: 'x'.repeat(LIMITS.refusalPayloadBytesMax),
    },
    { input: 'mqtt', reason: 'bad-body', count: 1, lastAtMs: 1_002, lastWhy: 'no', lastPayload: '' },
  ]);
});

test('[IN11] reasons beyond the bound are counted together', () => {
  const refusals = new Refusals(recordingLog(), () => 0);

  for (let i = 0; i < LIMITS.refusalReasonsMax + 40; i++) {
    refusals.add({ input: 'http', reason: `reason ${i}`, why: '', payload: '', count: 1 });
  }

  expect(refusals.all()).toHaveLength(LIMITS.refusalReasonsMax + 1);
  expect(refusals.all()[0]).toMatchObject({ reason: 'other', count: 40 });
});

test('[IN11] the log gets a line a minute for each reason, without the payload', () => {
  const log = recordingLog();
  let wallMs = 0;
  const refusals = new Refusals(log, () => wallMs);

  for (; wallMs <= 60_000; wallMs += 1_000) {
    refusals.add({ input: 'http', reason: 'bad-body', why: 'no', payload: 'secret', count: 1 });
  }

  expect(log.lines).toEqual([
    { level: 'warn', message: 'input refused', fields: { input: 'http', reason: 'bad-body', count: 1 } },
    { level: 'warn', message: 'input refused', fields: { input: 'http', reason: 'bad-body', count: 61 } },
  ]);
});
