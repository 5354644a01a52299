import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { BodyBudget, type BodyLease } from './body-budget.ts';
import { Inflater } from './inflater.ts';

const LARGEST = LIMITS.ingestBodyBytesMax;

test('[IN8] the most a body may inflate to is leased before it is inflated', async () => {
  const inflater = new Inflater();
  const budget = new BodyBudget(LARGEST + 1);
  const leases = [budget.lease(), budget.lease()];

  const inflations = await Promise.all(leases.map((lease) => inflater.inflate(gzipSync('small'), lease)));

  expect(inflations).toMatchObject([{ ok: true }, { ok: false, problem: { code: 'overloaded' } }]);
  expectAllBack(budget, leases, LARGEST + 1);
});

test('[IN9] few bodies are inflated at once, and the others wait in order', async () => {
  const inflater = new Inflater();
  const room = LIMITS.ingestInflationsMax * LARGEST + 1_000;
  const budget = new BodyBudget(room);
  const leases = Array.from({ length: 100 }, () => budget.lease());
  const texts: string[] = [];

  await Promise.all(
    leases.map(async (lease, index) => {
      const inflated = await inflater.inflate(gzipSync(String(index)), lease);
      texts[index] = inflated.ok ? inflated.value.toString() : inflated.problem.detail;
    }),
  );

  expect(texts).toEqual(leases.map((_, index) => String(index)));
  expectAllBack(budget, leases, room);
});

test('[IN8] bodies that inflate above the budget of all are refused', async () => {
  const inflater = new Inflater();
  const budget = new BodyBudget(4 * LARGEST);
  const leases = Array.from({ length: 12 }, () => budget.lease());
  const bomb = gzipSync(Buffer.alloc(LARGEST));

  const inflations = await Promise.all(leases.map((lease) => inflater.inflate(bomb, lease)));

  expect(inflations.map(({ ok }) => ok)).toEqual([...Array(4).fill(true), ...Array(8).fill(false)]);
  expectAllBack(budget, leases, 4 * LARGEST);
});

test('[IN9] what is refused after its turn gives back at once what it leased', async () => {
  const inflater = new Inflater();
  const budget = new BodyBudget(LARGEST);
  const lease = budget.lease();

  const notGzip = await inflater.inflate(Buffer.from('{}'), lease);
  const tooLarge = await inflater.inflate(gzipSync(Buffer.alloc(LARGEST + 1)), lease);

  expect([notGzip, tooLarge]).toMatchObject([
    { problem: { code: 'bad-body' } },
    { problem: { code: 'body-too-large' } },
  ]);
  expect(budget.lease().take(LARGEST)).toBe(true);
});

test('[IN8] more bodies than connections do not wait for their turn', async () => {
  const inflater = new Inflater();
  const budget = new BodyBudget(LIMITS.ingestBufferedBytesMax);
  const places = LIMITS.ingestInflationsMax + LIMITS.ingestConnectionsMax;
  const body = gzipSync('small');

  const inflations = await Promise.all(
    Array.from({ length: places + 1 }, () => inflater.inflate(body, budget.lease())),
  );

  expect(inflations.map(({ ok }) => ok)).toEqual([...Array(places).fill(true), false]);
});

function expectAllBack(budget: BodyBudget, leases: readonly BodyLease[], bytes: number): void {
  for (const lease of leases) lease.release();
  expect(budget.lease().take(bytes)).toBe(true);
}
