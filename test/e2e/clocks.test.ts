import { afterAll, expect, test } from 'vitest';
import { allAlive, type Environment, Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 8_760 * HOUR_MS;
const OVERTAKEN_MS = 15_000;

const sites: Site[] = [];
afterAll(() => Promise.all(sites.map((site) => site.stop())));

test.each([
  ['hours', HOUR_MS * 5],
  ['years', YEAR_MS * 50],
])('[WS14] a device whose clock is %s ahead does not freeze its sensor', async (_, aheadMs) => {
  const site = newSite();
  const [ann, bob] = await pairOf(site, { MAX_CLOCK_SKEW_MS: '1000' });
  await ann.write({ sensor: 'door', value: 'early', ts: Date.now() + aheadMs });
  await until(
    'bob shows it',
    () => bob.state(),
    (state) => state['ann:door']?.value === 'early',
  );
  const latest = await bob.get<{ flags: string[] }[]>('/api/v1/latest');

  await until(
    'a right clock wins',
    async () => {
      await bob.write({ sensor: 'door', value: 'right' });
      return ann.state();
    },
    (state) => state['bob:door']?.value === 'right',
    OVERTAKEN_MS,
  );

  expect(latest[0]?.flags).toContain('clock');
  expect(Object.keys(await ann.state())).toEqual(['bob:door']);
});

test('[WS14] a device whose clock stands at the beginning of time is shown, and any other beats it', async () => {
  const site = newSite();
  const [ann, bob] = await pairOf(site);

  await ann.write({ sensor: 'door', value: 'old', ts: 0 });
  await until(
    'bob shows it',
    () => bob.state(),
    (state) => state['ann:door']?.value === 'old',
  );
  await bob.write({ sensor: 'door', value: 'right' });

  await until(
    'ann shows the other',
    () => ann.state(),
    (state) => state['bob:door']?.value === 'right',
  );
});

test('[WS14] nodes whose clocks are hours ahead and years behind are members like others, and their readings are of the right time', async () => {
  const site = newSite();
  const ids = ['ann', 'bob', 'cat', 'dan', 'eve'];
  const nodes = await site.startAll(ids, (id) => {
    if (id === 'dan') return clockOffBy(HOUR_MS);
    return id === 'eve' ? clockOffBy(-3 * YEAR_MS) : {};
  });
  const [ann, , , dan, eve] = nodes as [SiteNode, SiteNode, SiteNode, SiteNode, SiteNode];
  for (const node of [dan, eve]) {
    await until(
      `${node.id} knows`,
      () => node.lines.map(({ msg }) => msg),
      (said) => said.includes("this node's clock is wrong; arrival times are corrected"),
    );
  }

  for (const [writer, value] of [
    [dan, 1],
    [ann, 2],
    [eve, 3],
    [ann, 4],
  ] as const) {
    await until(
      `what ${writer.id} writes is shown everywhere`,
      async () => {
        await writer.write({ sensor: 'door', value });
        return Promise.all(nodes.map((node) => node.state()));
      },
      (states) => states.every((state) => state[`${writer.id}:door`]?.value === value),
      5_000,
    );
    const shown = (await ann.state())[`${writer.id}:door`];
    expect(Math.abs((shown?.ts_ms ?? 0) - Date.now())).toBeLessThan(6_000);
  }

  await allAlive(nodes);
});

function newSite(): Site {
  const site = new Site();
  sites.push(site);
  return site;
}

async function pairOf(site: Site, environment: Environment = {}) {
  return (await site.startAll(['ann', 'bob'], environment)) as [SiteNode, SiteNode];
}

/** The process's own clock of the day is set off, and nothing else. */
function clockOffBy(ms: number): Environment {
  const shift = `const now=Date.now;Date.now=()=>now()+(${ms})`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shift)}` };
}
