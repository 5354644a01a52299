// The pages of the order, of convergence, time, inputs, storage, drills, replay and the API, in a real Chromium against
// a real demo of twelve nodes: what is shown is what the API says, while people at the page cut nodes off, slow, pause,
// stop and kill them. The tests go on where the one before left the cluster.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventRow } from '../../src/api/event-row.ts';
import type { Refusals } from '../../src/api/input-routes.ts';
import type { Samples, SceneRow } from '../../src/api/sample-routes.ts';
import type { LogPage, Members } from '../../src/api/schema.ts';
import type { Storage } from '../../src/api/storage-routes.ts';
import { until } from '../e2e/until.ts';
import { hasChromium, openBrowser, Visitor } from './browser.ts';
import { Demo } from './demo.ts';
import { MatrixTable } from './matrix-table.ts';

vi.setConfig({ testTimeout: 240_000 });

const NODES = 12;
const START_MS = 240_000;
const REPORT_MS = 120_000;
/** The node that the page looks at, and three others. */
const CUT_OFF = 4;
/** Circles of the picture that are nearer to each other would touch. */
const APART_PX = 60;
/** A quarter of the first measurement counts, of answers that come 400 ms later. */
const LATE_MS = 90;
/** What was posted is markup, which must stand on the page as text. */
const BAD_PAYLOAD = '{"sensor": "", "value": "<img src=x onerror=alert(1)>"}';

