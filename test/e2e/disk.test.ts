import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, expect, type TestContext, test } from 'vitest';
import { has } from './run.ts';
import { Site } from './site.ts';
import { until } from './until.ts';

const SMALL_DISK = '40m';
const LARGER_DISK = '120m';
const TEXT_BYTES = 4_000;
const READINGS = 900;
const REQUESTS_MAX = 30;
const STOP_MS = 2_000;

const site = new Site();
afterAll(() => site.stop());

test('[HO3] a disk that cannot be written ends the node with one clear line, and what was answered is there', async (context) => {
  if (!has('prlimit')) context.skip('no program `prlimit`, which takes the disk away');
  const eve = await site.start('eve', []);
  await eve.write({ sensor: 'door', value: 1 });
  execFileSync('prlimit', ['--pid', String(eve.pid), '--fsize=0:0']);

  const refused = await eve.post({ sensor: 'door', value: 2 }).then(
    ({ status }) => status,
    () => 0,
  );
  const code = await eve.exited;
  const again = await site.start('eve', []);

  expect(refused).not.toBe(200);
  expect(eve.errors).toMatch(/^sensorium: the disk failed: .+\n$/);
  expect(code).toBe(1);
  expect((await again.state())['eve:door']?.value).toBe(1);
  await again.kill();
});

test('[HO3] on a full disk nothing is stored and the reason is told until there is room, and the node goes on', async (context) => {
  const { node, disk, waiting } = await onFullDisk('fay', context);
  const shown = (await node.state())['fay:s0']?.ts_ms;

  const refused = await node.post({ sensor: 'more', value: 1 });
  execFileSync('mount', ['-o', `remount,size=${LARGER_DISK}`, disk]);
  await waiting;
  const taken = await node.post({ sensor: 'more', value: 2 });

  expect([refused.status, taken.status]).toEqual([507, 200]);
  expect(await refused.text()).toContain("this node's disk is full");
  expect((await node.state())['fay:s0']?.ts_ms).toBe((shown ?? 0) + 1);
  expect(await node.kill('SIGTERM')).toBe(0);
});

test('[HO4] a node on a full disk ends in time as well, and has everything that was answered', async (context) => {
  const { node, waiting } = await onFullDisk('hal', context);
  const refused = expect(waiting).rejects.toThrow();
  const before = await node.state();

  const askedAt = performance.now();
  const code = await node.kill('SIGTERM');
  const tookMs = performance.now() - askedAt;
  await refused;
  const again = await site.start('hal', [], { DATA_DIR: site.directoryOf('disk-of-hal') });

  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(STOP_MS);
  expect(await again.state()).toEqual(before);
  await again.kill();
});

test('[HO4] a request that is half received does not hold a stop back', async () => {
  const gus = await site.start('gus', []);
  const socket = connect({ port: gus.ports.ingestPort, host: '127.0.0.1' });
  socket.on('error', () => {});
  await new Promise<void>((connected) => socket.once('connect', connected));
  socket.write('POST /ingest HTTP/1.1\r\nhost: gus\r\ncontent-length: 1000\r\n\r\n{');
  await until(
    'it is there',
    () => gus.counter('http_ingest_requests_total'),
    (count) => count > 0,
  );

  const askedAt = performance.now();
  const code = await gus.kill('SIGTERM');
  socket.destroy();

  expect(code).toBe(0);
  expect(performance.now() - askedAt).toBeLessThan(STOP_MS);
});

/** A node that has written until its disk was full, and what waits there. */
async function onFullDisk(id: string, context: TestContext) {
  const disk = site.directoryOf(`disk-of-${id}`);
  mkdirSync(disk);
  const why = whyNoDisk(disk);
  if (why !== null) context.skip(why);
  const unmount = () => execFileSync('umount', ['-l', disk]);
  process.once('exit', unmount);
  context.onTestFinished(() => {
    process.removeListener('exit', unmount);
    unmount();
  });
  const node = await site.start(id, [], { DATA_DIR: disk });
  for (let request = 0; request < REQUESTS_MAX; request++) {
    const readings = Array.from({ length: READINGS }, (_, at) => ({
      sensor: `s${at}`,
      value: randomBytes(TEXT_BYTES / 2).toString('hex'),
      ts: request,
    }));
    let isStored = false;
    const waiting = node.write(readings).then(() => {
      isStored = true;
    });
    await until(
      'it is stored, or waits',
      () => node.counter('outbox_appends_waiting'),
      (count) => isStored || (count > 0 && isFull(node.lines)),
    );
    if (!isStored) return { node, disk, waiting };
    await waiting;
  }
  throw new Error('the disk took everything');
}

function isFull(lines: readonly { readonly msg: string }[]): boolean {
  return lines.some(({ msg }) => msg.startsWith('the disk is full'));
}

function whyNoDisk(path: string): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'tmpfs', path], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `a small disk cannot be mounted: ${error instanceof Error ? error.message.split('\n').at(-2) : ''}`;
  }
}
