import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../../kit/assert.ts';
import type { Batch } from '../../model/durable.ts';
import { isIdentity } from '../../model/ids.ts';
import { ann, batchOf, bob } from '../../storage/testing.ts';
import { DataDirectory, DataDirectoryError } from './data-directory.ts';
import { NodeStore, type OpenedNodeStore } from './node-store.ts';

test('[ST26] the node id is drawn once and kept, and each node has a directory of its own', async () => {
  await inDirectory(async (dataDir) => {
    const first = await DataDirectory.open({ dataDir, node: null, clear: false });
    await first.release();
    const second = await DataDirectory.open({ dataDir, node: null, clear: false });
    const other = await DataDirectory.open({ dataDir, node: ann, clear: false });

    expect(first.node).toMatch(/^node-[a-z0-9]{6}$/);
    expect(second.node).toBe(first.node);
    expect(await readFile(join(dataDir, 'node-id'), 'utf8')).toBe(`${first.node}\n`);
    expect(other.path).toBe(join(dataDir, 'ann'));
    expect((await stat(other.path)).mode & 0o777).toBe(0o700);
  });
});

test('[ST26] processes that start at once draw one id and only one of them gets the directory', async () => {
  await inDirectory(async (dataDir) => {
    const tries = Array.from({ length: 8 }, () => DataDirectory.open({ dataDir, node: null, clear: false }));

    const results = await Promise.allSettled(tries);

    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    expect((await readdir(dataDir)).length).toBe(2);
  });
});

test('[ST27] a directory in use is refused by one line that names the process', async () => {
  await inDirectory(async (dataDir) => {
    await DataDirectory.open({ dataDir, node: ann, clear: false });

    const problem = await problemOf(DataDirectory.open({ dataDir, node: ann, clear: false }));

    expect(problem.problem).toBe('in-use');
    expect(problem.exitCode).toBe(2);
    expect(problem.message).toContain(`in use by process ${process.pid}`);
    expect(problem.message).not.toContain('\n');
  });
});

test('[ST27] the lock of a process that is gone is taken over, also when its id belongs to another one', async () => {
  await inDirectory(async (dataDir) => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await mkdir(join(dataDir, 'ann'));
    await symlink(`${child.pid} x/1`, join(dataDir, 'ann', 'lock.4'));

    const afterDead = await DataDirectory.open({ dataDir, node: ann, clear: false });
    await afterDead.release();
    await symlink(`${process.pid} x/1`, join(dataDir, 'ann', 'lock.9'));
    await DataDirectory.open({ dataDir, node: ann, clear: false });

    expect((await readdir(join(dataDir, 'ann'))).filter((name) => name.startsWith('lock'))).toEqual([
      'lock.10',
    ]);
  });
});

test('[ST27] of many that find a stale lock only one gets it', async () => {
  for (let turn = 0; turn < 20; turn++) {
    await inDirectory(async (dataDir) => {
      await mkdir(join(dataDir, 'ann'));
      await symlink(`${process.pid} x/1`, join(dataDir, 'ann', 'lock.1'));
      const tries = Array.from({ length: 6 }, () => DataDirectory.open({ dataDir, node: ann, clear: false }));

      const results = await Promise.allSettled(tries);

      expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    });
  }
});

test('[ST28] a fresh directory gets a first identity, and keeps what is saved', async () => {
  await inDirectory(async (dataDir) => {
    const first = await openStore(dataDir);
    expect(first.opened.renamed).toBe('unused');
    const { identity } = first.opened.recovered.hardState;
    expect(identity.birth).toBe(1);
    expect(isIdentity(identity.birth, identity.random)).toBe(true);
    const batch = batchOf(identity, 1, ['one', 'two']);
    await save(first.opened.store, first.opened.recovered.hardState.identity, batch);
    await first.end();

    const second = await openStore(dataDir);

    expect(second.opened.renamed).toBe(null);
    expect(second.opened.report).toEqual([]);
    expect(second.opened.recovered).toEqual({
      hardState: { identity, incarnation: 1 },
      snapshot: null,
      batches: [batch],
    });
    await second.end();
  });
});

