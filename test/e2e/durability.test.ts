import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/kit/random.ts';
import { loadOn, missingAt } from './load.ts';
import { allShow, type Written, writeAt } from './readings.ts';
import { allAlive, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const ROUNDS = 6;
const STOP_MS = 2_000;

describe('a node that is killed', () => {
  const site = new Site();
  afterAll(() => site.stop());

  test('[HO2] every reading that was answered is there after kill -9 at a random moment and a restart', async () => {
    const random = new Random(Date.now());
    const answered = new Map<string, number>();
    let node = await site.start('ann', []);
    for (let round = 0; round < ROUNDS; round++) {
      const load = loadOn(node, `round-${round}`, 4, 5);
      const enough = 20 + random.below(1_000);
      await until(
        'some are answered',
        () => load.answered.size,
        (count) => count >= enough,
      );
      await node.kill();
      await load.ended;
      for (const [sensor, value] of load.answered) answered.set(sensor, value);

      if (round % 2 === 1) await killedAtStart(site, random);
      node = await site.start('ann', []);

      expect(await missingAt(node, answered)).toEqual([]);
    }
    await node.kill();
  });

  test('[PR5] a request with an Idempotency-Key gets the same answer after kill -9, and no new number', async () => {
    const key = { 'idempotency-key': 'delivery 1' };
    let bob = await site.start('bob', []);
    await bob.write({ sensor: 'door', value: 1 });
    const first = await bob.write({ sensor: 'door', value: 2 }, key);
    await bob.kill();

    bob = await site.start('bob', []);
    const again = await bob.write({ sensor: 'door', value: 2 }, key);
    const next = await bob.write({ sensor: 'door', value: 3 });

    expect(again).toEqual(first);
    expect(next.first_n).toBe(first.first_n + 1);
    await bob.kill();
  });
});

describe('a node that is asked to stop', () => {
  const site = new Site();
  let ann: SiteNode;
  let bob: SiteNode;
  beforeAll(async () => {
    [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
  });
  afterAll(() => site.stop());

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '[HO4] ends with code 0 in less than 2 s under load, loses nothing, and others know at once: %s',
    async (signal) => {
      const load = loadOn(bob, signal, 4, 5);
      await until(
        'some are answered',
        () => load.answered.size,
        (count) => count >= 200,
      );

      const askedAt = performance.now();
      const code = await bob.kill(signal);
      const tookMs = performance.now() - askedAt;
      await until(
        'ann knows',
        () => ann.statuses(),
        ({ bob }) => bob === 'dead',
        2_000,
      );
      await load.ended;
      bob = await site.start('bob', ['ann']);

      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(STOP_MS);
      expect(bob.errors).toBe('');
      expect(await missingAt(bob, load.answered)).toEqual([]);
      await allAlive([ann, bob]);
    },
  );

  test('[CL3] a node told to ends when its standard input does', async () => {
    const cat = await site.start('cat', ['ann']);

    cat.child.stdin?.end();

    expect(await cat.exited).toBe(0);
  });
});

describe('a node that starts alone', () => {
  const site = new Site();
  afterAll(() => site.stop());

  test('[WS6] shows all latest readings at once, its own and those of others', async () => {
    const [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
    const written: Written[] = [];
    for (let at = 0; at < 10; at++) {
      written.push(await writeAt(ann, `ann-${at}`, at, 1_700_000_000_000 + at));
      written.push(await writeAt(bob, `bob-${at}`, at, 1_700_000_000_000 + at));
    }
    await allShow([ann, bob], written);
    const before = await ann.state();
    await Promise.all([ann.kill('SIGTERM'), bob.kill()]);

    const again = await site.start('ann', []);

    expect(await again.state()).toEqual(before);
  });
});

/** A process that is killed while it recovers: whatever it did so far must not hurt the next one. */
async function killedAtStart(site: Site, random: Random): Promise<void> {
  const node = await site.spawn('ann', []);
  const lines = 1 + random.below(2);
  await until(
    'it says something',
    () => node.lines.length,
    (count) => count >= lines,
  );
  await node.kill();
}
