import { expect, test } from 'vitest';
import { followersOf, inputsOf } from './edges.ts';
import { type Document, pathsOf, queryOf } from './openapi.ts';
import { rateOf } from './rate.ts';
import { sampleAt } from './samples.ts';

test('[UI24] inputs and followers are read off the counters by the names a node gives them', () => {
  const counters = {
    own_n: 12,
    http_ingest_readings_accepted_total: 5,
    http_ingest_readings_rejected_total: 1,
    carrier_pigeon_readings_accepted_total: 2,
    csv_sequence: 90,
    csv_failures_total: 0,
  };

  expect(inputsOf(counters).map(({ name, rejected }) => [name, rejected])).toEqual([
    ['HTTP', 'http_ingest_readings_rejected_total'],
    ['carrier pigeon', null],
    ['All of this node', null],
  ]);
  expect(followersOf(counters, 100)).toEqual([{ name: 'CSV files', sequence: 90, lag: 10, failures: 0 }]);
});

test('[UI24] a rate is told from two answers on, and not across a restart', () => {
  const points = [at(1_000, 10), at(3_000, 30)];

  expect(rateOf(points, 'count')).toBe(10);
  expect(rateOf(points.slice(1), 'count')).toBeNull();
  expect(rateOf([...points, at(4_000, 2)], 'count')).toBeNull();
});

test('[UI26] the sample of a moment is the last one before it', () => {
  const samples = [1_000, 3_000, 5_000].map((ts_ms, index) => ({ ...SAMPLE, id: index + 1, ts_ms }));

  expect(sampleAt(samples, 999)).toBeNull();
  expect([1_000, 4_999, 5_000, 9_000].map((ms) => sampleAt(samples, ms)?.id)).toEqual([1, 2, 3, 3]);
});

test('[UI28] paths and their parameters are read off the document, version 1 first', () => {
  const document: Document = {
    info: { title: 'API', version: '1' },
    paths: {
      '/healthz': { get: { summary: 'Up.' } },
      '/api/v1/live': {
        get: {
          responses: { 200: { description: 'Events.', content: { 'text/event-stream': {} } } },
          parameters: [
            { name: 'match', in: 'query', schema: { type: 'string', example: 'bed1/#' } },
            { name: 'Last-Event-ID', in: 'header' },
          ],
        },
      },
    },
  };

  const paths = pathsOf(document);

  expect(paths.map(({ path, isStream }) => [path, isStream])).toEqual([
    ['/api/v1/live', true],
    ['/healthz', false],
  ]);
  expect(paths[0]?.parameters).toEqual([
    { name: 'match', isRequired: false, description: '', example: 'bed1/#', allowed: [] },
  ]);
  expect(queryOf('/api/v1/live', { match: 'bed1/#', from: '' })).toBe('/api/v1/live?match=bed1%2F%23');
});

const SAMPLE = { id: 1, ts_ms: 0, pending: 0, watermark: 0, changes: 0, sensors: 0, scene: 1 };

function at(atMs: number, count: number) {
  return { atMs, counters: { count } };
}
