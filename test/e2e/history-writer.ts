// A process that appends to its history log as fast as its disk answers, takes bases, trims, and prints the index of
// each append that was answered. It runs until it is killed, or until its disk fails: then it says so and stays.
// Arguments: data directory, seed.

import { NodeInTest } from '../../src/host/storage/testing.ts';
import { Random } from '../../src/kit/random.ts';

const [, , dataDir = '', seed = '1'] = process.argv;
const random = new Random(Number(seed));
const node = await NodeInTest.open(dataDir);
const { order, store, failures } = node;
let isTold = false;

for (let i = 0; i < 16; i++) append();
// A failure is told once, between two answers or instead of one.
setInterval(tellFailure, 20);
process.stdin.on('end', () => process.exit(0)).resume();

function append(): void {
  const entries = Array.from({ length: 1 + random.below(4) }, () =>
    order.next(random.chance(0.1) ? 0 : random.below(20_000) + 1),
  );
  const last = order.lastIndex;
  void node.append(entries).then(() => {
    process.stdout.write(`${last}\n`);
    if (random.chance(0.02)) void node.saveBase(last);
    if (random.chance(0.01)) store.trimLog(Math.max(0, last - 200));
    append();
  });
}

function tellFailure(): void {
  const [failure] = failures;
  if (failure === undefined || isTold) return;
  isTold = true;
  process.stdout.write(`failed ${failure}\n`);
}
