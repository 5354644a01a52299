import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import type { Result } from '../kit/result.ts';
import { type DiskInTest, diskContract } from './disk.contract.ts';
import type { Answer, DiskFile, DiskProblem } from './disk.ts';
import { AnswerQueue, MemoryDisk } from './memory-disk.ts';

diskContract('memory', async () => diskInTest());

test('[ST3] what was synced survives every crash, what was not survives in some and not in others', () => {
  const kept = new Set<boolean>();
  for (let seed = 1; seed <= 40; seed++) {
    const { disk, queue } = diskInTest();
    const file = answered<DiskFile>(queue, (done) => disk.create('a', 2_048, done));
    answered<null>(queue, (done) => file.write(0, new Uint8Array(512).fill(1), done));
    answered<null>(queue, (done) => file.sync(done));
    answered<null>(queue, (done) => disk.syncDirectory(done));
    answered<null>(queue, (done) => file.write(1_024, new Uint8Array(512).fill(2), done));

    disk.crash(new Random(seed));

    const content = disk.content('a');
    expect(content?.subarray(0, 512).every((byte) => byte === 1)).toBe(true);
    kept.add(content?.at(1_535) === 2);
  }

  expect(kept).toEqual(new Set([true, false]));
});

test('[ST3] sectors of one write are lost one by one, and torn in the middle', () => {
  const shapes = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const { disk, queue } = diskInTest();
    const file = answered<DiskFile>(queue, (done) => disk.create('a', 1_024, done));
    answered<null>(queue, (done) => file.sync(done));
    answered<null>(queue, (done) => disk.syncDirectory(done));
    file.write(0, new Uint8Array(1_024).fill(3), () => {});

    disk.crash(new Random(seed));

    shapes.add([0, 1].map((sector) => shapeOf(disk.content('a'), sector)).join(' '));
  }

  for (const shape of ['old old', 'new new', 'old new', 'new old', 'torn new'])
    expect(shapes).toContain(shape);
});

test('[ST3] a name that was not synced is there or not after a crash', () => {
  const lists = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const { disk, queue } = diskInTest();
    answered<DiskFile>(queue, (done) => disk.create('a', 0, done));
    answered<DiskFile>(queue, (done) => disk.create('b', 0, done));

    disk.crash(new Random(seed));

    lists.add(disk.names.join(','));
  }

  expect(lists).toEqual(new Set(['', 'a', 'b', 'a,b']));
});

test('[ST3] a disk without space says full and takes nothing', () => {
  const { disk, queue } = diskInTest();
  disk.capacityBytes = 100;

  const problem = problemOf(queue, (done) => disk.create('a', 101, done));

  expect(problem?.kind).toBe('full');
  expect(disk.usedBytes).toBe(0);
});

test('[ST3] after a failed sync the next one succeeds and the bytes are gone all the same', () => {
  let isFailing = false;
  const queue = new AnswerQueue();
  const disk = new MemoryDisk({
    later: queue.later,
    fault: (operation) => (isFailing && operation === 'sync' ? 'broken' : null),
  });
  const file = answered<DiskFile>(queue, (done) => disk.create('a', 512, done));
  answered<null>(queue, (done) => file.sync(done));
  answered<null>(queue, (done) => disk.syncDirectory(done));
  answered<null>(queue, (done) => file.write(0, Uint8Array.of(7), done));

  isFailing = true;
  expect(problemOf<null>(queue, (done) => file.sync(done))?.kind).toBe('broken');
  isFailing = false;
  answered<null>(queue, (done) => file.sync(done));
  disk.crash(new Random(1));

  expect(disk.content('a')?.[0]).toBe(0);
});

function diskInTest(): DiskInTest & { readonly disk: MemoryDisk; readonly queue: AnswerQueue } {
  const queue = new AnswerQueue();
  const disk = new MemoryDisk({ later: queue.later, fault: () => null });
  return {
    disk,
    queue,
    answer: async (call) => resultOf(queue, call),
    end: async () => {},
  };
}

function resultOf<T>(queue: AnswerQueue, call: (done: Answer<T>) => void): Result<T, DiskProblem> {
  const results: Result<T, DiskProblem>[] = [];
  call((result) => results.push(result));
  queue.runAll();
  const result = results[0];
  if (result === undefined) throw new Error('the disk did not answer');
  return result;
}

function answered<T>(queue: AnswerQueue, call: (done: Answer<T>) => void): T {
  const result = resultOf(queue, call);
  if (!result.ok) throw new Error(result.problem.detail);
  return result.value;
}

function problemOf<T>(queue: AnswerQueue, call: (done: Answer<T>) => void): DiskProblem | null {
  const result = resultOf(queue, call);
  return result.ok ? null : result.problem;
}

function shapeOf(content: Uint8Array | null, sector: number): string {
  const bytes = content?.subarray(sector * 512, sector * 512 + 512) ?? new Uint8Array(0);
  if (bytes.every((byte) => byte === 3)) return 'new';
  return bytes.every((byte) => byte === 0) ? 'old' : 'torn';
}
