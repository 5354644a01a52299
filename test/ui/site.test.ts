// The pages in a real Chromium against a real site of three processes: what is shown is what the API says, also while
// nodes die. The tests go on where the one before left the site.

import { spawnSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Site } from '../e2e/site.ts';
import type { SiteNode } from '../e2e/site-node.ts';
import { until } from '../e2e/until.ts';
import { hasChromium, type Look, openBrowser, Visitor } from './browser.ts';

const MARKUP = '<img src=x onerror=alert(1)>';
const MANY = 2_000;
/** Of what looks at every page, or starts and stops all. */
const LONG_MS = 180_000;
const SENSOR = 'sensor/hall%2Ftemperature%400';
/** The colours of the dark are the same on every page: these have all of them. */
const DARK_TOO: readonly string[] = ['site', 'sensors', SENSOR];

interface Pulse {
  readonly node: string;
  readonly sensors: number;
  readonly view: {
    readonly leader: string | null;
    readonly ballot: { readonly round: number; readonly peer: string } | null;
    readonly quorum: boolean;
    readonly watermark: number;
  };
  readonly members: readonly { readonly id: string; readonly status: string }[];
}

interface LogRow {
  readonly sequence: number;
  readonly sensor: string;
  readonly n: number;
}

describe.skipIf(!hasChromium())('in Chromium', () => {
  const site = new Site();
  const nodes: SiteNode[] = [];
  let browser: Browser;
  let visitor: Visitor;
  let origins: readonly string[];

  const node = (id: string): SiteNode => {
    const found = nodes.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  };
  const pulseOf = (id: string) => node(id).get<Pulse>('/api/v1/pulse');

  beforeAll(async () => {
    const ids = ['ann', 'bob', 'cat'];
    const [started, opened] = await Promise.all([
      site.startAll(ids, (id) => ({ ...SENSORS[id], EXPECT_NODES: '3' })),
      openBrowser(),
    ]);
    nodes.push(...started);
    browser = opened;
    origins = nodes.map(({ ports }) => `http://127.0.0.1:${ports.apiPort}`);
    await node('ann').write([
      { sensor: MARKUP, value: '<b>bold</b>', unit: '<i>' },
      { sensor: 'hall/late', value: 3, ts: Date.now() + 600_000 },
      { sensor: 'bed1/temperature', value: 21.5, unit: 'Cel' },
      { sensor: 'bed2/temperature', value: 19, unit: 'Cel' },
    ]);
    visitor = await Visitor.open(browser, node('ann').url('/'), origins);
  }, LONG_MS);

  afterAll(async () => {
    await browser?.close();
    await site.stop();
  }, LONG_MS);

  test('[UI3] the site bar says what the node says', async () => {
    await until(
      'a leader',
      () => pulseOf('ann'),
      ({ view }) => view.leader !== null && view.quorum,
    );

    await until(
      'the bar agrees with the API',
      async () => {
        const { view, members, sensors } = await pulseOf('ann');
        const alive = members.filter(({ status }) => status === 'alive').length;
        const watermark = Number((await visitor.text('#bar-watermark')).replaceAll(',', ''));
        return [
          (await visitor.text('#bar-nodes')) === `${alive} of ${members.length}`,
          (await visitor.text('#bar-leader')).startsWith(
            `${view.leader} ballot ${view.ballot?.round}.${view.ballot?.peer}`,
          ),
          (await visitor.text('#bar-quorum')).startsWith('yes'),
          watermark > 0 && watermark <= view.watermark,
          (await visitor.text('#bar-sensors')) === String(sensors),
          Number(await visitor.text('#bar-rate')) > 0,
        ].every(Boolean);
      },
      Boolean,
    );
    expect(await visitor.text('.link-pill')).toBe('Live from ann');
    expect(await visitor.page.locator('#minority').count()).toBe(0);
  });

  test('[UI6] the picture shows every node with its status and role, and the links between them', async () => {
    await visitor.page.locator('.node-sign').nth(2).waitFor();
    const { view } = await pulseOf('ann');
    const signs = await visitor.page
      .locator('.node-sign')
      .evaluateAll((found) => found.map((sign) => [sign.getAttribute('data-status'), sign.textContent]));

    expect(signs.map(([status]) => status)).toEqual(['alive', 'alive', 'alive']);
    expect(signs.filter(([, text]) => text?.includes(`${view.leader}, leader`)).length).toBe(1);
    expect(await visitor.page.locator('.links line').count()).toBe(3);
    await until(
      'delays',
      () => visitor.page.locator('.links text').count(),
      (shown) => shown === 3,
    );
  });

  test('[UI6] the page of a node shows what that node says of itself', async () => {
    await visitor.page.locator('.node-sign', { hasText: 'bob' }).click();

    await until(
      'its version',
      () => visitor.text('.node-head .facts'),
      (text) => text.includes('Version0.1.0'),
    );
    const seen = await visitor.text('.node-seen');
    const { members } = await pulseOf('bob');
    for (const { id } of members.filter((member) => member.id !== 'bob')) expect(seen).toContain(id);
    expect(await visitor.text('.node-head .facts')).toMatch(/Disk free[\d.]+ [KMGT]iB of/);
    await visitor.page.locator('.node-sensors .row', { hasText: 'yard/co2@0' }).waitFor();
  });

  test('[AP16] [UI5] sensors stand as text, with value, unit, flags and their place in the order', async () => {
    await visitor.go('sensors');
    await visitor.page.locator('.sensor-rows .row', { hasText: MARKUP }).waitFor();
    const { readings } = await node('bob').get<{ readings: LogRow[] }>('/api/v1/log?from=1&limit=10000');
    const place = readings.find(({ sensor }) => sensor === 'bed1/temperature');

    const markup = visitor.page.locator('.sensor-rows .row', { hasText: MARKUP });
    expect(await markup.textContent()).toContain('<b>bold</b><i>');
    expect(await visitor.page.locator('.content img').count()).toBe(0);
    const bed = visitor.page.locator('.sensor-rows .row', { hasText: 'bed1/temperature' });
    await until(
      'its place',
      () => bed.textContent(),
      (text) => text?.includes(`#${place?.sequence}`) ?? false,
    );
    expect(await bed.textContent()).toContain('21.5°C');
    expect(await visitor.page.locator('.row', { hasText: 'hall/late' }).textContent()).toContain('clock');
  });

  test('[UI4] a wildcard, a text and an order choose and sort the rows', async () => {
    const search = visitor.page.locator('.search input');
    await visitor.page.keyboard.press('/');
    await visitor.page.keyboard.type('+/temperature');
    const names = visitor.page.locator('.sensor-rows .rows-space .cell-sensor a');

    await until(
      'two rows',
      () => names.allTextContents(),
      (shown) => shown.length === 2,
    );
    expect(await names.allTextContents()).toEqual(['bed1/temperature', 'bed2/temperature']);
    await visitor.page.locator('.sort', { hasText: 'Value' }).click();
    await until(
      'sorted',
      () => names.allTextContents(),
      ([first]) => first === 'bed2/temperature',
    );
    await search.fill('bed1 temp');
    await until(
      'one row',
      () => names.allTextContents(),
      (shown) => shown.length === 1,
    );
    await search.fill('no such thing');
    await visitor.page.locator('.empty', { hasText: 'No sensor matches' }).waitFor();
    await search.fill('');
    await visitor.go('sensors');
  });

  test('[UI7] the page of a sensor shows its history, where a point came from, and lines that work', async () => {
    await visitor.go('sensor/bed1%2Ftemperature');
    await until(
      'the committed reading',
      () => visitor.text('.history .panel-note'),
      (text) => text === '1 reading',
    );
    const { readings } = await node('cat').get<{ readings: LogRow[] }>('/api/v1/log?from=1&limit=10000');
    const place = readings.find(({ sensor }) => sensor === 'bed1/temperature');

    expect(await visitor.text('.provenance tbody tr')).toContain(`21.5 °C${place?.sequence}ann${place?.n}`);
    const [line = ''] = await visitor.page.locator('.copy-line code').allTextContents();
    const { stdout } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
    expect(stdout).toContain(`,21.5,${place?.sequence},ann,`);
    const csv = await visitor.page.locator('.exports a').first().getAttribute('href');
    expect(await (await fetch(node('ann').url(csv ?? ''))).text()).toContain(`,21.5,${place?.sequence},ann,`);
  });

  test('[UI7] under the cursor stands the sequence of the point', async () => {
    await visitor.go(SENSOR);
    await visitor.page.locator('.chart canvas').waitFor();
    const box = await visitor.page.locator('.chart .u-over').boundingBox();
    await visitor.page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 4, (box?.y ?? 0) + 60);

    const facts = await until(
      'provenance',
      () => visitor.text('.provenance .facts'),
      (text) => text.includes('Sequence'),
    );
    const sequence = Number(/Sequence([\d,]+?)Origin/.exec(facts)?.[1]?.replaceAll(',', ''));
    const { readings } = await node('bob').get<{ readings: LogRow[] }>(
      `/api/v1/log?from=${sequence}&limit=1`,
    );
    expect(readings[0]).toMatchObject({ sequence, sensor: 'hall/temperature@0' });
  });

  test('[UI4] of thousands of sensors only the rows in sight exist, and the last is a key away', async () => {
    const readings = Array.from({ length: MANY }, (_, at) => ({ sensor: `mill/${at + 1}/power`, value: at }));
    for (let first = 0; first < MANY; first += 1_000) {
      await node('ann').write(readings.slice(first, first + 1_000));
    }
    await visitor.go('sensors?q=mill%2F%23');
    await until(
      'all',
      () => visitor.text('.sensors-panel .panel-note'),
      (text) => text.startsWith('2,000 of'),
    );

    await visitor.page.locator('.sensor-rows').focus();
    await visitor.page.keyboard.press('End');
    await visitor.page.locator('.row[aria-selected="true"]', { hasText: 'mill/2000/power' }).waitFor();
    expect(await visitor.page.locator('.sensor-rows .row').count()).toBeLessThan(60);
    expect(await visitor.page.locator('.sensor-rows').getAttribute('aria-rowcount')).toBe('2001');
    await visitor.page.keyboard.press('Enter');
    await until(
      'its page',
      () => visitor.text('.sensor-head h2'),
      (text) => text === 'mill/2000/power',
    );
  });

  test(
    '[UI8] no page has a serious finding of accessibility, in light, dark and on a phone',
    async () => {
      const looks: readonly Look[] = ['light', 'phone', 'dark'];
      const found = (await Promise.all(looks.map(findingsIn))).flat();

      expect(found).toEqual([]);
    },
    LONG_MS,
  );

  test('[UI1] so far nobody complained, and nobody but nodes of the site was asked for anything', () => {
    expect(visitor.complaints).toEqual([]);
    expect(visitor.strangers).toEqual([]);
  });

  test('[UI2] [UI3] when the leader is killed, the page shows its death and the next leader', async () => {
    const { leader: first } = (await pulseOf('ann')).view;
    const from = first === 'ann' ? 'bob' : 'ann';
    await visitor.close();
    visitor = await Visitor.open(browser, node(from).url('/'), origins);
    visitor.expectsDeath = true;
    await visitor.page.locator('.node-sign').nth(2).waitFor();

    await node(first ?? '').kill();
    await until(
      'another leader',
      () => visitor.text('#bar-leader'),
      (text) => text !== '' && !text.startsWith('none') && !text.startsWith(first ?? ''),
    );
    await visitor.shot('leader-killed');
    await visitor.page.locator('.node-sign[data-status="dead"]', { hasText: first ?? '' }).waitFor();
    const { view } = await pulseOf(from);

    expect(await visitor.text('#bar-leader')).toContain(`${view.leader} ballot ${view.ballot?.round}.`);
    expect(await visitor.text('#bar-nodes')).toBe('2 of 3');
    // As the node that is looked at has it: it leads itself, or hears of who does.
    expect(await visitor.text('.site-events')).toMatch(
      new RegExp(`${view.leader} (leads: COORDINATOR|became the leader)`),
    );
  });

  test('[UI2] [AP20] when the node one looks at is killed, the page goes on with another and says so', async () => {
    const watched = (await visitor.text('.link-pill')).replace('Live from ', '');
    const { members } = await pulseOf(watched);
    const other = members.find(({ id, status }) => id !== watched && status === 'alive')?.id ?? '';
    await visitor.go('sensors');

    await node(watched).kill();
    await until(
      'the other',
      () => visitor.text('.link-pill'),
      (text) => text === `Live from ${other}`,
    );
    await node(other).write([{ sensor: 'bed1/temperature', value: 25.25, unit: 'Cel' }]);
    const bed = visitor.page.locator('.sensor-rows .row', { hasText: 'bed1/temperature' });
    await until(
      'its reading',
      () => bed.textContent(),
      (text) => text?.includes('25.25°C') ?? false,
    );

    expect(await visitor.text('.notices')).toContain(`${watched} does not answer`);
    expect(await visitor.text('.notices')).toContain(`goes on with ${other}`);
  });

  test('[UI3] [UI5] in a minority the page says so in words, and readings stay marked as stored', async () => {
    const minority = await until(
      'the words',
      () => visitor.text('#minority'),
      (text) => text.startsWith('In a minority'),
    );
    const bed = visitor.page.locator('.sensor-rows .row', { hasText: 'bed1/temperature' });

    expect(minority).toContain('reaches 1 of 3 voters');
    expect(await visitor.text('#bar-quorum')).toContain('no');
    expect(await bed.textContent()).toContain('stored');
    await until(
      'what waits',
      () => visitor.text('#bar-pending'),
      (text) => Number(text) > 0,
    );
    await visitor.shot('minority');
    expect(visitor.complaints).toEqual([]);
    expect(visitor.strangers).toEqual([]);
  });

  /** Of every page in these colours at this width, with a picture of each; where few can differ, of some. */
  async function findingsIn(look: Look): Promise<readonly string[]> {
    const found: string[] = [];
    const guest = await Visitor.open(browser, node('ann').url('/'), origins, look);
    await guest.page.locator('.nav a').first().waitFor();
    const links = await guest.page
      .locator('.nav a')
      .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    const pages = links.map((link) => link?.replace('#/', '') ?? '');
    for (const page of look === 'dark' ? DARK_TOO : [...pages, 'node/bob', SENSOR]) {
      await guest.go(page);
      await guest.page.locator('.content .panel').first().waitFor();
      await guest.shot(`${page.replaceAll(/[^a-z0-9]+/gi, '-')}-${look}`);
      const over: readonly number[] = await guest.page.evaluate(
        '[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]',
      );
      if (over.some((px) => px !== 0))
        found.push(`${page} ${look}: ${over} px wider or higher than the window`);
      // The phone is in the dark, too.
      if (look === 'dark' || (look === 'phone' && !DARK_TOO.includes(page))) continue;
      found.push(...(await guest.seriousFindings()).map((finding) => `${page} ${look}: ${finding}`));
    }
    found.push(...guest.complaints, ...guest.strangers);
    await guest.close();
    return found;
  }
});

const SENSORS: { readonly [node: string]: { readonly [name: string]: string } } = {
  ann: {
    SENSORS: '2',
    SENSOR_0_TYPE: 'numeric',
    SENSOR_0_NAME: 'hall/temperature',
    SENSOR_0_MIN: '18',
    SENSOR_0_MAX: '24',
    SENSOR_0_PERIOD_MS: '500',
    SENSOR_0_UNIT: 'Cel',
    SENSOR_1_TYPE: 'climate',
    SENSOR_1_NAME: 'office/climate',
    SENSOR_1_PERIOD_MS: '1000',
  },
  bob: {
    SENSORS: '1',
    SENSOR_0_TYPE: 'trend',
    SENSOR_0_NAME: 'yard/co2',
    SENSOR_0_START: '400',
    SENSOR_0_PERIOD_MS: '700',
    SENSOR_0_UNIT: 'ppm',
  },
  cat: {
    SENSORS: '1',
    SENSOR_0_TYPE: 'noise',
    SENSOR_0_NAME: 'bed3/humidity',
    SENSOR_0_BASE: '50',
    SENSOR_0_NOISE: '8',
    SENSOR_0_PERIOD_MS: '600',
    SENSOR_0_UNIT: '%',
  },
};
