// A process that appends as fast as its disk answers and prints the last n of each batch that was acknowledged.
// It runs until it is killed. Arguments: data directory, seed.

import { DataDirectory } from '../../src/host/storage/data-directory.ts';
import { NodeStore } from '../../src/host/storage/node-store.ts';
import { Random } from '../../src/kit/random.ts';
import { ann, batchOf, snapshotOf } from '../../src/storage/testing.ts';

const [, , dataDir = '', seed = '1'] = process.argv;
const random = new Random(Number(seed));
const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
const { store, recovered } = await NodeStore.open(directory, (failure) => {
  throw new Error(failure.detail);
});
const { identity } = recovered.hardState;
let next = lastOf() + 1;

store.saveHardState({ identity, incarnation: 1 }, () => {
  for (let i = 0; i < 16; i++) append();
});

function append(): void {
  const first = next;
  const texts = Array.from({ length: 1 + random.below(20) }, (_, at) => textAt(first + at));
  next += texts.length;
  const last = next - 1;
  store.append(batchOf(identity, first, texts), () => {
    process.stdout.write(`${last}\n`);
    if (random.chance(0.002)) store.saveSnapshot(snapshotOf(identity, last), () => {});
    append();
  });
}

function textAt(n: number): string {
  return `${n}:`.padEnd(20 + (n % 700), `${n}`);
}

function lastOf(): number {
  const inLog = recovered.batches.at(-1)?.records.at(-1)?.n ?? 0;
  return Math.max(inLog, recovered.snapshot?.ownN ?? 0);
}
