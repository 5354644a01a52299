import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import type { Placed } from '../hub/places.ts';
import { recordingLog } from '../kit/testing.ts';
import { CsvFollower } from './csv-follower.ts';
import { csvIn, Order, temporaryDirectory, written } from './testing.ts';

test('[HI8] a thread of its own writes the files while the order goes on, and says what is durable', async () => {
  const { order, directory, follower, until, durable, placed } = following();
  for (let i = 0; i < 3_000; i++) {
    order.batch([`s${i % 50}`, i], ['climate', { temperature_c: i }]);
    follower.committed();
    if (i % 500 === 0) await until(() => follower.counters().csv_sequence !== 0);
  }

  await until(() => durable.at(-1)?.sequence === 6_000);
  await until(() => placed.some(({ sequence }) => sequence === 6_000));
  await follower.stop();

  expect(csvIn(directory)).toEqual(written(temporaryDirectory(), order));
  expect(durable).toEqual([...durable].sort((a, b) => a.sequence - b.sequence));
  const last = new Map(placed.map((one) => [one.sensor, one.sequence]));
  expect([...last.values()].sort((a, b) => a - b).slice(-2)).toEqual([5_999, 6_000]);
  expect(last.size).toBe(51);
});

test('[HI10] places are known at once after a restart, also of sensors that are quiet since', async () => {
  const first = following();
  first.order.batch(['quiet', 1]).batch(['loud', 2]);
  first.follower.committed();
  await first.until(() => first.placed.length === 2);
  await first.follower.stop();

  const again = following(first);
  await again.until(() => again.placed.length === 2);

  expect(again.placed.map(({ sensor, n, sequence }) => [sensor, n, sequence])).toEqual([
    ['quiet', 1, 1],
    ['loud', 2, 2],
  ]);
});

test('[HI10] places are learnt again from the log where nobody kept them, and no row is written twice', async () => {
  const first = following();
  first.order.batch(['quiet', 1]).batch(['loud', 2]);
  first.follower.committed();
  await first.until(() => first.placed.length === 2);
  await first.follower.stop();
  const files = csvIn(first.directory);
  writeFileSync(join(first.directory, 'csv.places'), 'nonsense');

  const again = following(first);
  await again.until(() => again.placed.length === 2);
  await again.follower.stop();

  expect(csvIn(first.directory)).toEqual(files);
});

test('[HI11] when the node goes over to another group the files follow, and places are forgotten', async () => {
  const { order, directory, follower, until, placed, forgotten } = following();
  order.batch(['a', 1]);
  follower.committed();
  await until(() => placed.length === 1);
  order.history.startGroup('00000000000000b2');
  order.batch(['b', 1]);
  follower.committed();
  await until(() => placed.length === 2);
  await follower.stop();

  expect(Object.keys(csvIn(directory))).toEqual(['b.csv']);
  expect(forgotten()).toBe(2);
  expect(Object.keys(csvIn(join(directory, 'dissolved', '00000000000000a1')))).toEqual(['a.csv']);
});

test('[HI8] files that cannot be written are told of, and the node goes on', async () => {
  const first = following();
  first.order.batch(['a', 1]);
  first.follower.committed();
  await first.until(() => first.placed.length === 1);
  await first.follower.stop();
  writeFileSync(join(first.directory, 'a.csv'), 'mine\n');

  const again = following(first);
  again.order.batch(['a', 2]);
  again.follower.committed();
  await again.until(() => again.follower.counters().csv_failures_total === 1);

  expect(again.log.lines.map(({ message }) => message)).toContain('the CSV files could not be written');
  expect(readFileSync(join(first.directory, 'a.csv'), 'utf8')).toBe('mine\n');
});

/** A thread does not inherit the loader of tests. */
const FROM_SOURCES = `
  import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(new URL('./csv-worker.ts', import.meta.url).href)});
  });
`;

function following(before?: { readonly order: Order; readonly directory: string }) {
  const order = before?.order ?? new Order();
  const directory = before?.directory ?? temporaryDirectory();
  const durable: { readonly index: number; readonly sequence: number }[] = [];
  const placed: Placed[] = [];
  const log = recordingLog();
  let forgotten = 0;
  const watchers = new Set<() => void>();
  const noticed = () => {
    for (const watcher of watchers) watcher();
  };
  const follower = new CsvFollower(log, {
    directory,
    wipe: false,
    source: order.history,
    placed: (more) => {
      placed.push(...more);
      noticed();
    },
    forgetPlaces: () => forgotten++,
    startThread: (workerData) => new Worker(FROM_SOURCES, { eval: true, workerData }),
    durable: (upto) => {
      durable.push(upto);
      noticed();
    },
  });
  onTestFinished(() => follower.stop());
  /** Resolves as soon as the condition holds; looked at whenever the thread says something. */
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const timer = setInterval(noticed, 50);
      const watcher = () => {
        if (!condition()) return;
        clearInterval(timer);
        watchers.delete(watcher);
        resolve();
      };
      watchers.add(watcher);
      watcher();
    });
  return { order, directory, follower, durable, placed, log, until, forgotten: () => forgotten };
}
