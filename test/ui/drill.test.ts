// The pages of the order, of convergence, time, inputs, storage, drills, replay and the API, in a real Chromium against
// a real demo: what is shown is what the API says, while people at the page cut nodes off and kill them. The tests go on
// where the one before left the cluster.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ended, type Ran } from '../e2e/run.ts';
import { program } from '../e2e/site.ts';
import { until } from '../e2e/until.ts';
import { hasChromium, openBrowser, Visitor } from './browser.ts';

vi.setConfig({ testTimeout: 180_000 });

const STARTS_MS = 90_000;
const REPORT_MS = 90_000;
/** What was posted is markup, which must stand on the page as text. */
const BAD_PAYLOAD = '{"sensor": "", "value": "<img src=x onerror=alert(1)>"}';

interface View {
  readonly leader: string | null;
  readonly quorum: boolean;
  readonly watermark: number;
}

interface LogRow {
  readonly sequence: number;
  readonly sensor: string;
  readonly origin: string;
  readonly identity: string;
}

interface Demo {
  readonly urls: ReadonlyMap<string, string>;
  readonly ingestPorts: ReadonlyMap<string, string>;
  /** To the page that can hurt it. */
  readonly link: string;
}

describe.skipIf(!hasChromium())('in Chromium', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'sensorium-ui-'));
  let process: ReturnType<typeof program>;
  let end: Promise<Ran>;
  let demo: Demo;
  let browser: Browser;
  let visitor: Visitor;
  let origins: string[];

  const get = async <T>(id: string, path: string): Promise<T> => {
    const response = await fetch(`${demo.urls.get(id)}${path}`, { signal: AbortSignal.timeout(10_000) });
    return (await response.json()) as T;
  };
  const viewOf = (id: string) => get<View>(id, '/api/v1/view');
  const nodeLine = (id: string) => visitor.page.locator(`li[data-node="${id}"]`);
  const press = (name: string) => visitor.page.getByRole('button', { name, exact: true }).click();

  beforeAll(async () => {
    process = program(['demo'], { TMPDIR: temporary });
    let out = '';
    process.stdout?.on('data', (text: Buffer) => {
      out += text.toString();
    });
    end = ended(process);
    browser = await openBrowser();
    demo = await until(
      'the demo tells where its page is',
      () => demoOf(out),
      ({ link, urls }) => link !== '' && urls.size === 3,
      STARTS_MS,
    );
    await until(
      'a leader',
      () => viewOf('node-1'),
      ({ leader, quorum }) => leader === 'node-3' && quorum,
      STARTS_MS,
    );
    const ports = [...demo.urls.values()].map((url) => new URL(url).port);
    origins = ports.flatMap((port) => [`http://127.0.0.1:${port}`, `http://localhost:${port}`]);
    const [, door] = /#drill=(\d+)\./.exec(demo.link) ?? [];
    visitor = await Visitor.open(browser, demo.link, [...origins, `http://127.0.0.1:${door}`]);
    visitor.expectsDeath = true;
  }, 2 * STARTS_MS);

  afterAll(async () => {
    vi.resetConfig();
    await browser?.close();
    process?.kill('SIGTERM');
    await end;
    rmSync(temporary, { recursive: true, force: true });
  });

  test('[UI27] who opens the link of the demo can drill it, and the token is in the address no more', async () => {
    await nodeLine('node-3').waitFor();
    const lines = await visitor.page.locator('.drill-nodes li').allTextContents();
    const stranger = await Visitor.open(browser, demo.urls.get('node-2') ?? '', origins);
    await stranger.page.locator('.nav a').first().waitFor();
    const offered = await stranger.page.locator('.nav a').allTextContents();
    await stranger.go('drill');
    await stranger.page.locator('.empty', { hasText: 'without the link' }).waitFor();
    await stranger.close();

    expect(new URL(visitor.page.url()).hash).toBe('#/drill');
    expect(lines.map((line) => line.includes('running'))).toEqual([true, true, true]);
    expect(offered).toContain('Log');
    expect(offered).not.toContain('Drill');
  });

  test('[UI21] the order is shown as the API has it, filtered, at any place, and one line at every node', async () => {
    const { watermark } = await until(
      'some lines',
      () => viewOf('node-1'),
      (view) => view.watermark > 20,
    );
    await visitor.go(`log?at=${watermark - 5}`);
    const marked = visitor.page.locator('.log-sequence[data-marked="true"]');
    await marked.waitFor();
    const { readings } = await get<{ readings: LogRow[] }>(
      'node-2',
      `/api/v1/log?from=${watermark - 5}&limit=1`,
    );
    const line = readings[0];
    const row = visitor.page.locator('.log-rows .row', { has: marked });
    const badge = visitor.page.locator('.log-everywhere .badge');
    await until(
      'what stands there at every node',
      () => badge.textContent(),
      (text) => text === 'the same line at 3 of 3 nodes',
    );

    expect(await row.textContent()).toContain(`${watermark - 5}${line?.sensor}`);
    const everywhere = await visitor.page.locator('.log-everywhere code').allTextContents();
    expect(new Set(everywhere).size).toBe(1);
    expect(everywhere[0]).toContain(`${line?.origin} ${line?.identity}`);

    await visitor.go('log?q=node-2');
    const shown = visitor.page.locator('.log-rows .rows-space .row');
    await shown.first().waitFor();
    const origin = await shown.evaluateAll((rows) => rows.map((one) => one.children[3]?.textContent));
    expect(new Set(origin)).toEqual(new Set(['node-2']));
    await visitor.shot('drill-log');
  });

  test('[UI24] what an input refused is shown with why, and its payload as text', async () => {
    const port = demo.ingestPorts.get('node-1');
    await fetch(`http://127.0.0.1:${port}/ingest`, { method: 'POST', body: BAD_PAYLOAD });
    const [refusal] = await get<{ count: number; last_payload: string }[]>('node-1', '/api/v1/refusals');
    await visitor.go('inputs');

    const payload = visitor.page.locator('.payload pre');
    await payload.waitFor();
    expect(await payload.textContent()).toBe(refusal?.last_payload);
    expect(refusal?.last_payload).toContain('<img');
    expect(await visitor.page.locator('.content img').count()).toBe(0);
    const all = visitor.page.locator('tr', { hasText: 'All of this node' });
    await until(
      'a rate',
      () => all.textContent(),
      (text) => /All of this node\d+\.\d/.test(text ?? ''),
    );
    expect(await visitor.page.locator('tr', { hasText: 'CSV files' }).textContent()).toContain('writing');
  });

  test('[UI25] disk, log and clock of every node are shown', async () => {
    await visitor.go('storage');
    const disks = visitor.page.locator('.storage tbody tr');
    await until(
      'all nodes',
      () => disks.allTextContents(),
      (rows) => rows.length === 3 && rows.every((row) => row.includes('sound')),
    );
    const { log } = await get<{ log: { first_sequence: number; watermark: number } }>(
      'node-2',
      '/api/v1/storage',
    );

    const extent = (await disks.nth(1).locator('td').nth(3).textContent()) ?? '';
    const [first, last] = extent.split(' – ');
    expect(Number(first)).toBe(log.first_sequence);
    expect(numberOf(last)).toBeGreaterThan(0);
    expect(numberOf(last)).toBeLessThanOrEqual(log.watermark);
    const clocks = visitor.page.getByRole('region', { name: 'Clocks' }).last();
    expect(await clocks.textContent()).toContain('node-2');
  });

  test('[UI28] a path is tried from the document, and answers what the node answers', async () => {
    await visitor.go(`api/${encodeURIComponent('/api/v1/log')}`);
    await visitor.page.locator('#parameter-from').fill('1');
    await visitor.page.locator('#parameter-limit').fill('2');
    await press('Ask');
    const answer = visitor.page.locator('.api-answer pre');
    await answer.waitFor();
    const document = await get<{ paths: object }>('node-1', '/api/openapi.json');

    const { readings } = JSON.parse((await answer.textContent()) ?? '') as { readings: LogRow[] };
    expect(readings.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(await visitor.text('.copy-line code')).toMatch(/^curl 'http:.*\/api\/v1\/log\?from=1&limit=2'$/);
    expect(await visitor.page.locator('.api-group a').count()).toBe(Object.keys(document.paths).length);
  });

  test('[UI27] [UI22] a node cut off from the page lights up in the matrix, and healed it empties', async () => {
    await visitor.go('drill');
    await nodeLine('node-1').getByRole('checkbox').check();
    await press('Cut off node-1');
    await nodeLine('node-1').getByText('cut off').waitFor();
    await visitor.go('convergence');
    const row = visitor.page.locator('.matrix tbody tr', { hasText: 'node-1' });

    // The page looks at the node that is cut off, which cannot know what it lacks.
    await until(
      'the cells of the others',
      () => row.locator('td[data-heat="1"], td[data-heat="2"], td[data-heat="3"]').count(),
      (lit) => lit >= 3,
      60_000,
    );
    await until(
      'the words',
      () => visitor.text('#minority'),
      (text) => text.startsWith('In a minority'),
    );
    await visitor.shot('drill-convergence-cut');
    const shown = Number(await row.locator('td').nth(1).getAttribute('data-lag'));
    const lag = await lagOf('node-1', 'node-2');
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThanOrEqual(lag);

    await visitor.go('drill');
    await press('Heal everything');
    await visitor.go('convergence');
    await until(
      'all equal again',
      () => visitor.text('.panel-note .badge'),
      (text) => text === 'all equal',
      60_000,
    );
    await until(
      'a quorum',
      () => viewOf('node-1'),
      ({ quorum }) => quorum,
    );
  });

  test('[UI27] [CL31] a leader killed from the page is watched, started again, and reported on', async () => {
    await visitor.go('drill');
    await until(
      'the highest leads again',
      () => viewOf('node-1'),
      ({ leader, quorum }) => leader === 'node-3' && quorum,
      REPORT_MS,
    );
    await press('Measure what I do');
    await visitor.page.getByRole('button', { name: 'End and count' }).waitFor({ timeout: REPORT_MS });
    await nodeLine('node-3').getByRole('button', { name: 'Kill' }).click();
    await nodeLine('node-3').getByText('stopped').waitFor();
    await until(
      'another leader, in the site bar',
      () => visitor.text('#bar-leader'),
      (text) => /^node-[12] ballot/.test(text),
    );
    await visitor.shot('drill-killed');
    await visitor.page.getByRole('button', { name: 'End and count' }).click({ timeout: REPORT_MS });
    const report = visitor.page.locator('.drill-reports li').first();
    await report.waitFor({ timeout: REPORT_MS });

    expect(await report.textContent()).toContain('nothing lost, all equal');
    expect(await report.textContent()).toMatch(/Leadernode-3 → node-|Leadernode-3/);
    expect(await nodeLine('node-3').textContent()).toContain('running');
    expect(await visitor.seriousFindings()).toEqual([]);
    await visitor.shot('drill-report');
  });

  test('[UI23] the election stands in the timeline step by step, as several nodes tell it', async () => {
    await visitor.go('timeline');
    const stories = visitor.page.locator('.episode');
    const killed = stories.filter({ hasText: 'misses the leader node-3' }).first();
    await killed.waitFor();
    const steps = await killed.locator('.steps .badge').allTextContents();

    expect(steps).toContain('lost');
    expect(steps).toContain('ELECTION');
    expect(steps).toContain('PROMISE');
    expect(steps).toContain('COORDINATOR');
    expect(new Set(await killed.locator('.step-node').allTextContents()).size).toBeGreaterThan(1);
    expect(await visitor.page.locator('.time-mark').count()).toBeGreaterThan(3);
    expect(await visitor.page.locator('.time-curve polyline').count()).toBeGreaterThan(1);
    await visitor.shot('drill-timeline');
  });

  test('[UI26] replay shows who led and what the sensors said before the leader was killed', async () => {
    const { samples, scenes } = await get<{
      samples: { ts_ms: number; watermark: number; scene: number }[];
      scenes: { readonly [id: string]: { readonly leader: string | null } };
    }>('node-1', '/api/v1/samples');
    // The highest may have come last, and have been given the lead a moment later.
    const early = samples.find(
      ({ watermark, scene }) => watermark > 20 && scenes[scene]?.leader === 'node-3',
    );
    await visitor.go('replay');
    const slider = visitor.page.locator('.replay-slider input');
    await slider.waitFor();
    await slider.fill(
      String(
        Number(early?.ts_ms) -
          ((Number(early?.ts_ms) - Number(await slider.getAttribute('min'))) % 500) +
          500,
      ),
    );

    const facts = visitor.page.locator('.replay-below .facts');
    await until(
      'the leader of that time',
      () => facts.textContent(),
      (text) => text?.includes('Leadernode-3') ?? false,
    );
    const watermark = numberOf(/Watermark([\d,]+)Pending/.exec((await facts.textContent()) ?? '')?.[1]);
    const { readings } = await get<{ readings: LogRow[] }>('node-2', `/api/v1/log?from=1&limit=${watermark}`);
    const last = new Map(readings.map((reading) => [reading.sensor, reading.sequence]));
    const note = visitor.page.locator('.panel', { hasText: 'Values then' }).locator('.panel-note');
    await until(
      'the values as the order ended then',
      () => note.textContent(),
      (text) => text?.includes(`as the order ended with ${watermark.toLocaleString('en')}`) ?? false,
    );
    const rows = visitor.page.getByRole('region', { name: 'Values then' }).last().locator('tbody tr');
    const shown = await rows.evaluateAll((all) =>
      all.map((one) => [one.children[0]?.textContent, one.children[4]?.textContent]),
    );
    const sensors = [...last].filter(([sensor]) => !sensor.startsWith('$'));
    expect(new Map(shown.map(([sensor, sequence]) => [sensor, numberOf(sequence ?? '')]))).toEqual(
      new Map(sensors),
    );
    await visitor.shot('drill-replay');
  });

  test('[UI20] [UI1] a node that falls silent keeps its last word, and nobody else was asked for anything', async () => {
    await visitor.go('drill');
    await nodeLine('node-2').getByRole('button', { name: 'Kill' }).click();
    await nodeLine('node-2').getByText('stopped').waitFor();
    await visitor.go('convergence');
    await visitor.go('storage');
    const silent = visitor.page.locator('.storage tbody tr', { hasText: 'node-2' });
    await until(
      'it is marked',
      () => silent.textContent(),
      (text) => text?.includes('does not answer') ?? false,
    );
    await visitor.go('drill');
    await press('Heal everything');
    await nodeLine('node-2').getByText('running').waitFor({ timeout: REPORT_MS });

    expect(visitor.complaints).toEqual([]);
    expect(visitor.strangers).toEqual([]);
  });

  /** How many changes of the origin there are that the node does not have. */
  async function lagOf(id: string, origin: string): Promise<number> {
    const upto = async (at: string) => {
      const { streams } = await get<{ streams: { origin: string; upto: number }[] }>(
        at,
        '/api/v1/convergence',
      );
      return streams.find((stream) => stream.origin === origin)?.upto ?? 0;
    };
    return (await upto(origin)) - (await upto(id));
  }
});

function demoOf(out: string): Demo {
  const urls = new Map<string, string>();
  const ingestPorts = new Map<string, string>();
  let link = '';
  for (const line of out.split('\n')) {
    const [, node, url] = /^(\S+) (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
    if (node && url) urls.set(node, url);
    const [, ready, port] = /^(\S+) {2}ready .*\bingest_port=(\d+)/.exec(line) ?? [];
    if (ready && port) ingestPorts.set(ready, port);
    link = /^break it and watch: (\S+)$/.exec(line)?.[1] ?? link;
  }
  return { urls, ingestPorts, link };
}

/** 1,234 */
function numberOf(text: string | undefined): number {
  return Number((text ?? '').replaceAll(',', ''));
}
