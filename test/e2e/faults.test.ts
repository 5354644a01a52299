import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../src/kit/random.ts';
import { flip, HISTORY_FILE, lengthWritten } from './soak/faults.ts';
import { accountOfSite, faultsOf, type View, wholeSite } from './soak/settle.ts';
import { ALL_KINDS, Soak } from './soak/soak.ts';
import { SoakLoad } from './soak/soak-load.ts';
import { SoakSite } from './soak/soak-site.ts';
import { until } from './until.ts';

const SLICE_FAULTS = 7;
const SLICE_MS = 180_000;
const NODES = 3;
const SEED = 27;
const WRITERS = 3;
const PAUSE_MS = 10;
const SOME = 60;
/** More than the first file of the log holds. */
const MUCH_BYTES = 1_300_000;
const SOME_BYTES = 200_000;
const TEXT_BYTES = 2_000;
const TEXTS = 50;
/** What a node takes at its start, and a little. */
const SMALL_DISK = '32m';
const LARGER_DISK = '200m';
const DISK_MS = 240_000;

interface Page {
  readonly readings: readonly { readonly origin: string; readonly identity: string }[];
}

test(
  '[WS17] whatever is killed, stopped, cut off, deleted or rots under load, no reading is lost, doubled or out of order',
  async () => {
    const told: string[] = [];

    const report = await Soak.run({
      seed: SEED,
      faults: SLICE_FAULTS,
      nodes: NODES,
      writers: WRITERS,
      pauseMs: PAUSE_MS,
      kinds: ALL_KINDS,
      forMs: 0,
      spared: 0,
      keepAlways: false,
      inNamespaces: true,
      tell: (line) => told.push(line),
    }).catch((error: unknown) => {
      throw new Error(told.join('\n'), { cause: error });
    });

    expect([...faultsOf(report.account), ...report.problems], told.join('\n')).toEqual([]);
    expect(report.account.readings).toBeGreaterThan(SOME);
  },
  SLICE_MS,
);

describe('three nodes and what happens to the disk of one', () => {
  let site: SoakSite;
  let load: SoakLoad;
  /** Until so many more readings have been answered as committed. */
  const committed = async (more: number): Promise<void> => {
    const before = load.count('committed');
    await until(
      `${more} more are committed`,
      () => load.count('committed'),
      (count) => count >= before + more,
    );
  };
  beforeEach(async () => {
    site = new SoakSite(NODES, false);
    await wholeSite(site, 'at the start', false);
    load = new SoakLoad(site, new Random(SEED), WRITERS, PAUSE_MS);
    await committed(SOME);
  });
  afterEach(async () => {
    await Promise.all([site.stop(false), load.stop()]);
  });

  test('[WS18] a node whose directory is deleted is in the group again, with all of the history and equal files', async () => {
    await site.end('bob', 'SIGKILL');
    site.loseDirectory('bob');
    await committed(SOME);

    await site.start('bob');
    await committed(SOME);
    await load.stop();
    const watermark = await wholeSite(site, 'after it', false);

    expect(faultsOf(await accountOfSite(site, load.sent, watermark))).toEqual([]);
    expect(await site.verify()).toMatchObject({ code: 0, err: '' });
    const { readings } = (await site.node('bob')?.get<Page>('/api/v1/log?limit=10000')) ?? { readings: [] };
    const ofBob = readings.filter(({ origin }) => origin === 'bob');
    // One before and one after; a third when it took readings before anybody told it of the first.
    expect(new Set(ofBob.map(({ identity }) => identity)).size).toBeGreaterThan(1);
  });

  test('[WS19] bytes that rot in an old file of the log and in its last one are told and mended from others', async () => {
    await writeTexts(site, 'ann', MUCH_BYTES);
    await committed(SOME);
    await site.end('cat', 'SIGTERM');
    const store = join(site.directoryOf('cat'), 'store');
    const written = readdirSync(store)
      .filter((name) => HISTORY_FILE.test(name) && lengthWritten(join(store, name)) > 0)
      .sort();
    for (const name of written) {
      const path = join(store, name);
      flip(path, Math.floor(lengthWritten(path) / 2));
    }

    const cat = await site.start('cat');
    await until(
      'cat has mended its log',
      () => cat.lines.map(({ msg }) => msg),
      (said) => said.includes('the history is whole again'),
    );
    await load.stop();
    const watermark = await wholeSite(site, 'after it', false);

    expect(written.length).toBeGreaterThan(1);
    const found = cat.lines.flatMap(({ msg, what }) => (msg === 'found at start' ? [String(what)] : []));
    expect(found.filter((what) => what.includes('is damaged at'))).not.toEqual([]);
    expect(faultsOf(await accountOfSite(site, load.sent, watermark))).toEqual([]);
    expect(await site.verify()).toMatchObject({ code: 0, err: '' });
  });
});

