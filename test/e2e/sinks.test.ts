// Sinks of running nodes at real servers: a node that is killed again and again, a target that is down, a leader that dies.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askNode } from '../../src/control/control-client.ts';
import { type Engine, hasPostgres, hasProgram, nats, postgres } from './engines.ts';
import { run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface SinkRow {
  readonly name: string;
  readonly state: string;
  readonly sequence: number;
  readonly lag_readings: number;
  readonly readings: number;
  readonly last_error: string;
}

interface LogPage {
  readonly group: string;
  readonly watermark: number;
  readonly next: number;
  readonly readings: readonly {
    readonly sequence: number;
    readonly sensor: string;
    readonly origin: string;
    readonly n: number;
  }[];
}

const PATIENCE_MS = 60_000;
const KILLS = 3;

describe.skipIf(!hasPostgres())('PostgreSQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-sinks-'));
  const site = new Site();
  let engine: Engine;
  let client: pg.Client;
  let ann: SiteNode;

  beforeAll(async () => {
    engine = await postgres();
    const url = `postgres://postgres@127.0.0.1:${engine.port}/postgres`;
    client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    const config = join(directory, 'sinks.json');
    const archive = { name: 'archive', type: 'postgres', url, table: 'readings', batch_max: 20 };
    writeFileSync(config, JSON.stringify({ sinks: [archive] }));
    ann = await site.start('ann', [], { EXPECT_NODES: '1', SINKS_CONFIG: config });
  });
  afterAll(async () => {
    await site.stop();
    await client.end().catch(() => {});
    await engine.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const tableOf = async () => {
    const { rows } = await client.query<{ sequence: string; origin: string; n: string }>(
      'SELECT sequence, origin, n FROM readings ORDER BY sequence',
    );
    return rows.map(({ sequence, origin, n }) => `${sequence} ${origin} ${n}`);
  };

  test('[SK3] after kill -9 at random moments the rows are exactly the committed order', async () => {
    const environment = { EXPECT_NODES: '1', SINKS_CONFIG: join(directory, 'sinks.json') };
    let writes = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const goal = Math.ceil(Math.random() * 40);
      const from = (await sinkOf(ann)).sequence;
      // Killed in the midst of handing over: after some batches, and while others are written.
      const writing = writeUntilKilled(ann, () => writes++);
      await until(
        'the target is some batches on',
        () => sinkOf(ann),
        ({ sequence }) => sequence > from + goal,
        PATIENCE_MS,
      );
      await ann.kill();
      await writing;
      ann = await site.start('ann', [], environment);
    }

    const order = await until(
      'all is handed over',
      () => handedOver(ann),
      ({ lag }) => lag === 0,
      PATIENCE_MS,
    );

    expect(writes).toBeGreaterThan(KILLS * 10);
    expect(order.rows.length).toBeGreaterThan(KILLS * 10);
    expect(await tableOf()).toEqual(order.rows);
  });

  test('[SK6] [SK8] a target that is down holds nothing up, is told, and gets what it missed', async () => {
    await engine.stop('SIGINT');
    const before = (await sinkOf(ann)).sequence;

    await ann.write(manyReadings(20));
    const down = await until(
      'it is told',
      () => sinkOf(ann),
      ({ state, lag_readings }) => state === 'failing' && lag_readings >= 20,
    );
    const metrics = await (await fetch(ann.url('/metrics'))).text();
    await engine.start();
    client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${engine.port}/postgres` });
    await client.connect();
    const order = await until(
      'all is handed over',
      () => handedOver(ann),
      ({ lag, rows }) => lag === 0 && rows.length >= before + 20,
      PATIENCE_MS,
    );

    expect(down.last_error).not.toBe('');
    expect(metrics).toContain('sensorium_sink_up{sink="archive",type="postgres"} 0');
    expect(metrics).toMatch(/sensorium_sink_lag_readings\{sink="archive",type="postgres"\} [1-9]/);
    expect(order.rows.length).toBeGreaterThanOrEqual(before + 20);
    expect(await tableOf()).toEqual(order.rows);
    expect(ann.lines.map(({ msg }) => msg)).toContain('a sink takes readings again');
  });

  test('[SK7] [SK15] [SK16] rows that somebody deleted are handed over again', async () => {
    await client.query('DELETE FROM readings WHERE sequence > 5');

    const socket = join(site.directory, 'ann', 'control.sock');
    const refused = await askNode(socket, { act: 'replay', sink: 'other', from: 6 });
    const beyond = await askNode(socket, { act: 'replay', sink: 'archive', from: 1_000_000 });
    const done = await run(['sink', 'replay', 'archive', '--from', '6', '--data-dir', site.directory]);
    const order = await handedOver(ann);
    await until('all is there again', tableOf, (rows) => rows.length === order.rows.length);
    const listed = await run(['sink', 'list', '--node', ann.url()]);

    expect(refused).toEqual({ ok: false, problem: 'no such sink here: "other"; there is archive' });
    expect(beyond).toMatchObject({ ok: false, problem: expect.stringContaining('are kept here') });
    expect([done.err, done.code]).toEqual(['', 0]);
    expect(await tableOf()).toEqual(order.rows);
    expect(listed.out).toMatch(/archive +postgres +writing/);
  });
});

describe.skipIf(!hasProgram('nats-server'))('NATS JetStream', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-sinks-'));
  const site = new Site();
  let engine: Engine;
  let nodes: SiteNode[];

  beforeAll(async () => {
    engine = await nats();
    mkdirSync(join(directory, 'files'));
    const config = join(directory, 'sinks.json');
    const bus = {
      name: 'bus',
      type: 'jetstream',
      url: `nats://127.0.0.1:${engine.port}`,
      takeover_ms: 2_000,
    };
    const files = { name: 'files', type: 'parquet', path: join(directory, 'files', '{node}'), flush_ms: 0 };
    writeFileSync(config, JSON.stringify({ sinks: [bus, files] }));
    nodes = await site.startAll(['ann', 'bob', 'cat'], { SINKS_CONFIG: config });
  });
  afterAll(async () => {
    await site.stop();
    await engine.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  test('[SK5] [SK11] one node writes, another goes on when it dies, and the stream is the committed order', async () => {
    await nodes[0]?.write(manyReadings(50));
    const writers = await until(
      'one writes and the others watch',
      () => Promise.all(nodes.map((node) => sinkOf(node, 'bus'))),
      (sinks) =>
        sinks.filter(({ state }) => state === 'writing').length === 1 &&
        sinks.every(({ state, sequence }) => state !== 'connecting' && sequence >= 50),
    );
    const [writer] = nodes.filter((_, at) => writers[at]?.state === 'writing');
    const others = nodes.filter((node) => node !== writer);

    const writing = others[0]?.write(manyReadings(200));
    await writer?.kill();
    await writing;
    await others[0]?.write(manyReadings(50));
    const last = others[0] as SiteNode;
    const order = await until(
      'the order is handed over',
      () => handedOver(last, 'bus'),
      ({ lag, rows }) => lag === 0 && rows.length === 300,
      PATIENCE_MS,
    );

    const messages = await messagesOf(engine.port);
    expect(order.rows).toHaveLength(300);
    expect(messages.map(({ row }) => row)).toEqual(order.rows);
    expect(messages.map(({ id }) => id)).toEqual(
      order.rows.map((row) => `${order.group}:${row.split(' ')[0]}`),
    );
  });
});

