// `/metrics` in Prometheus' text format, drawn together when somebody scrapes. prom-client is loaded by the first
// scrape: a node that nobody scrapes does without it. SPEC rule AP17.

import type { Registry } from 'prom-client';
import type { Hub } from '../hub/hub.ts';
import type { SensorRegistry } from '../hub/sensor-registry.ts';
import type { SinkView } from '../model/sink-view.ts';
import { countersOf } from './counters.ts';
import { latestRow, stalenessOf } from './latest-row.ts';
import { tellOrder } from './order-metrics.ts';
import { SINK_METRICS } from './sink-metrics.ts';

export interface MetricsSource {
  readonly hub: Hub;
  readonly registry: SensorRegistry | null;
  readonly sinks: readonly SinkView[];
  readonly site: string;
  readonly version: string;
  readonly factsByType: ReadonlyMap<string, number>;
  readonly requestsRefused: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly liveClients: number;
  readonly liveClientsCut: number;
  readonly streamClients: number;
  readonly streamClientsCut: number;
}

export interface MetricsText {
  readonly type: string;
  readonly body: string;
}

const METRIC_NAME = /^[a-z][a-z0-9_]*$/;

export async function metricsText(source: MetricsSource): Promise<MetricsText> {
  const prom = await import('prom-client');
  const registry = new prom.Registry();
  const registers = [registry];

  function gauge(name: string, help: string, labelNames: string[] = []) {
    return new prom.Gauge({ name: `sensorium_${name}`, help, labelNames, registers });
  }
  function counter(name: string, help: string, labelNames: string[] = []) {
    return new prom.Counter({ name: `sensorium_${name}`, help, labelNames, registers });
  }

  const { hub } = source;
  gauge('info', 'Which node this is; always 1.', ['node', 'site', 'version']).set(
    { node: hub.self, site: source.site, version: source.version },
    1,
  );
  for (const [name, count] of Object.entries(countersOf(hub))) {
    if (!METRIC_NAME.test(name)) continue;
    if (name.endsWith('_total')) counter(name, 'Counted by the node since its start.').inc(count);
    else gauge(name, 'As it is at the node at this moment.').set(count);
  }

  const members = gauge('members', 'Members known, this node among them, by status.', ['status']);
  for (const status of ['alive', 'suspected', 'dead', 'left']) members.set({ status }, 0);
  for (const { status } of hub.members()) members.inc({ status });

  const nowMs = Date.now();
  const sensors = countSensors(hub, source.registry, nowMs);
  gauge('sensors', 'Sensors in the state.').set(sensors.all);
  gauge('sensors_stale', 'Sensors whose latest reading is overdue or whose origin is gone.').set(
    sensors.stale,
  );
  gauge('sensors_flagged', 'Sensors with a doubtful clock or several origins.').set(sensors.flagged);
  gauge('sensors_uncommitted', 'Sensors whose latest reading has no place in the common order yet.').set(
    sensors.uncommitted,
  );
  tellOrder(hub, source.factsByType, (kind, name, help, value, labels = {}) => {
    const names = Object.keys(labels);
    if (kind === 'gauge') gauge(name, help, names).set(labels, value);
    else counter(name, help, names).inc(labels, value);
  });
  const advanced = gauge('stream_age_seconds', 'Since the stream of an origin last advanced here.', [
    'origin',
  ]);
  const lag = gauge('stream_lag_records', 'Changes of an origin that are known to exist and are not here.', [
    'origin',
  ]);
  const stale = gauge(
    'stream_stale_seconds',
    'For how long changes of an origin have been known of and not here.',
    ['origin'],
  );
  for (const { origin, advancedAtMs, lagRecords, staleMs } of hub.replication().streams) {
    if (advancedAtMs > 0) advanced.set({ origin }, Math.max(0, nowMs - advancedAtMs) / 1_000);
    if (lagRecords > 0) lag.inc({ origin }, lagRecords);
    if (staleMs > 0) stale.set({ origin }, staleMs / 1_000);
  }

  for (const { kind, name, help, of } of source.sinks.length > 0 ? SINK_METRICS : []) {
    const labels = ['sink', 'type'];
    const metric = kind === 'gauge' ? gauge(name, help, labels) : counter(name, help, labels);
    for (const view of source.sinks) metric.inc({ sink: view.name, type: view.type }, of(view));
  }

  const facts = counter('facts_total', 'Facts by type.', ['type']);
  for (const [type, count] of source.factsByType) facts.inc({ type }, count);
  counter('api_requests_total', 'Requests to the read-only listener.').inc(source.requests);
  const refused = counter('api_requests_refused_total', 'Requests answered by a problem, by its code.', [
    'code',
  ]);
  for (const [code, count] of source.requestsRefused) refused.inc({ code }, count);
  gauge('live_clients', 'Open live streams.').set(source.liveClients);
  counter('live_clients_cut_total', 'Live streams closed because their clients took too little.').inc(
    source.liveClientsCut,
  );

  gauge('order_stream_clients', 'Open streams of the committed order.').set(source.streamClients);
  counter(
    'order_stream_clients_cut_total',
    'Streams of the order closed because their clients took too little.',
  ).inc(source.streamClientsCut);

  const own = await registry.metrics();
  const ofProcess = await processRegistry(prom).metrics();
  return { type: registry.contentType, body: own + ofProcess };
}

/** A process has one, however many nodes run in it: its observers of the event loop and of collections stay. */
let ofThisProcess: Registry | null = null;

function processRegistry(prom: typeof import('prom-client')): Registry {
  if (ofThisProcess === null) {
    ofThisProcess = new prom.Registry();
    prom.collectDefaultMetrics({ register: ofThisProcess });
  }
  return ofThisProcess;
}

function countSensors(hub: Hub, registry: SensorRegistry | null, nowMs: number) {
  const staleness = stalenessOf(hub, registry);
  const counts = { all: 0, stale: 0, flagged: 0, uncommitted: 0 };
  for (const latest of hub.latest()) {
    const commit = hub.commitOf(latest);
    const row = latestRow(latest, commit, nowMs, staleness);
    counts.all++;
    if (commit.commit === 'stored') counts.uncommitted++;
    if (row.stale) counts.stale++;
    if (row.flags.length > 0) counts.flagged++;
  }
  return counts;
}
