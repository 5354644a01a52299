import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { receiveBody } from './body.ts';
import { BodyBudget } from './body-budget.ts';
import { Inflater } from './inflater.ts';

test('[IN8] what still comes of a body after its refusal takes nothing of the budget', async () => {
  const budget = new BodyBudget(100);
  const other = budget.lease();
  other.take(50);
  const request = new IncomingMessage(new Socket());
  const lease = budget.lease();

  const received = receiveBody(request, lease, new Inflater());
  request.push(Buffer.alloc(60));
  const { ok } = await received;
  lease.release();
  other.release();
  request.push(Buffer.alloc(60));
  request.push(null);
  await once(request, 'end');

  expect(ok).toBe(false);
  expect(await receivedWhole(100, budget)).toBe(true);
});

test('[IN8] a lease that was released gives nothing, and is returned once', () => {
  const budget = new BodyBudget(100);
  const lease = budget.lease();
  lease.take(60);

  lease.release();
  lease.release();

  expect(lease.take(1)).toBe(false);
  expect([budget.lease().take(100), budget.lease().take(1)]).toEqual([true, false]);
});

async function receivedWhole(bytes: number, budget: BodyBudget): Promise<boolean> {
  const request = new IncomingMessage(new Socket());
  const received = receiveBody(request, budget.lease(), new Inflater());
  request.push(Buffer.alloc(bytes));
  request.push(null);
  return (await received).ok;
}
