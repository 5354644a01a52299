import { expect, onTestFinished, test } from 'vitest';
import { apiOn, bob, cat, memberOf } from '../../../src/api/testing.ts';
import { Link, type LinkHandlers } from './link.ts';

test('[AP20] when its node dies, the page says so and goes on with another one it knows of', async () => {
  const first = await apiOn();
  const second = await apiOn({ self: bob });
  first.hub.others = [
    memberOf(cat, { status: 'dead', address: { host: '127.0.0.1', port: 9_000 }, apiPort: 1 }),
    memberOf(bob, { address: { host: '127.0.0.1', port: 9_000 }, apiPort: second.api.port }),
  ];
  await second.say('bed1/temperature', 21.5);
  const page = pageOn(first.base);
  await page.until('pulse of 3');

  await first.api.stop();
  await page.until('live with bob');
  await page.until('all 1');
  await second.say('bed1/temperature', 22);
  await page.until('bed1/temperature 22');

  const story = ['live with ann', 'waiting ann', 'live with bob', 'all 1', 'bed1/temperature 22'];
  const told = page.told.filter((line) => story.includes(line));
  expect(told.filter((line, at) => line !== told[at - 1])).toEqual(story);
});

test('[AP20] when no node answers, the page says so, and goes on as soon as one does', async () => {
  const first = await apiOn();
  const page = pageOn(first.base);
  await page.until('all 0');
  const { port } = first.api;

  await first.api.stop();
  await page.until('alone ann');
  const again = await apiOn({ port });
  await page.until('live with ann', 2);
  await again.say('a', 1);
  await page.until('a 1');

  expect(page.told.indexOf('alone ann')).toBeLessThan(page.told.lastIndexOf('live with ann'));
});

test('[UI2] a stream that its node only closed is resumed where it was', async () => {
  const first = await apiOn();
  const page = pageOn(first.base);
  await page.until('all 0');

  page.link.pause();
  await first.say('a', 1);
  page.link.resume();
  await page.until('a 1');

  expect(page.told.filter((line) => line.startsWith('all'))).toEqual(['all 0']);
  expect(page.told).toContain('paused ann');
});

test('[UI2] a node of another name or site at the same address is not taken for ours', async () => {
  const first = await apiOn();
  const other = await apiOn({ self: bob, site: 'another hall' });
  first.hub.others = [
    memberOf(bob, { address: { host: '127.0.0.1', port: 9_000 }, apiPort: other.api.port }),
  ];
  const page = pageOn(first.base);
  await page.until('pulse of 2');

  await first.api.stop();
  await page.until('alone ann', 2);

  expect(page.told).not.toContain('live with bob');
});

const FAST = { patienceMs: 2_500, probeMs: 3_000, againMs: 50 };

/** The page's link to a node, told as lines. */
function pageOn(base: string) {
  const told: string[] = [];
  const tell = (line: string) => void told.push(line);
  const handlers: LinkHandlers = {
    hello: () => {},
    all: (rows) => tell(`all ${rows.length}`),
    readings: (rows) => {
      for (const { sensor, value } of rows) tell(`${sensor} ${value}`);
    },
    forgotten: () => {},
    fact: () => {},
    pulse: ({ members }) => tell(`pulse of ${members.length}`),
    state: ({ phase, node }) => {
      const line = phase === 'live' ? `live with ${node}` : `${phase} ${node}`;
      if (told.at(-1) !== line) tell(line);
    },
  };
  const link = new Link(handlers, FAST, '127.0.0.1');
  onTestFinished(() => link.stop());
  link.start(base);

  async function until(line: string, times = 1): Promise<void> {
    await expect
      .poll(() => told.filter((said) => said === line).length, { timeout: 20_000, interval: 10 })
      .toBeGreaterThanOrEqual(times);
  }
  return { link, told, until };
}
