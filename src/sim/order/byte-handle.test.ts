import { expect, test } from 'vitest';
import { AnswerQueue, MemoryDisk } from '../../storage/memory-disk.ts';
import { handleOf } from './byte-handle.ts';

test('[SM42] nothing that a process asks for once it is gone gets to the disk', () => {
  const answers = new AnswerQueue();
  const memory = new MemoryDisk({ later: answers.later, fault: () => null });
  let isAlive = true;
  const disk = handleOf(memory, () => isAlive);
  const told: string[] = [];
  const write = (byte: number): void =>
    disk.open('a', (opened) => {
      if (!opened.ok) return;
      // A process that dies of an answer goes on to here.
      isAlive = byte === 1;
      opened.value.write(0, new Uint8Array([byte]), () => told.push(`wrote ${byte}`));
    });
  disk.create('a', 4, () => told.push('made'));

  write(1);
  write(2);
  answers.runAll();
  disk.create('b', 4, () => told.push('made again'));
  disk.remove('a', () => told.push('removed'));
  answers.runAll();

  expect(told).toEqual(['made', 'wrote 1']);
  expect(memory.names).toEqual(['a']);
  expect([...(memory.content('a') ?? [])]).toEqual([1, 0, 0, 0]);
});
