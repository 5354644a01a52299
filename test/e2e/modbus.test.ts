// Modbus TCP devices, played by a real server, polled by two running nodes of which one dies.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerTCP } from 'modbus-serial';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface Row {
  readonly sensor: string;
  readonly value: unknown;
  readonly unit: string;
  readonly origin: string;
  readonly n: number;
}

const HOLDING: { readonly [address: number]: number } = { 100: 0x41ac, 101: 0, 102: 0xfffe, 200: 1 };

const READINGS = 'modbus_readings_accepted_total';

const directory = mkdtempSync(join(tmpdir(), 'sensorium-modbus-'));
const site = new Site();
let device: ServerTCP;
/** Takes connections and says nothing. */
let mute: Server;
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  const [port, mutePort] = await freePorts(2);
  device = new ServerTCP(
    {
      getHoldingRegister: (address: number) => {
        const word = HOLDING[address];
        if (word === undefined) throw new Error('there is no such address');
        return word;
      },
      getCoil: (address: number) => address === 3,
    },
    { host: '127.0.0.1', port: port ?? 0, unitID: 7 },
  );
  await once(device, 'initialized');
  mute = createServer(() => {}).listen(mutePort, '127.0.0.1');
  await once(mute, 'listening');

  const config = join(directory, 'modbus.json');
  const meter = {
    ...{ name: 'meter', host: '127.0.0.1', port, unit_id: 7, period_ms: 100, timeout_ms: 500 },
    registers: [
      { sensor: 'meter/temperature', address: 100, type: 'float32', unit: 'Cel' },
      { sensor: 'meter/balance', address: 102, type: 'int16', scale: 0.5 },
      { sensor: 'meter/missing', address: 300 },
      { sensor: 'meter/running', address: 200 },
      { sensor: 'meter/relay', table: 'coil', address: 3 },
    ],
  };
  const dead = {
    ...{ name: 'dead', host: '127.0.0.1', port: mutePort, period_ms: 100, timeout_ms: 200 },
    registers: [{ sensor: 'dead/power', address: 0 }],
  };
  writeFileSync(config, JSON.stringify({ devices: [dead, meter] }));
  [ann, bob] = (await site.startAll(['ann', 'bob'], { MODBUS_CONFIG: config })) as [SiteNode, SiteNode];
});
afterAll(async () => {
  await site.stop();
  await new Promise<void>((closed) => device.close(() => closed()));
  mute.close();
  rmSync(directory, { recursive: true, force: true });
});

test('[MO2] [MO3] [MO4] what a device says is read at every node, beside a device that says nothing', async () => {
  const rows = await until(
    'the meter is shown',
    () => ann.get<readonly Row[]>('/api/v1/latest'),
    (latest) => latest.length >= 4,
  );

  const shown = Object.fromEntries(rows.map(({ sensor, value, unit }) => [sensor, { value, unit }]));
  expect(shown).toEqual({
    'meter/temperature': { value: 21.5, unit: 'Cel' },
    'meter/balance': { value: -1, unit: '' },
    'meter/running': { value: 1, unit: '' },
    'meter/relay': { value: true, unit: '' },
  });
});

test('[MO5] the higher node polls, and when it dies the other takes over', async () => {
  const origins = (rows: readonly Row[]) => new Set(rows.map(({ origin }) => origin));
  const latest = () => ann.get<readonly Row[]>('/api/v1/latest');
  await until('bob alone polls', latest, (rows) => [...origins(rows)].join() === 'bob');
  await until(
    'ann reads nothing while bob polls on',
    async () => {
      const [before, [first]] = [await ann.counter(READINGS), await latest()];
      await until('bob polls on', latest, ([row]) => (row?.n ?? 0) > (first?.n ?? 0) + 10);
      return (await ann.counter(READINGS)) - before;
    },
    (readings) => readings === 0,
  );

  await bob.kill();

  await until('ann has taken over', latest, (rows) => [...origins(rows)].join() === 'ann');
  expect(await ann.counter('modbus_failures_total')).toBeGreaterThan(0);
});
