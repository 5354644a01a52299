// As many sensors as one node may have: nothing falls over, and what is beyond is refused with the reason.

import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const MEGABYTES_MAX = 1_500;
const site = new Site();

afterAll(() => site.stop());

test('[PR7] [RE1] [RE6] a hundred thousand sensors at one node are all shown, and the next one is refused', async () => {
  const ann = await site.start('ann', [], { EXPECT_NODES: '1' });
  const { sensorsPerOriginMax: count, ingestBatchMax: batch } = LIMITS;
  for (let from = 0; from < count; from += batch) {
    await ann.write(Array.from({ length: batch }, (_, at) => ({ sensor: `hall/${from + at}`, value: at })));
  }

  const refused = await ann.post({ sensor: 'one/more', value: 1 });
  const again = await ann.post({ sensor: 'hall/7', value: 2 });

  expect([refused.status, again.status]).toEqual([400, 200]);
  expect(await refused.text()).toContain(`at most ${count} sensors`);
  expect(await ann.get<unknown[]>('/api/v1/sensors')).toHaveLength(count);
  const metrics = await (await fetch(ann.url('/metrics'))).text();
  expect(metrics).toContain(`sensorium_sensors ${count}\n`);
  expect(metrics).toContain(`sensorium_registry_sensors ${count}\n`);
  await until(
    'all of them have their place in the order',
    () => ann.get<{ watermark: number }>('/api/v1/view'),
    ({ watermark }) => watermark > count,
    60_000,
  );
  expect(residentMegabytes(ann)).toBeLessThan(MEGABYTES_MAX);
});

function residentMegabytes({ pid }: SiteNode): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
