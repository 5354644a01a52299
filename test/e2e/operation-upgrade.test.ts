// A directory that the first version wrote, opened by this one; and one that a later version wrote, refused.
// `test/fixtures/store-v1` is the whole directory of a node that took four readings alone and was stopped. A later version
// that changes the format adds a directory of its own beside it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { crc32 } from '../../src/kit/crc32.ts';
import { SEGMENT_HEADER_BYTES, STORAGE_FORMAT } from '../../src/storage/segment.ts';
import { Site } from './site.ts';
import { until } from './until.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/store-v1/ann.tar.gz');
const SITE = { SITE: 'first', HISTORY_DB: 'off', EXPECT_NODES: '1' };
const WRITTEN = {
  'ann:hall/temperature': 21.5,
  'ann:hall/door': true,
  'ann:hall/climate': { temperature_c: 20.25, humidity_pct: 41 },
  'ann:hall/note': 'open',
};

const sites: Site[] = [];
const scratch = mkdtempSync(join(tmpdir(), 'sensorium-upgrade-'));
afterAll(async () => {
  await Promise.all(sites.map((site) => site.stop()));
  rmSync(scratch, { recursive: true, force: true });
});

test('[OP12] a node opens what the first version wrote: latest readings, the order and its place in it, and goes on', async () => {
  const site = siteWithFixture();

  const ann = await site.start('ann', [], SITE);
  const state = await ann.state();
  await until(
    'it leads',
    () => ann.get<{ quorum: boolean }>('/api/v1/view'),
    ({ quorum }) => quorum,
  );
  const next = await ann.write({ sensor: 'hall/door', value: false, ts: 1_700_000_001_000 });
  const log = await until(
    'all five are in the order',
    () => ann.get<{ readings: { sequence: number; sensor: string; value: unknown }[] }>('/api/v1/log?from=1'),
    ({ readings }) => readings.length === 5,
  );

  expect(Object.fromEntries(Object.entries(state).map(([id, { value }]) => [id, value]))).toEqual(WRITTEN);
  expect(ann.lines.filter(({ msg }) => msg === 'found at start')).toEqual([]);
  expect(log.readings.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  expect(log.readings.slice(0, 4).map(({ value }) => value)).toEqual(Object.values(WRITTEN));
  expect(next.first_n).toBeGreaterThan(4);
});

test('[OP12] a directory of a later format is refused in one line with code 2, and left as it is', async () => {
  const site = siteWithFixture();
  const segment = join(site.directoryOf('ann'), 'store/outbox-00000001.log');
  const later = ofLaterFormat(readFileSync(segment));
  writeFileSync(segment, later);

  const ann = await site.spawn('ann', [], SITE);
  const code = await ann.exited;

  expect(code).toBe(2);
  expect(ann.errors.trim().split('\n')).toHaveLength(1);
  expect(ann.errors).toMatch(/format 2/);
  expect(readFileSync(segment).equals(later)).toBe(true);
});

function siteWithFixture(): Site {
  const site = new Site();
  sites.push(site);
  execFileSync('tar', ['-xzf', FIXTURE, '-C', site.directory]);
  return site;
}

/** The header of a segment, as a program would write it that knows one format more. */
function ofLaterFormat(segment: Buffer): Buffer {
  const bytes = Buffer.from(segment);
  bytes.writeUInt32LE(STORAGE_FORMAT + 1, 8);
  bytes.writeUInt32LE(crc32(bytes, 8, SEGMENT_HEADER_BYTES, 0), 4);
  return bytes;
}
