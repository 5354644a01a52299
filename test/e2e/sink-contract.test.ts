// The contract of sinks at real servers: PostgreSQL, nats-server, InfluxDB and Mosquitto, as Debian has them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import mqtt from 'mqtt';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Value } from '../../src/model/reading.ts';
import { InfluxSink } from '../../src/sinks/influx-sink.ts';
import { JetStreamSink } from '../../src/sinks/jetstream-sink.ts';
import { MqttSink } from '../../src/sinks/mqtt-sink.ts';
import { PostgresSink } from '../../src/sinks/postgres-sink.ts';
import { reading, type SinkRow, sinkContract } from '../../src/sinks/sink.contract.ts';
import {
  type Engine,
  hasPostgres,
  hasProgram,
  influx,
  influxQuery,
  mosquitto,
  nats,
  postgres,
} from './engines.ts';
import { until } from './until.ts';

const GROUP = '00000000000000a1';

describe.skipIf(!hasPostgres())('PostgreSQL', () => {
  let engine: Engine;
  let client: pg.Client;
  const url = () => `postgres://postgres@127.0.0.1:${engine.port}/postgres`;
  beforeAll(async () => {
    engine = await postgres();
    client = new pg.Client({ connectionString: url() });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await engine.remove();
  });

  sinkContract('PostgreSQL', () => ({
    open: () => new PostgresSink('archive', { type: 'postgres', url: url(), table: 'readings' }),
    rows: async () => {
      const { rows } = await client.query<Row>(
        'SELECT sensor, n, value, text, fields FROM readings ORDER BY n',
      );
      return rows.map(rowOf);
    },
    clear: async () => {
      await client.query('DROP TABLE IF EXISTS readings, readings_cursor');
    },
    noticesOthers: true,
    keepsOnce: true,
  }));

  test('[SK10] what PostgreSQL has not is stored as near to it as it can be, and holds nothing up', async () => {
    const sink = new PostgresSink('archive', { type: 'postgres', url: url(), table: 'readings' });
    await sink.connect();
    const values: Value[] = ['a\0b', { a: 'x\0y', b: 'a backslash: \\u0000' }];

    await sink.write({
      group: GROUP,
      readings: [...values.map((value, at) => reading(at + 1, value)), reading(3, 1, -8.64e15)],
      upto: 3,
    });
    const { rows } = await client.query<Row & { ts_ms: string; time: string }>(
      'SELECT sensor, n, value, text, fields, ts_ms, time::text FROM readings ORDER BY n',
    );
    await sink.close();

    expect(rows.slice(0, 2).map((row) => rowOf(row).value)).toEqual([
      'a\ufffdb',
      { a: 'x\ufffdy', b: 'a backslash: \\u0000' },
    ]);
    expect(rows[2]).toMatchObject({ ts_ms: '-8640000000000000', time: expect.stringContaining('BC') });
  });

  test('[SK10] who may only write to the tables needs no right to make any', async () => {
    const owner = new PostgresSink('archive', { type: 'postgres', url: url(), table: 'readings' });
    await owner.connect();
    await owner.close();
    await client.query(
      'CREATE ROLE writer LOGIN; GRANT INSERT ON readings TO writer; GRANT SELECT, INSERT, UPDATE ON readings_cursor TO writer; REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    );
    const sink = new PostgresSink('other', {
      ...{ type: 'postgres', url: url().replace('postgres@', 'writer@'), table: 'readings' },
    });

    const place = await sink.connect();
    await sink.write({ group: GROUP, readings: [reading(1, 1)], upto: 1 });
    await sink.close();

    expect(place).toBeNull();
    expect((await client.query('SELECT n FROM readings')).rows).toEqual([{ n: '1' }]);
  });
});

describe.skipIf(!hasProgram('nats-server'))('NATS JetStream', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await nats();
  });
  afterAll(() => engine.remove());

  sinkContract('JetStream', () => ({
    open: () =>
      new JetStreamSink({
        ...{ type: 'jetstream', url: `nats://127.0.0.1:${engine.port}` },
        ...{ stream: 'SITE', subject: 'site' },
      }),
    rows: () => natsRows(engine.port),
    clear: async () => {
      const connection = await connect({ servers: `127.0.0.1:${engine.port}` });
      const manager = await jetstreamManager(connection);
      for (const name of ['SITE', 'SITE_CURSOR']) await manager.streams.delete(name).catch(() => {});
      await connection.close();
    },
    noticesOthers: true,
    keepsOnce: true,
  }));
});