test(
  '[HO3] a voter whose disk is full votes and orders nothing, also when it is started anew, and has everything again when there is room',
  async (context) => {
    const site = new SoakSite(NODES, false);
    const disk = site.directoryOf('cat');
    mkdirSync(disk, { mode: 0o700 });
    const why = whyNoDisk(disk);
    if (why !== null) {
      await site.stop(false);
      context.skip(why);
    }
    const unmount = () => execFileSync('umount', ['-l', disk]);
    process.once('exit', unmount);
    context.onTestFinished(async () => {
      await site.stop(true);
      process.removeListener('exit', unmount);
      unmount();
      await site.stop(false);
    });
    await site.startAll({ COMMIT_TIMEOUT_MS: '1000' });
    await wholeSite(site, 'at the start', false);
    const cat = site.node('cat');
    await writeTexts(site, 'ann', MUCH_BYTES);
    await until(
      'the disk of cat is full',
      async () => {
        await writeTexts(site, 'ann', SOME_BYTES);
        return cat?.lines.map(({ msg }) => msg) ?? [];
      },
      (said) => said.includes('the disk is full: no readings are ordered here until there is room'),
    );

    await site.end('ann', 'SIGKILL');
    const view = await until(
      'bob leads by the vote of cat',
      () => site.node('bob')?.get<View>('/api/v1/view'),
      (at) => at?.leader === 'bob' && at.quorum,
    );
    const refused = await post(site, 'bob', 'committed');
    await site.end('cat', 'SIGKILL');
    await site.start('cat', { COMMIT_TIMEOUT_MS: '1000' });
    const refusedAgain = await post(site, 'cat', 'committed');
    execFileSync('mount', ['-o', `remount,size=${LARGER_DISK}`, disk]);
    const taken = await until(
      'cat takes readings again',
      () => post(site, 'bob', 'committed'),
      (status) => status === 200,
    );
    const watermark = await wholeSite(site, 'after it', false);

    expect(view?.leader).toBe('bob');
    expect([refused, refusedAgain, taken]).toEqual([503, 503, 200]);
    expect(faultsOf(await accountOfSite(site, [], watermark))).toEqual([]);
    expect(await site.verify()).toMatchObject({ code: 0, err: '' });
  },
  DISK_MS,
);

async function post(site: SoakSite, id: string, ack: string): Promise<number> {
  const response = await fetch(site.node(id)?.ingestUrl(`/ingest?ack=${ack}`) ?? '', {
    method: 'POST',
    body: '{"sensor": "door", "value": true}',
  });
  await response.text();
  return response.status;
}

/** Texts that nothing makes shorter, until there are so many bytes of them. */
async function writeTexts(site: SoakSite, id: string, bytes: number): Promise<void> {
  for (let written = 0; written < bytes; written += TEXTS * TEXT_BYTES) {
    const readings = Array.from({ length: TEXTS }, (_, at) => ({
      sensor: 'text',
      value: randomBytes(TEXT_BYTES / 2).toString('hex'),
      ts: written + at,
    }));
    await site.node(id)?.write(readings);
  }
}

function whyNoDisk(path: string): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK},mode=700`, 'tmpfs', path], {
      stdio: 'pipe',
    });
    return null;
  } catch (error) {
    return `a small disk cannot be mounted: ${error instanceof Error ? error.message.split('\n').at(-2) : ''}`;
  }
}