test('[ST28] a directory whose last readings may be lost goes on under a later identity', async () => {
  await inDirectory(async (dataDir) => {
    const first = await openStore(dataDir);
    const { identity } = first.opened.recovered.hardState;
    await save(first.opened.store, identity, batchOf(identity, 1, ['one']));
    await first.end();
    await rm(join(dataDir, 'ann', 'store', 'outbox-00000001.log'));

    const second = await openStore(dataDir);

    expect(second.opened.renamed).toBe('tail-unknown');
    expect(second.opened.recovered.hardState.identity.birth).toBe(2);
    expect(second.opened.recovered.hardState.identity.random).not.toBe(identity.random);
    expect(second.opened.report.map(({ kind }) => kind)).toEqual(['damaged']);
    await second.end();
  });
});

test('[ST60] the address book is found at the next start', async () => {
  await inDirectory(async (dataDir) => {
    const addresses = [{ peer: bob, address: { host: 'bob.site', port: 9000 }, seenMs: 1_700_000_000_000 }];
    const first = await openStore(dataDir);
    first.opened.store.saveAddresses(addresses);
    await first.end();

    const second = await openStore(dataDir);

    expect(first.opened.recovered.addresses).toBeUndefined();
    expect(second.opened.recovered.addresses).toEqual(addresses);
    await second.end();
  });
});

test('[ST28] a store may be cleared at the start', async () => {
  await inDirectory(async (dataDir) => {
    const first = await openStore(dataDir);
    const { identity } = first.opened.recovered.hardState;
    await save(first.opened.store, identity, batchOf(identity, 1, ['one']));
    await first.end();

    const directory = await DataDirectory.open({ dataDir, node: ann, clear: true });
    const { store, renamed } = await NodeStore.open(directory, () => {});

    expect(renamed).toBe('unused');
    await store.close();
  });
});

test('[ST29] a directory that cannot be used is one line', async () => {
  await inDirectory(async (dataDir) => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');

    const problem = await problemOf(DataDirectory.open({ dataDir: file, node: ann, clear: false }));

    expect(problem.problem).toBe('unusable');
    expect(problem.message).toContain(`DATA_DIR ${file} cannot be used`);
  });
});

test('[ST29] a node id file that holds no node id is one line', async () => {
  await inDirectory(async (dataDir) => {
    await writeFile(join(dataDir, 'node-id'), 'Not An Id\n');

    const problem = await problemOf(DataDirectory.open({ dataDir, node: null, clear: false }));

    expect(problem.problem).toBe('bad-node-id');
    expect(problem.message).toContain('Not An Id');
  });
});

test('[ST14] a directory copied from another node is refused, and one of a later format', async () => {
  await inDirectory(async (dataDir) => {
    const { end } = await openStore(dataDir);
    await end();
    const superblock = join(dataDir, 'ann', 'store', 'superblock');
    await mkdir(join(dataDir, 'bob', 'store'), { recursive: true });
    await writeFile(join(dataDir, 'bob', 'store', 'superblock'), await readFile(superblock));
    const directory = await DataDirectory.open({ dataDir, node: bob, clear: false });

    const problem = await problemOf(NodeStore.open(directory, () => {}));

    expect(problem.problem).toBe('other-node');
    expect(problem.message).toContain('belongs to node ann, not to bob');
  });
});

async function openStore(dataDir: string): Promise<{ opened: OpenedNodeStore; end: () => Promise<void> }> {
  const directory = await DataDirectory.open({ dataDir, node: ann, clear: false });
  const opened = await NodeStore.open(directory, (failure) => {
    throw new Error(failure.detail);
  });
  const end = async (): Promise<void> => {
    await opened.store.close();
    await directory.release();
  };
  return { opened, end };
}

async function save(store: NodeStore, identity: Batch['identity'], batch: Batch): Promise<void> {
  await new Promise<void>((done) => store.saveHardState({ identity, incarnation: 1 }, done));
  await new Promise<void>((done) => store.append(batch, () => done()));
}

async function problemOf(attempt: Promise<unknown>): Promise<DataDirectoryError> {
  const error = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  return must(error instanceof DataDirectoryError ? error : null, `the directory is refused (${error})`);
}

async function inDirectory(body: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sensorium-data-'));
  try {
    await body(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