async function sinkOf(node: SiteNode, name = 'archive'): Promise<SinkRow> {
  const sinks = await node.get<readonly SinkRow[]>('/api/v1/sinks');
  const sink = sinks.find((one) => one.name === name);
  if (sink === undefined) throw new Error(`no sink ${name}`);
  return sink;
}

/** The committed order as the node tells it, and how much of it the target lacks. */
async function handedOver(node: SiteNode, name = 'archive') {
  const { sequence } = await sinkOf(node, name);
  const { outbox } = await node.get<{ readonly outbox: number }>('/api/v1/view');
  const rows: string[] = [];
  let page: LogPage;
  let next = 1;
  do {
    page = await node.get<LogPage>(`/api/v1/log?from=${next}&limit=10000`);
    // What nodes write down for themselves is in the order as well.
    const readings = page.readings.filter(({ sensor }) => !sensor.startsWith('$'));
    rows.push(...readings.map((one) => `${one.sequence} ${one.origin} ${one.n}`));
    next = page.next;
  } while (page.readings.length > 0);
  return { rows, group: page.group, lag: rows.length === 0 ? 1 : page.watermark + outbox - sequence };
}

function manyReadings(count: number) {
  return Array.from({ length: count }, (_, at) => ({ sensor: `hall/${at % 7}`, value: Math.random() }));
}

async function writeUntilKilled(node: SiteNode, wrote: () => void): Promise<void> {
  for (;;) {
    try {
      await node.write(manyReadings(5));
      wrote();
    } catch {
      return;
    }
    // A few hundred a second: more would only be more to compare.
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

async function messagesOf(port: number): Promise<readonly { readonly id: string; readonly row: string }[]> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info('SENSORIUM');
  const messages: { id: string; row: string }[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage('SENSORIUM', { seq });
    if (message === null) continue;
    const { sequence, origin, n } = message.json<{ sequence: number; origin: string; n: number }>();
    messages.push({ id: message.header.get('Nats-Msg-Id'), row: `${sequence} ${origin} ${n}` });
  }
  await connection.close();
  return messages;
}
