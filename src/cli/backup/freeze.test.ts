import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NodeInTest } from '../../host/storage/testing.ts';
import { discardFrozen, freeze } from './freeze.ts';

const FREEZES = 6;

test('[SK22] what was answered before is in a copy that is taken while more is written, at whatever moment', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sensorium-freeze-'));
  const own = join(dataDir, 'ann');
  const node = await NodeInTest.open(dataDir);
  writeFileSync(join(own, 'hall.csv'), 'made anew from the log');
  writeFileSync(join(own, 'registry.jsonl'), 'kept');
  let answered = 0;
  const underWay = new Set<Promise<void>>();
  const frozen: { readonly path: string; readonly answered: number; readonly linked: number }[] = [];

  for (let round = 1; round <= FREEZES * 20; round++) {
    const entry = node.order.next(40_000);
    const done = node.append([entry]).then(() => {
      answered = entry.index;
      underWay.delete(done);
    });
    underWay.add(done);
    // Not at the same point of each write.
    if (round % 3 === 0) await Promise.race(underWay);
    if (round % 20 !== 0) continue;
    const path = join(dataDir, `copy-${round}`, 'ann');
    const before = answered;
    cpSync(freeze(own), path, { recursive: true });
    const store = readdirSync(join(own, 'backup.staging', 'store'));
    const linked = store.filter(
      (name) => statSync(join(own, 'backup.staging', 'store', name)).nlink > 1,
    ).length;
    frozen.push({ path, answered: before, linked });
  }
  await Promise.all(underWay);
  await node.end();

  for (const { path, answered: wanted } of frozen) {
    const copy = await NodeInTest.open(join(path, '..'));
    expect(copy.opened.renamed).toBeNull();
    expect(copy.log.damaged).toEqual([]);
    const entries = await copy.readAll();
    expect(entries.length).toBeGreaterThanOrEqual(wanted);
    expect(entries.map(({ chain }) => chain)).toEqual(
      node.order.entries.slice(0, entries.length).map(({ chain }) => chain),
    );
    await copy.end();
  }
  expect(frozen.at(-1)?.linked).toBeGreaterThan(0);
  expect(existsSync(join(frozen[0]?.path ?? '', 'registry.jsonl'))).toBe(true);
  expect(existsSync(join(frozen[0]?.path ?? '', 'hall.csv'))).toBe(false);
  discardFrozen(own);
  expect(readdirSync(own)).not.toContain('backup.staging');
  rmSync(dataDir, { recursive: true });
});
