// The dashboards for Grafana ask for what nodes answer: every metric and every column of theirs is there on a running site.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly {
      readonly expr?: string;
      readonly url?: string;
      readonly columns?: readonly { readonly selector: string }[];
    }[];
  }[];
}

const METRIC = /\b(?:sensorium|process)_[a-z0-9_]+\b/g;

const site = new Site();
let ann: SiteNode;
let bob: SiteNode;

beforeAll(async () => {
  [ann, bob] = (await site.startAll(['ann', 'bob'])) as [SiteNode, SiteNode];
  await ann.write([{ sensor: 'oven/heat', value: 181.5, unit: 'Cel' }]);
  await ann.post([{ sensor: '', value: 1 }]);
});
afterAll(() => site.stop());

test('[AP17] [AP27] every metric that the dashboard for Prometheus asks for is told by a node', async () => {
  const metrics = await (await fetch(ann.url('/metrics'))).text();
  const sensors = await (await fetch(ann.url('/metrics/sensors'))).text();
  const told = new Set((metrics + sensors).match(METRIC));

  const asked = dashboard('prometheus.json').panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr = '' }) => expr.match(METRIC) ?? []),
  );

  expect(asked.length).toBeGreaterThan(15);
  expect(asked.filter((metric) => !told.has(metric))).toEqual([]);
});

test('[AP9] [AP26] every column that the dashboard for Infinity shows is in what the API answers', async () => {
  await until(
    'the other node shows the reading',
    () => bob.get<readonly unknown[]>('/api/v1/latest'),
    (rows) => rows.length > 0,
  );
  for (const { title, targets } of dashboard('infinity.json').panels) {
    for (const { url = '', columns = [] } of targets) {
      const rows = await ann.get<readonly { readonly [column: string]: unknown }[]>(
        url.slice(url.indexOf('/')),
      );

      const known = new Set(rows.flatMap((row) => Object.keys(row)));
      expect(
        columns.filter(({ selector }) => !known.has(selector)),
        title,
      ).toEqual([]);
      expect(columns.length, title).toBeGreaterThan(1);
    }
  }
});

function dashboard(file: string): Dashboard {
  return JSON.parse(
    readFileSync(join(import.meta.dirname, '../../deploy/grafana', file), 'utf8'),
  ) as Dashboard;
}
