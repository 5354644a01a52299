import { expect, onTestFinished, test } from 'vitest';
import { apiOn, bob, cat, LiveClient, memberOf } from './testing.ts';

test('[AP20] when its node dies, the page says so and goes on with another one it knows of', async () => {
  const first = await apiOn();
  const second = await apiOn({ self: bob });
  first.hub.others = [
    memberOf(cat, { status: 'dead', address: { host: '127.0.0.1', port: 9_000 }, apiPort: 1 }),
    memberOf(bob, { address: { host: '127.0.0.1', port: 9_000 }, apiPort: second.api.port }),
  ];
  await second.say('bed1/temperature', 21.5);
  const page = await pageOn(first.base);
  await page.until('members');

  await first.api.stop();
  await page.until('live from bob');
  await second.say('bed1/temperature', 22);
  await page.until('bed1/temperature 22');

  const story = [
    'live from ann',
    'waiting ann',
    'searching ann',
    'live from bob',
    'all 1',
    'bed1/temperature 22',
  ];
  expect(page.told.filter((line) => story.includes(line))).toEqual(story);
});

test('[AP20] when no node answers, the page says so, and goes on as soon as one does', async () => {
  const first = await apiOn();
  const page = await pageOn(first.base);
  await page.until('members');
  const { port } = first.api;

  await first.api.stop();
  await page.until('alone ann');
  const again = await apiOn({ port });
  await page.until('all 0', 2);

  expect(page.told.filter((line) => line === 'live from ann').length).toBe(2);
  expect(again.hub.self).toBe('ann');
});

test('[AP20] a stream that is only interrupted is resumed where it was', async () => {
  const first = await apiOn();
  const page = await pageOn(first.base);
  await page.until('all 0');

  sources.at(-1)?.interrupt();
  await page.until('live from ann', 2);
  await first.say('a', 1);
  await page.until('a 1');

  expect(page.told.filter((line) => line.startsWith('all'))).toEqual(['all 0']);
});

const FAST = { patienceMs: 250, probeMs: 3_000, againMs: 100, membersMs: 30 };

/** The page's own link to a node, in place of a browser. */
async function pageOn(base: string) {
  const told: string[] = [];
  function tell(line: string): void {
    told.push(line);
  }
  const globals = {
    EventSource: StreamSource,
    document: { hidden: false },
    location: { hostname: '127.0.0.1' },
  };
  Object.assign(globalThis, globals);
  onTestFinished(() => {
    for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
  });
  const { Link } = await import(new URL('../../web/link.js', import.meta.url).href);
  const link = new Link(
    {
      hello: () => {},
      all: (rows: unknown[]) => tell(`all ${rows.length}`),
      reading: (row: { sensor: string; value: number }) => tell(`${row.sensor} ${row.value}`),
      forgotten: () => {},
      fact: () => {},
      members: () => tell('members'),
      state: (name: string, { node }: { node: string }) =>
        tell(name === 'live' ? `live from ${node}` : `${name} ${node}`),
    },
    FAST,
  );
  onTestFinished(() => link.stop());
  link.start(base);

  async function until(line: string, times = 1): Promise<void> {
    await expect
      .poll(() => told.filter((said) => said === line).length, { timeout: 10_000, interval: 10 })
      .toBeGreaterThanOrEqual(times);
  }
  return { told, until };
}

const sources: StreamSource[] = [];

/** EventSource (WHATWG HTML §9.2), as far as the page uses it. Node 20 has none. */
class StreamSource {
  static readonly CLOSED = 2;
  readonly #url: string;
  readonly #listeners = new Map<string, (event: { data: string }) => void>();
  #client: LiveClient | null = null;
  #lastEventId = '';
  readyState = 0;
  onerror: () => void = () => {};

  constructor(url: string) {
    this.#url = url;
    sources.push(this);
    void this.#run();
  }

  addEventListener(event: string, listener: (event: { data: string }) => void): void {
    this.#listeners.set(event, listener);
  }

  interrupt(): void {
    this.#client?.close();
  }

  close(): void {
    this.readyState = StreamSource.CLOSED;
    this.#client?.close();
  }

  async #run(): Promise<void> {
    while (this.readyState !== StreamSource.CLOSED) {
      try {
        const client = await LiveClient.open(this.#url, this.#lastEventId);
        this.#client = client;
        for (let seen = 0; !client.ended; ) {
          await client.until(() => client.ended || client.events.length > seen);
          for (const { event, data } of client.events.slice(seen)) {
            this.#listeners.get(event)?.({ data: JSON.stringify(data) });
          }
          seen = client.events.length;
        }
        this.#lastEventId = client.lastId;
      } catch {
        // Refused: the same as an end.
      }
      if (this.readyState !== StreamSource.CLOSED) this.onerror();
      await new Promise((again) => setTimeout(again, 50));
    }
  }
}
