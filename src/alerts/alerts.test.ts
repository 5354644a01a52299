import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import { recordingLog } from '../kit/testing.ts';
import { type Alert, alertKey } from '../model/alert.ts';
import type { Fact } from '../model/fact.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Value } from '../model/reading.ts';
import { Alerts, type Overdue } from './alerts.ts';

const OVEN = 'hall/oven' as SensorId;
const HOT = { name: 'too-hot', match: 'hall/#', above: 80, clear_below: 75 };

let directory: string;
let hub: MemoryHub;
let alerts: Alerts;
let nowMs: number;
let overdue: Overdue[];
let facts: Fact[];
let hook: Hook;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sensorium-alerts-'));
  nowMs = 1_700_000_000_000;
  overdue = [];
  facts = [];
  hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => nowMs, changesKept: 16 });
  hook = await Hook.listen();
});

afterEach(async () => {
  await alerts.stop();
  await hook.close();
  rmSync(directory, { recursive: true });
});

test('[AL4] an alert is raised and cleared in turns, and each change is a fact', async () => {
  await leading({ rules: [HOT] });

  await say(81);
  await say(76);
  pass(1_000);
  const still = states();
  await say(70);
  pass(1_000);
  await settled();
  await say(90);

  expect(still).toEqual(['too-hot 1 raised']);
  expect(states()).toEqual(['too-hot 2 raised']);
  await factsCome(3);
  expect(facts).toMatchObject([
    { type: 'alert', alert: { turn: 1, state: 'raised', text: 'hall/oven is 81, above 80', value: 81 } },
    { type: 'alert', alert: { turn: 1, state: 'cleared' } },
    { type: 'alert', alert: { turn: 2, state: 'raised' } },
  ]);
});

test('[AL2] a sensor that falls silent is told of with no rule written, until it speaks again', async () => {
  await leading({});
  await say(20);

  overdue = [{ sensor: OVEN, lastSeenMs: nowMs - 35_000, cadenceMs: 10_000 }];
  pass(1_000);
  const silent = alerts.all();
  overdue = [];
  pass(1_000);
  const unheard = states();
  await say(20);
  pass(1_000);

  expect(silent[0]).toMatchObject({
    rule: 'silent',
    text: 'hall/oven has been silent for 36 s; it speaks every 10 s',
  });
  expect([unheard, states()]).toEqual([['silent 1 raised'], ['silent 1 cleared']]);
});

test('[AL2] silence is counted from when this node began to listen, and anew after it stood still itself', async () => {
  const asked: number[][] = [];
  const startedMs = nowMs;
  await leading(
    {},
    {
      overdue: (...times) => {
        asked.push(times);
        return [];
      },
    },
  );

  pass(1_000);
  pass(60_000);
  pass(1_000);

  const since = asked.map(([, sinceMs]) => sinceMs);
  expect([since[0], since.at(-1)]).toEqual([startedMs, nowMs - 1_000]);
});

test('[AL5] a node that does not lead raises nothing, and one that comes to lead raises what it has seen', async () => {
  hub.history.quorum = false;
  await started({ rules: [HOT] });
  await say(81);
  pass(10_000);
  const before = states();

  hub.history.quorum = true;
  pass(100);
  pass(3_000);

  expect([before, states()]).toEqual([[], ['too-hot 1 raised']]);
});

test('[AL5] what an earlier leader raised goes on under the next, and is cleared by it', async () => {
  await leading({ rules: [HOT] });
  await say(81);
  await alerts.stop();

  await leading({ rules: [HOT] });
  const known = states();
  await say(78);
  pass(2_000);
  const between = states();
  await say(60);
  pass(2_000);

  expect([known, between, states()]).toEqual([
    ['too-hot 1 raised'],
    ['too-hot 1 raised'],
    ['too-hot 1 cleared'],
  ]);
});

test('[AL5] an alert whose rule is gone, or whose sensor is forgotten, is cleared', async () => {
  await leading({ rules: [HOT, { ...HOT, name: 'warm', above: 50, clear_below: 40 }] });
  await say(81);
  await alerts.stop();

  await leading({ rules: [HOT] });
  pass(1_000);
  const ruleGone = states();
  await hub.forget([OVEN]);
  pass(1_000);

  expect(ruleGone.sort()).toEqual(['too-hot 1 raised', 'warm 1 cleared']);
  expect(states().sort()).toEqual(['too-hot 1 cleared', 'warm 1 cleared']);
});

test('[AL6] [AL7] a webhook is told each change once, with its key, and that it took it is written down', async () => {
  await leading({
    rules: [HOT],
    webhooks: [{ name: 'ops', url: hook.url, headers: { 'X-Token': 'secret' } }],
  });

  await say(81);
  pass(250);
  await hook.untilTold(1);
  await toldTo('ops');
  pass(250);
  await alerts.stop();
  await leading({ rules: [HOT], webhooks: [{ name: 'ops', url: hook.url }] });
  await say(60);
  pass(1_000);
  pass(250);
  await hook.untilTold(2);

  expect(hook.told.map(({ key }) => key)).toEqual([
    'too-hot:1:raised:hall/oven',
    'too-hot:1:cleared:hall/oven',
  ]);
  expect(hook.told[0]?.headers['x-token']).toBe('secret');
  expect(hook.told[0]?.body).toMatchObject({
    ...{ site: 'hall', node: 'ann', rule: 'too-hot', sensor: 'hall/oven', state: 'raised', value: 81 },
    ...{ severity: 'warning', turn: 1 },
  });
});

