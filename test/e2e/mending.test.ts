import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const PAIR = { EXPECT_NODES: '2' };
const ROWS = 10_000;
/** Somewhere in the readings of the first segment, far from its header. */
const OFFSET = 40_000;

const site = new Site();

afterEach(() => site.stop());

test('[OR55] [ST39] a bit that rots under a running node is found by reading, and mended from another node', async () => {
  const [ann, bob] = (await site.startAll(['ann', 'bob'], PAIR)) as [SiteNode, SiteNode];
  for (let first = 0; first < ROWS; first += 1_000) {
    await ann.write(
      Array.from({ length: 1_000 }, (_, i) => ({
        sensor: `s${i % 50}`,
        value: (((first + i) * 48_271) % 99_991) / 7,
      })),
    );
  }
  await until(
    'both have all of it',
    () => Promise.all([ann, bob].map((node) => node.get<{ watermark: number }>('/api/v1/view'))),
    (views) => views.every(({ watermark }) => watermark === ROWS),
    30_000,
  );

  turnOver(join(site.directoryOf('ann'), 'store', 'history-00000001.log'));
  await until(
    'it is whole again',
    () => rowsOf(ann),
    () => ann.lines.some(({ msg }) => msg === 'the history is whole again'),
    30_000,
  );

  expect(ann.lines.map(({ msg }) => msg)).toContain('a part of the log is damaged');
  const rows = await rowsOf(ann);
  expect(rows.length).toBe(ROWS);
  expect(rows).toEqual(await rowsOf(bob));
  expect(await ann.counter('history_damaged_entries')).toBe(0);
});

async function rowsOf(node: SiteNode): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let from = 1; from <= ROWS; ) {
    const page = await node.get<{ readings: unknown[]; next: number }>(`/api/v1/log?from=${from}&limit=1000`);
    rows.push(...page.readings);
    if (page.next <= from) break;
    from = page.next;
  }
  return rows;
}

function turnOver(path: string): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, OFFSET);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  writeSync(file, byte, 0, 1, OFFSET);
  closeSync(file);
}
