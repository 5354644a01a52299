// What every disk does, in memory or real.

import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import type { Result } from '../kit/result.ts';
import type { Answer, Disk, DiskFile, DiskProblem } from './disk.ts';

export interface DiskInTest {
  readonly disk: Disk;
  /** Waits until the call is answered. */
  answer<T>(call: (done: Answer<T>) => void): Promise<Result<T, DiskProblem>>;
  end(): Promise<void>;
}

export function diskContract(name: string, start: () => Promise<DiskInTest>): void {
  const diskTest = (title: string, body: (given: DiskInTest) => Promise<void>): void => {
    test(`${title} (${name})`, async () => {
      const given = await start();
      try {
        await body(given);
      } finally {
        await given.end();
      }
    });
  };

  diskTest('[ST2] a created file has its size in zeros', async (given) => {
    const file = await value<DiskFile>(given, (done) => given.disk.create('a', 3_000_000, done));

    const bytes = await value<Uint8Array>(given, (done) => file.read(0, 4_000_000, done));

    expect(file.bytes).toBe(3_000_000);
    expect(bytes.length).toBe(3_000_000);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  diskTest('[ST2] what was written is read again, by another handle and across sectors', async (given) => {
    const file = await value<DiskFile>(given, (done) => given.disk.create('a', 2_000, done));
    const data = Uint8Array.from({ length: 1_500 }, (_, at) => at % 251);

    await value<null>(given, (done) => file.write(300, data, done));
    await value<null>(given, (done) => file.sync(done));

    const again = await value<DiskFile>(given, (done) => given.disk.open('a', done));
    expect(again.bytes).toBe(2_000);
    expect([...(await value<Uint8Array>(given, (done) => again.read(300, 1_500, done)))]).toEqual([...data]);
    expect([...(await value<Uint8Array>(given, (done) => again.read(299, 2, done)))]).toEqual([0, 0]);
  });

  diskTest('[ST2] a write behind the end makes the file longer', async (given) => {
    const file = await value<DiskFile>(given, (done) => given.disk.create('a', 0, done));

    await value<null>(given, (done) => file.write(0, Uint8Array.of(1, 2), done));
    await value<null>(given, (done) => file.write(2, Uint8Array.of(3), done));

    expect(file.bytes).toBe(3);
    expect([...(await value<Uint8Array>(given, (done) => file.read(0, 100, done)))]).toEqual([1, 2, 3]);
  });

  diskTest('[ST2] a created file takes the place of one of its name', async (given) => {
    const old = await value<DiskFile>(given, (done) => given.disk.create('a', 10, done));
    await value<null>(given, (done) => old.write(0, Uint8Array.of(9), done));
    await value<null>(given, (done) => old.close(done));

    const file = await value<DiskFile>(given, (done) => given.disk.create('a', 4, done));

    expect([...(await value<Uint8Array>(given, (done) => file.read(0, 100, done)))]).toEqual([0, 0, 0, 0]);
  });

  diskTest('[ST2] names are listed, renamed over others and removed', async (given) => {
    for (const name of ['a', 'b', 'c']) {
      const file = await value<DiskFile>(given, (done) =>
        given.disk.create(name, name === 'a' ? 1 : 2, done),
      );
      await value<null>(given, (done) => file.close(done));
    }

    await value<null>(given, (done) => given.disk.rename('a', 'b', done));
    await value<null>(given, (done) => given.disk.remove('c', done));
    await value<null>(given, (done) => given.disk.syncDirectory(done));

    expect(await value<readonly string[]>(given, (done) => given.disk.list(done))).toEqual(['b']);
    const file = await value<DiskFile>(given, (done) => given.disk.open('b', done));
    expect(file.bytes).toBe(1);
  });

  diskTest('[ST2] what is not there is answered as missing', async (given) => {
    const opened = await given.answer<DiskFile>((done) => given.disk.open('a', done));
    const removed = await given.answer<null>((done) => given.disk.remove('a', done));

    expect(!opened.ok && opened.problem.kind).toBe('missing');
    expect(!removed.ok && removed.problem.kind).toBe('missing');
  });
}

/** Closes nothing: `end` of the disk in test does. */
async function value<T>(given: DiskInTest, call: (done: Answer<T>) => void): Promise<T> {
  const result = await given.answer(call);
  return must(result.ok ? { value: result.value } : null, result.ok ? '' : result.problem.detail).value;
}