test('[AL6] who did not take it is told again, and who took it without a note of it, under the same key', async () => {
  await leading({ rules: [HOT], webhooks: [{ name: 'ops', url: hook.url }] });
  hook.status = 503;

  await say(81);
  pass(250);
  await hook.untilTold(1);
  await counted('alerts_tell_failures_total', 1);
  hook.status = 200;
  pass(250);
  const tooSoon = hook.told.length;
  pass(1_000);
  await hook.untilTold(2);

  expect(tooSoon).toBe(1);
  expect(new Set(hook.told.map(({ key }) => key))).toEqual(new Set(['too-hot:1:raised:hall/oven']));
});

test('[AL6] nobody is told of what has no place in the common order yet', async () => {
  await leading({ rules: [HOT], webhooks: [{ name: 'ops', url: hook.url }] });
  hub.history.hold = true;
  await say(81);
  pass(1_000);
  const before = [states(), hook.told.length];

  hub.history.hold = false;
  pass(250);
  await hook.untilTold(1);

  expect(before).toEqual([['too-hot 1 raised'], 0]);
});

test('[AL7] a webhook that wants the grave ones alone is not told the others', async () => {
  await leading({
    rules: [HOT, { ...HOT, name: 'burning', above: 90, severity: 'critical' }],
    webhooks: [{ name: 'ops', url: hook.url, at_least: 'critical' }],
  });

  await say(95);
  pass(250);
  await hook.untilTold(1);
  await toldTo('ops');

  expect(hook.told.map(({ key }) => key)).toEqual(['burning:1:raised:hall/oven']);
});

test('[AL4] there are as many alerts as there is room for, and the others are counted', async () => {
  await leading({ rules: [HOT] });
  const readings = Array.from({ length: LIMITS.alertsMax + 5 }, (_, at) => ({
    sensor: `hall/${at}` as SensorId,
    value: 99,
  }));

  for (let at = 0; at < readings.length; at += 5_000) {
    await hub.submit(readings.slice(at, at + 5_000), 'stored');
  }

  expect(alerts.all()).toHaveLength(LIMITS.alertsMax);
  expect(alerts.counters().alerts_suppressed_total).toBe(5);
});

async function leading(config: object, given: { overdue?: (now: number, since: number) => Overdue[] } = {}) {
  await started(config, given);
  pass(100);
  pass(3_000);
}

async function started(config: object, given: { overdue?: (now: number, since: number) => Overdue[] } = {}) {
  const path = join(directory, 'alerts.json');
  writeFileSync(path, JSON.stringify(config));
  alerts = await Alerts.start(hub, recordingLog(), {
    path,
    site: 'hall',
    overdue: given.overdue ?? (() => overdue),
    nowMs: () => nowMs,
    announce: (fact) => facts.push(fact),
  });
}

/** Resolves when what was made of it is written. */
async function say(value: Value): Promise<void> {
  nowMs += 1;
  await hub.submit([{ sensor: OVEN, value }], 'stored');
  await settled();
}

async function settled(): Promise<void> {
  await new Promise((resume) => setImmediate(resume));
  await new Promise((resume) => setImmediate(resume));
}

function pass(ms: number): void {
  nowMs += ms;
  alerts.wake(nowMs);
}

function states(): string[] {
  return alerts.all().map(({ rule, turn, state }) => `${rule} ${turn} ${state}`);
}

async function toldTo(target: string): Promise<void> {
  await condition(() => alerts.all().some((alert) => isTold(alert, target)));
}

function isTold(alert: Alert, target: string): boolean {
  return alert.told[target] === alertKey(alert);
}

async function factsCome(count: number): Promise<void> {
  await condition(() => facts.length >= count);
}

async function counted(name: string, count: number): Promise<void> {
  await condition(() => alerts.counters()[name] === count);
}

/** Turns of the event loop until it holds. */
async function condition(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`it never held: ${holds}`);
    await new Promise((resume) => setImmediate(resume));
  }
}

interface Told {
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** A webhook's server. */
class Hook {
  readonly told: Told[] = [];
  status = 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => {
        const { headers } = request;
        this.told.push({ key: String(headers['idempotency-key']), headers, body: JSON.parse(text) });
        response.writeHead(this.status).end();
      });
    });
  }

  static async listen(): Promise<Hook> {
    const hook = new Hook();
    await new Promise<void>((listening) => hook.#server.listen(0, '127.0.0.1', listening));
    return hook;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`;
  }

  untilTold(count: number): Promise<void> {
    return condition(() => this.told.length >= count);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((closed) => this.#server.close(() => closed()));
  }
}