describe.skipIf(!hasChromium())('in Chromium', () => {
  let demo: Demo;
  let browser: Browser;
  let visitor: Visitor;
  let killed = '';

  const nodeLine = (id: string) => visitor.page.locator(`li[data-node="${id}"]`);
  const press = (name: string) => visitor.page.getByRole('button', { name, exact: true }).click();
  const pressAt = (id: string, name: string) =>
    nodeLine(id).getByRole('button', { name, exact: true }).click();

  beforeAll(async () => {
    [demo, browser] = await Promise.all([Demo.start(NODES), openBrowser()]);
    visitor = await Visitor.open(browser, demo.link, demo.origins);
    visitor.expectsDeath = true;
  }, START_MS);

  afterAll(async () => {
    vi.resetConfig();
    await browser?.close();
    await demo?.stop();
  });

  test('[UI27] who opens the link of the demo can drill it, and the token is in the address no more', async () => {
    await nodeLine('node-9').waitFor();
    const lines = await visitor.page.locator('.drill-nodes li').allTextContents();
    const stranger = await Visitor.open(browser, demo.url('node-2'), demo.origins);
    await stranger.page.locator('.nav a').first().waitFor();
    const offered = await stranger.page.locator('.nav a').allTextContents();
    await stranger.go('drill');
    await stranger.page.locator('.empty', { hasText: 'without the link' }).waitFor();
    await stranger.close();

    expect(new URL(visitor.page.url()).hash).toBe('#/drill');
    expect(lines.map((line) => line.includes('running'))).toEqual(Array(NODES).fill(true));
    expect(offered).toContain('Log');
    expect(offered).not.toContain('Drill');
  });

  test('[UI3] [UI6] twelve nodes stand in the bar, in the table and apart from each other in the picture', async () => {
    await visitor.go('site');
    await until(
      'all of them',
      () => visitor.text('#bar-nodes'),
      (text) => text === `${NODES} of ${NODES}`,
    );
    const members = await demo.get<Members>('node-1', '/api/v1/members');
    const signs = visitor.page.locator('.node-sign');
    const rows = visitor.page.locator('.site-nodes tbody tr');

    expect(await rows.count()).toBe(NODES);
    expect((await rows.allTextContents()).filter((text) => text.includes('leader')).length).toBe(1);
    const names = await signs.locator('.node-name').allTextContents();
    expect(names.toSorted()).toEqual(members.map(({ id }) => id).toSorted());
    expect(await visitor.nearest('.node-sign .node-body')).toBeGreaterThan(APART_PX);
    await visitor.shot('twelve-site');
  });

  test('[UI21] the order is shown as the API has it, filtered, at any place, and one line at every node', async () => {
    const { watermark } = await until(
      'some lines',
      () => demo.viewOf('node-1'),
      (view) => view.watermark > 20,
    );
    await visitor.go(`log?at=${watermark - 5}`);
    const marked = visitor.page.locator('.log-sequence[data-marked="true"]');
    await marked.waitFor();
    const { readings } = await demo.get<LogPage>('node-2', `/api/v1/log?from=${watermark - 5}&limit=1`);
    const line = readings[0];
    const row = visitor.page.locator('.log-rows .row', { has: marked });
    const badge = visitor.page.locator('.log-everywhere .badge');
    await until(
      'what stands there at every node',
      () => badge.textContent(),
      (text) => text === `the same line at ${NODES} of ${NODES} nodes`,
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
    const [refusal] = await demo.get<Refusals>('node-1', '/api/v1/refusals');
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
      (rows) => rows.length === NODES && rows.every((row) => row.includes('sound')),
    );
    const { log } = await demo.get<Storage>('node-2', '/api/v1/storage');

    const disk = visitor.page.locator('.storage tbody tr', {
      has: visitor.page.locator('[href="#/node/node-2"]'),
    });
    const extent = (await disk.locator('td').nth(3).textContent()) ?? '';
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
    const document = await demo.get<{ paths: object }>('node-1', '/api/openapi.json');

    const { readings } = JSON.parse((await answer.textContent()) ?? '') as LogPage;
    expect(readings.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(await visitor.text('.copy-line code')).toMatch(/^curl 'http:.*\/api\/v1\/log\?from=1&limit=2'$/);
    expect(await visitor.page.locator('.api-group a').count()).toBe(Object.keys(document.paths).length);
  });

  test('[UI27] [UI22] [UI3] a part cut off from the page lights up in the matrix, and healed it empties', async () => {
    const { voters, learners } = await demo.viewOf('node-1');
    const unwatched = (ids: readonly string[]) => ids.filter((id) => id !== 'node-1');
    const chosen = new Set([
      'node-1',
      ...unwatched(learners).slice(0, CUT_OFF - 2),
      ...unwatched(voters).slice(1, 2),
    ]);
    // In the order of the page.
    const cutOff = [...demo.urls.keys()].filter((id) => chosen.has(id));
    const others = [...demo.urls.keys()].filter((id) => !chosen.has(id));
    const [other = ''] = others;
    await visitor.go('drill');
    for (const id of cutOff) await nodeLine(id).getByRole('checkbox').check();
    await press(`Cut off ${cutOff.join(', ')}`);
    for (const id of cutOff) await nodeLine(id).getByText('cut off').waitFor();
    await visitor.go('convergence');
    const matrix = new MatrixTable(visitor.page);

    // The page looks at a node that is cut off, which cannot know what it lacks.
    await until(
      'each side lacks what the other side says',
      () => Promise.all([matrix.litOf('node-1'), matrix.litOf(other)]),
      ([here, there]) => here.join() === others.join() && there.join() === cutOff.join(),
      90_000,
    );
    const reached = voters.filter((id) => chosen.has(id)).length;
    await until(
      'the words',
      () => visitor.text('#minority'),
      (text) => text.startsWith(`In a minority: node-1 reaches ${reached} of ${voters.length} voters`),
      60_000,
    );
    await visitor.shot('drill-convergence-cut');
    const shown = await matrix.lagOf('node-1', other);
    const lag = await demo.lagOf('node-1', other);
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThanOrEqual(lag);
    await until(
      'a sample of it',
      () => demo.get<Samples>('node-1', '/api/v1/samples'),
      ({ scenes }) => Object.values(scenes).some(isCut),
      60_000,
    );

    await visitor.go('drill');
    await press('Heal everything');
    await visitor.go('convergence');
    await until(
      'all equal again',
      () => visitor.text('.panel-note .badge'),
      (text) => text === 'all equal',
      90_000,
    );
    await visitor.page.locator('#minority').waitFor({ state: 'detached' });
  });

  test('[UI27] [CL31] who is slowed, paused and killed from the page is healed by it, and reported on', async () => {
    await visitor.go('drill');
    await press('Measure what I do');
    await visitor.page.getByRole('button', { name: 'End and count' }).waitFor({ timeout: REPORT_MS });
    await pressAt('node-2', 'Slow');
    await nodeLine('node-2').getByText('400 ms late').waitFor();
    await pressAt('node-3', 'Pause');
    await nodeLine('node-3').getByText('paused').waitFor();
    await until(
      'it is late with several others',
      () => demo.get<Members>('node-2', '/api/v1/members'),
      (members) => members.filter(({ round_trip_ms }) => (round_trip_ms ?? 0) >= LATE_MS).length >= 3,
      60_000,
    );
    await nodeLine('node-3')
      .getByText(/seen as (suspected|dead)/)
      .waitFor({ timeout: 60_000 });
    await pressAt('node-3', 'Resume');
    await nodeLine('node-3').getByText('running').waitFor();
    // Who was elected in the cut may lead for a while.
    const { leader } = await until(
      'a leader',
      () => demo.viewOf('node-1'),
      (view) => view.quorum && view.leader !== null,
    );
    killed = leader ?? '';
    await pressAt(killed, 'Kill');
    await nodeLine(killed).getByText('stopped').waitFor();
    await until(
      'another leader, in the site bar',
      () => visitor.text('#bar-leader'),
      (text) => /^node-\d+ ballot/.test(text) && !text.startsWith(`${killed} `),
      60_000,
    );
    await visitor.shot('drill-killed');
    await visitor.page.getByRole('button', { name: 'End and count' }).click({ timeout: REPORT_MS });
    const report = visitor.page.locator('.drill-reports li').first();
    await report.waitFor({ timeout: REPORT_MS });

    expect(await report.textContent()).toContain('nothing lost, all equal');
    expect(await report.textContent()).toMatch(/Leadernode-\d/);
    expect(await nodeLine(killed).textContent()).toContain('running');
    expect(await nodeLine('node-2').textContent()).not.toContain('late');
    const story = await visitor.text('.drill-story');
    for (const told of [
      `kill -9 ${killed}`,
      'SIGSTOP node-3',
      'SIGCONT node-3',
      'node-2 sends 400 ms late',
    ]) {
      expect(story).toContain(told);
    }
    expect(await visitor.seriousFindings()).toEqual([]);
    await visitor.shot('drill-report');
  });

  test('[UI23] the election stands in the timeline step by step, as several nodes tell it', async () => {
    await visitor.go('timeline');
    const stories = visitor.page.locator('.episode');
    const story = stories.filter({ hasText: `misses the leader ${killed}` }).first();
    await story.waitFor();
    const steps = await story.locator('.steps .badge').allTextContents();

    expect(steps).toContain('lost');
    expect(steps).toContain('ELECTION');
    expect(steps).toContain('PROMISE');
    expect(steps).toContain('COORDINATOR');
    expect(new Set(await story.locator('.step-node').allTextContents()).size).toBeGreaterThan(1);
    expect(await visitor.page.locator('.time-mark').count()).toBeGreaterThan(3);
    expect(await visitor.page.locator('.time-curve polyline').count()).toBeGreaterThan(1);
    await visitor.shot('drill-timeline');

    // At one node, the page says as many as the node.
    await visitor.go('timeline?of=one&span=60');
    await until(
      'all events of the asked node',
      async () => {
        const events = await demo.get<EventRow[]>('node-1', '/api/v1/events');
        return [await visitor.text('.panel-note'), `${events.length.toLocaleString('en')} events`];
      },
      ([shown, told]) => shown === told,
    );
  });

  test('[UI26] replay shows who was there, who led and what the sensors said, before and in the cut', async () => {
    const { samples, scenes } = await demo.get<Samples>('node-1', '/api/v1/samples');
    const early = samples.find(({ watermark, scene }) => watermark > 20 && scenes[scene]?.leader);
    const leader = scenes[early?.scene ?? 0]?.leader;
    const cut = samples.find(({ scene }) => scenes[scene] !== undefined && isCut(scenes[scene]));
    await visitor.go('replay');
    const slider = visitor.page.locator('.replay-slider input');
    await slider.waitFor();
    const lookBackTo = async (tsMs = 0) => {
      const least = Number(await slider.getAttribute('min'));
      await slider.fill(String(least + 500 * Math.ceil((tsMs - least) / 500)));
    };
    await lookBackTo(cut?.ts_ms);
    await visitor.page.locator('.replay-below .badge', { hasText: 'no quorum' }).waitFor();
    const drawn = await visitor.page
      .locator('.replay-below .scene-node')
      .evaluateAll((nodes) =>
        nodes.map((node) => [node.querySelector('text')?.textContent, node.getAttribute('data-status')]),
      );
    const then = scenes[cut?.scene ?? 0];
    expect(drawn.toSorted()).toEqual(then?.members.map(({ id, status }) => [id, status]).toSorted());
    await visitor.shot('drill-replay-cut');

    await lookBackTo(early?.ts_ms);
    const facts = visitor.page.locator('.replay-below .facts');
    await until(
      'the leader of that time',
      () => facts.textContent(),
      (text) => text?.includes(`Leader${leader}Ballot`) ?? false,
    );
    const watermark = numberOf(/Watermark([\d,]+)Pending/.exec((await facts.textContent()) ?? '')?.[1]);
    const { readings } = await demo.get<LogPage>('node-2', `/api/v1/log?from=1&limit=${watermark}`);
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
    await pressAt('node-2', 'Stop');
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
    await pressAt('node-2', 'Start');
    await nodeLine('node-2').getByText('running').waitFor({ timeout: REPORT_MS });

    expect(visitor.complaints).toEqual([]);
    expect(visitor.strangers).toEqual([]);
  });
});

/** Whether all of the other side are missed there, and the order stands still. */
function isCut({ quorum, members }: SceneRow): boolean {
  const missed = members.filter(({ status }) => status !== 'alive').length;
  return !quorum && missed === NODES - CUT_OFF;
}

/** 1,234 */
function numberOf(text: string | undefined): number {
  return Number((text ?? '').replaceAll(',', ''));
}
