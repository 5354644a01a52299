// Programs that nobody here wrote, as they write to InfluxDB, to Prometheus or to a collector of OpenTelemetry, pointed at a
// node: what they write is read at the other one.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import { has } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface Row {
  readonly sensor: string;
  readonly value: unknown;
  readonly ts_ms: number;
  readonly unit?: string;
}

const TS_MS = 1_700_000_000_123;

const site = new Site();
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
});
afterAll(() => site.stop());

test('[LP1] InfluxDB’s client for JavaScript writes to a node as it does to its own server', async () => {
  const api = new InfluxDB({ url: ann.ingestUrl(), token: 'none' }).getWriteApi('org', 'bucket', 'ms');
  const point = new Point('oven').tag('hall', 'south').floatField('heat', 181.5).intField('door', 1);
  api.writePoint(point.stringField('note', 'a "b", c').timestamp(TS_MS));
  await api.close();

  const row = await shownAt(bob, 'oven/hall=south');

  expect(row).toMatchObject({ value: { heat: 181.5, door: 1, note: 'a "b", c' }, ts_ms: TS_MS });
});

test('[LP1] curl posts gzip, with the content type it chooses', async (context) => {
  if (!has('curl')) context.skip('no program `curl`');
  const status = execFileSync(
    'curl',
    [
      ...['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Content-Encoding: gzip'],
      ...['--data-binary', '@-', ann.ingestUrl('/write?db=hall&precision=s')],
    ],
    { input: gzipSync('tank,no=1 level=0.5 1700000000\n'), encoding: 'utf8' },
  );

  expect(status).toBe('204');
  expect(await shownAt(bob, 'tank/no=1')).toMatchObject({ value: { level: 0.5 }, ts_ms: 1_700_000_000_000 });
});

test('[LP7] InfluxDB’s command line asks what is there, and inserts', async (context) => {
  if (!has('influx')) context.skip('no program `influx` (Debian: influxdb-client)');
  const { ingestPort } = ann.ports;
  const insert = 'insert valve,line=a open=true 1700000000123000000';
  const args = ['-host', '127.0.0.1', '-port', String(ingestPort), '-database', 'hall', '-execute', insert];
  execFileSync('influx', args, { encoding: 'utf8' });

  expect(await shownAt(bob, 'valve/line=a')).toMatchObject({ value: { open: true }, ts_ms: TS_MS });
});

test.each<[string, (url: string) => PushMetricExporter]>([
  ['JSON', (url) => new JsonExporter({ url })],
  ['protobuf', (url) => new ProtobufExporter({ url })],
])('[OT1] OpenTelemetry’s exporter for JavaScript sends its metrics as %s', async (encoding, exporterFor) => {
  const exporter = exporterFor(ann.ingestUrl('/v1/metrics'));
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('press');
  meter.createGauge(`oil.${encoding}`, { unit: 'Cel' }).record(61.5, { tank: 2 });
  meter.createHistogram(`stroke.${encoding}`).record(3);
  await provider.forceFlush();
  await provider.shutdown();

  const oil = await shownStartingWith(bob, `oil.${encoding}/`);
  const stroke = await shownStartingWith(bob, `stroke.${encoding}/`);

  expect(oil).toMatchObject({ value: 61.5, unit: 'Cel' });
  expect(oil.sensor).toMatch(/\/service\.name=unknown_service[^/]*\/tank=2$/);
  expect(stroke.value).toMatchObject({ count: 1, sum: 3, min: 3, max: 3, le_5: 1 });
});

test('[RW1] Prometheus scrapes a node and writes what it read to another', async (context) => {
  if (!has('prometheus')) context.skip('no program `prometheus`');
  const directory = mkdtempSync(join(tmpdir(), 'sensorium-prometheus-'));
  const [port] = await freePorts(1);
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      { job_name: 'sensorium', static_configs: [{ targets: [`127.0.0.1:${ann.ports.apiPort}`] }] },
    ],
    remote_write: [{ url: ann.ingestUrl('/api/v1/write'), queue_config: { batch_send_deadline: '200ms' } }],
  };
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  onTestFinished(async () => {
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    prometheus.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });

  const up = await shownAt(bob, `up/instance=127.0.0.1:${ann.ports.apiPort}/job=sensorium`);

  expect(up.value).toBe(1);
  expect(await ann.counter('remote_write_readings_accepted_total')).toBeGreaterThan(0);
});

function shownAt(node: SiteNode, sensor: string): Promise<Row> {
  return shown(node, (row) => row.sensor === sensor);
}

function shownStartingWith(node: SiteNode, start: string): Promise<Row> {
  return shown(node, (row) => row.sensor.startsWith(start));
}

async function shown(node: SiteNode, isWanted: (row: Row) => boolean): Promise<Row> {
  const rows = await until(
    'the other node shows what was written',
    () => node.get<readonly Row[]>('/api/v1/latest'),
    (latest) => latest.some(isWanted),
  );
  const row = rows.find(isWanted);
  if (row === undefined) throw new Error('it was there a moment ago');
  return row;
}