describe.skipIf(!hasProgram('influxd'))('InfluxDB', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-place-'));
  let engine: Engine;
  beforeAll(async () => {
    engine = await influx();
  });
  afterAll(async () => {
    await engine.remove();
    rmSync(directory, { recursive: true });
  });

  sinkContract('InfluxDB', () => ({
    open: () =>
      new InfluxSink(
        'trend',
        {
          ...{
            type: 'influx',
            url: `http://127.0.0.1:${engine.port}`,
            database: 'site',
            measurement: 'reading',
          },
          ...{ user: '', password: '', org: '', bucket: '', token: '' },
        },
        join(directory, 'trend'),
      ),
    rows: () => influxRows(engine.port),
    clear: async () => {
      await influxQuery(engine.port, 'DROP DATABASE site');
      await influxQuery(engine.port, 'CREATE DATABASE site');
    },
    noticesOthers: false,
    keepsOnce: true,
  }));
});

describe.skipIf(!hasProgram('mosquitto'))('MQTT', () => {
  let engine: Engine;
  let listener: mqtt.MqttClient;
  let heard: SinkRow[] = [];
  const url = () => `mqtt://127.0.0.1:${engine.port}`;
  beforeAll(async () => {
    engine = await mosquitto();
    listener = await mqtt.connectAsync(url());
    listener.on('message', (topic, payload) => {
      if (topic.startsWith('site/hall 1/')) heard.push(JSON.parse(payload.toString()) as SinkRow);
    });
    await listener.subscribeAsync('site/#', { qos: 1 });
  });
  afterAll(async () => {
    await listener.endAsync(true);
    await engine.remove();
  });

  sinkContract('MQTT', () => ({
    open: () => new MqttSink('broker', { type: 'mqtt', url: url(), topic: 'site', retain: false }),
    // What was published before is with the listener when a later message of the same broker is.
    rows: async () => {
      await echoed();
      return heard.toSorted((a, b) => a.n - b.n);
    },
    clear: async () => {
      await listener.publishAsync('site/$cursor/broker', '', { qos: 1, retain: true });
      await echoed();
      heard = [];
    },
    noticesOthers: false,
    keepsOnce: false,
  }));

  test('[SK13] the place is retained beside the readings, and the last of each sensor where that is asked for', async () => {
    const sink = new MqttSink('broker', { type: 'mqtt', url: url(), topic: 'kept', retain: true });
    await sink.connect();
    await sink.write({ group: GROUP, readings: [reading(1, 20), reading(2, 21)], upto: 2 });
    await sink.close();

    const late = await mqtt.connectAsync(url());
    const kept = new Map<string, string>();
    late.on('message', (topic, payload) => kept.set(topic, payload.toString()));
    await late.subscribeAsync('kept/#', { qos: 1 });
    await until(
      'what is retained is there',
      () => kept.size,
      (size) => size === 2,
    );
    await late.endAsync(true);

    expect(kept.get('kept/$cursor/broker')).toBe(`${GROUP}:2`);
    expect(JSON.parse(kept.get('kept/hall 1/t.x') ?? '')).toMatchObject({ origin: 'ann', n: 2, value: 21 });
  });

  async function echoed(): Promise<void> {
    const topic = `site/echo/${Math.random()}`;
    const back = new Promise<void>((resolve) => {
      const hear = (heardTopic: string) => {
        if (heardTopic !== topic) return;
        listener.off('message', hear);
        resolve();
      };
      listener.on('message', hear);
    });
    await listener.publishAsync(topic, '', { qos: 1 });
    await back;
  }
});

interface Row {
  readonly sensor: string;
  readonly n: string;
  readonly value: number | null;
  readonly text: string | null;
  readonly fields: Value | null;
}

function rowOf({ sensor, n, value, text, fields }: Row): SinkRow {
  const scalar = text === null ? Number(value) : value === null ? text : text === 'true';
  return { sensor, n: Number(n), value: fields ?? scalar };
}

async function natsRows(port: number): Promise<readonly SinkRow[]> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info('SITE');
  const rows: SinkRow[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage('SITE', { seq });
    if (message !== null) rows.push(message.json<SinkRow>());
  }
  await connection.close();
  return rows.sort((a, b) => a.n - b.n);
}

interface InfluxAnswer {
  readonly results: readonly {
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly unknown[][];
    }[];
  }[];
}

async function influxRows(port: number): Promise<readonly SinkRow[]> {
  const { results } = (await influxQuery(port, 'SELECT * FROM reading')) as InfluxAnswer;
  const { columns = [], values = [] } = results[0]?.series?.[0] ?? {};
  const rows = values.map((cells) => Object.fromEntries(columns.map((name, at) => [name, cells[at]])));
  return rows
    .map((row) => ({ sensor: String(row.sensor), n: Number(row._n), value: influxValue(row) }))
    .sort((a, b) => a.n - b.n);
}

/** What is not there is null in each row. */
function influxValue(row: { readonly [name: string]: unknown }): Value {
  const known = ['time', 'sensor', 'origin', 'unit', '_n', '_sequence', '_identity'];
  const fields = Object.entries(row).flatMap(([name, value]) =>
    known.includes(name) || value === null ? [] : [[name.replace(/_(text|boolean)$/, ''), value]],
  );
  const value: { [field: string]: string | number | boolean } = Object.fromEntries(fields);
  return value.value ?? value;
}
