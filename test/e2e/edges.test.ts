// The read-only listener of running nodes, as browsers, scrapers and the earlier system's dashboard use it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const site = new Site();
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
});
afterAll(() => site.stop());

test('[AP15] a running node serves its page and all that the page loads', async () => {
  for (const path of ['/', '/ui', '/dashboard']) {
    const page = await fetch(ann.url(path));
    const html = await page.text();
    const assets = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '');

    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(assets.length).toBeGreaterThan(1);
    for (const asset of assets) expect((await fetch(ann.url(asset))).status, asset).toBe(200);
  }
});

test('[AP17][AP18] a running node is ready, and its metrics count what went through it', async () => {
  await ann.write([
    { sensor: 'metrics/a', value: 1 },
    { sensor: 'metrics/b', value: 2 },
  ]);
  await ann.post([{ sensor: '', value: 1 }]);

  const ready = await fetch(ann.url('/readyz'));
  const metrics = await (await fetch(ann.url('/metrics'))).text();

  expect(ready.status).toBe(200);
  expect(metrics).toMatch(/^sensorium_http_ingest_readings_accepted_total [2-9]/m);
  expect(metrics).toMatch(/^sensorium_http_refused_\w+_total [1-9]/m);
  expect(metrics).toMatch(/^sensorium_members\{status="alive"\} 2$/m);
  expect(metrics).toMatch(/^sensorium_sensors [2-9]/m);
});

test('[AP7][AP8] the earlier dashboard gets from /api/updates what changed since it last asked', async () => {
  type Updates = { readonly [node: string]: { readonly [id: string]: { readonly sync_source: string } } };
  await ann.write({ sensor: 'updates/first', value: 1 });
  await until(
    'bob has it',
    () => bob.state(),
    (state) => 'ann:updates/first' in state,
  );
  const first = await bob.get<Updates>('/api/updates');
  const nothing = await bob.get<Updates>('/api/updates');

  await bob.write({ sensor: 'updates/second', value: 2 });
  const second = await bob.get<Updates>('/api/updates');

  expect(first.bob?.['ann:updates/first']?.sync_source).toMatch(/^(push|pull|full_sync)$/);
  expect(nothing.bob).toEqual({});
  expect(second.bob).toMatchObject({ 'bob:updates/second': { sync_source: 'local_sensor' } });
  expect(Object.keys(second.bob ?? {})).toHaveLength(1);
});

test('[AP11] the live stream tells of every reading and fact, and goes on where a client left it', async () => {
  const stream = await open(bob);
  await stream.next('hello');
  await ann.write({ sensor: 'live/a', value: 1 });
  const first = await stream.next('reading', 'live/a');
  stream.close();
  await ann.write({ sensor: 'live/b', value: 2 });
  await until(
    'bob has it',
    () => bob.state(),
    (state) => 'ann:live/b' in state,
  );

  const resumed = await open(bob, first.id);
  const second = await resumed.next('reading', 'live/b');
  const cat = await site.start('cat', ['ann', 'bob']);
  const joined = await resumed.next('fact', 'cat');
  resumed.close();
  await cat.kill('SIGTERM');

  expect(JSON.parse(first.data)).toMatchObject({ sensor: 'live/a', origin: 'ann', value: 1 });
  expect(JSON.parse(second.data)).toMatchObject({ sensor: 'live/b', value: 2 });
  expect(joined.data).toContain('cat');
});

interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** A live stream whose events are read one after the other. */
async function open(node: SiteNode, lastEventId?: string) {
  const aborting = new AbortController();
  const response = await fetch(node.url('/api/v1/live'), {
    signal: aborting.signal,
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
  if (response.body === null) throw new Error('the stream has no body');
  const chunks = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = '';

  async function nextEvent(): Promise<ServerEvent> {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
        return { event: field('event'), id: field('id'), data: field('data') };
      }
      const chunk = await chunks.next();
      if (chunk.done) throw new Error('the stream ended');
      text += chunk.value;
    }
  }

  return {
    /** The next event of that type that mentions `word`. */
    async next(type: string, word = ''): Promise<ServerEvent> {
      for (;;) {
        const event = await nextEvent();
        if (event.event === type && event.data.includes(word)) return event;
      }
    },
    close: () => aborting.abort(),
  };
}
