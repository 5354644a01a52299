import { expect, test } from 'vitest';
import { LIMITS } from '../model/limits.ts';
import { Receipts } from './receipts.ts';

test('[PR5] a key is under way until its receipt is kept, then answered', () => {
  const receipts = new Receipts();
  receipts.begin('k');
  expect(receipts.isUnderWay('k')).toBe(true);

  receipts.keep({ key: 'k', answer: 'a', firstN: 3, atMs: 0 }, 0);

  expect(receipts.isUnderWay('k')).toBe(false);
  expect(receipts.answered('k')).toEqual({ key: 'k', answer: 'a', firstN: 3, atMs: 0 });
});

test('[PR6] a key is forgotten after a day', () => {
  const receipts = new Receipts();
  receipts.keep({ key: 'old', answer: '', firstN: 1, atMs: 0 }, 0);
  const later = LIMITS.idempotencyKeyAgeMaxMs + 1;

  receipts.keep({ key: 'young', answer: '', firstN: 2, atMs: later }, later);

  expect(receipts.answered('old')).toBeNull();
  expect(receipts.answered('young')).not.toBeNull();
});

test('[PR6] above the bound the oldest key leaves first', () => {
  const receipts = new Receipts();
  for (let i = 0; i <= LIMITS.idempotencyKeysMax; i++) {
    receipts.keep({ key: `k${i}`, answer: '', firstN: i, atMs: 0 }, 0);
  }

  expect(receipts.answered('k0')).toBeNull();
  expect(receipts.answered('k1')).not.toBeNull();
  expect(receipts.all()).toHaveLength(LIMITS.idempotencyKeysMax);
});

test('[PR6] long answers are bounded by what they weigh in all', () => {
  const receipts = new Receipts();
  const answer = 'x'.repeat(LIMITS.idempotencyAnswerBytesMax);
  const fits = Math.floor(LIMITS.idempotencyBytesMax / (answer.length + 5));
  for (let i = 0; i < fits + 10; i++) {
    receipts.keep({ key: `k${1000 + i}`, answer, firstN: i, atMs: 0 }, 0);
  }

  expect(receipts.all()).toHaveLength(fits);
  expect(receipts.answered('k1000')).toBeNull();
  expect(receipts.answered(`k${1000 + fits + 9}`)).not.toBeNull();
});
