import { expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { Audit, readAudit } from './audit.ts';

test('[AC8][AC9] acts are entries of the order among readings, and read from there, the latest first', async () => {
  const hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => 1_700_000_000_000, changesKept: 16 });
  const audit = new Audit(hub);
  await audit.record({ act: 'device-add', subject: 'bed1', by: 'kim', detail: '{}' });
  await hub.submit([{ sensor: 'door' as SensorId, value: 1 }], 'stored');
  await audit.record({ act: 'forget', subject: 'x'.repeat(5_000), by: 'kim', detail: '' });

  const entries = await readAudit(hub, null, 10);
  const last = await readAudit(hub, null, 1);

  expect(entries.map(({ act, sequence }) => [act, sequence])).toEqual([
    ['forget', 3],
    ['device-add', 1],
  ]);
  expect(entries[1]).toMatchObject({ node: 'ann', subject: 'bed1', by: 'kim', tsMs: 1_700_000_000_000 });
  expect(entries[0]?.subject).toHaveLength(1_000);
  expect(last).toHaveLength(1);
});
