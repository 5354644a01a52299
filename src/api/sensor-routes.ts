// `/api/v1/sensors`, the registry: what is known of each sensor beyond its latest reading; and `/api/v1/alerts`.
// SPEC rules RE6, AL8.

import { z } from '@hono/zod-openapi';
import type { Labels } from '../hub/sensor-registry.ts';
import { compareText } from '../kit/order.ts';
import { alertKey, SEVERITIES } from '../model/alert.ts';
import { isStale, stalenessOf } from './latest-row.ts';
import { matches } from './match.ts';
import { type Api, jsonRoute, type Sources } from './route.ts';
import { matchQuery } from './schema.ts';

const timeMs = z.int();

export const sensorsQuery = matchQuery.extend({
  group: z.string().optional(),
  label: z.string().optional().openapi({ description: '`name=text`, or a name alone for any text.' }),
  stale: z.enum(['true', 'false']).optional(),
});

export const sensors = z
  .array(
    z.object({
      sensor: z.string(),
      name: z.string().openapi({ description: 'As people call it; empty where they call it nothing.' }),
      group: z.string(),
      labels: z.record(z.string(), z.string()),
      kind: z.enum(['number', 'boolean', 'text', 'record']),
      unit: z.string(),
      origins: z.array(z.string()),
      period_ms: z.number().openapi({ description: 'As its origin says; 0 where it says nothing.' }),
      cadence_ms: z
        .number()
        .nullable()
        .openapi({ description: 'How often it speaks, as this node has learned it; null until it has.' }),
      stale_after_ms: z.number(),
      stale: z.boolean(),
      first_seen_ms: timeMs.openapi({ description: 'By this node.' }),
      last_seen_ms: timeMs,
    }),
  )
  .openapi('Sensors');
export type Sensors = z.infer<typeof sensors>;

export const alertsQuery = z.object({ state: z.enum(['raised', 'cleared']).optional() });

export const alertList = z
  .array(
    z.object({
      key: z.string().openapi({ description: 'Names this change of this alert for ever.' }),
      rule: z.string(),
      sensor: z.string(),
      field: z.string(),
      severity: z.enum(SEVERITIES),
      state: z.enum(['raised', 'cleared']),
      turn: z.int(),
      raised_ts_ms: timeMs,
      changed_ts_ms: timeMs,
      text: z.string(),
      value: z.union([z.number(), z.boolean(), z.string()]).nullable(),
      told: z.array(z.string()).openapi({ description: 'Who has taken this change.' }),
    }),
  )
  .openapi('Alerts');

export function addSensorRoutes(api: Api, { hub, registry, alerts }: Sources): void {
  api.openapi(jsonRoute(SENSORS, sensorsQuery, sensors), (c) => {
    const { match = null, group, label, stale } = c.req.valid('query');
    const nowMs = Date.now();
    const staleness = stalenessOf(hub, registry);
    const rows: z.infer<typeof sensors> = [];
    for (const latest of registry === null ? [] : hub.latest()) {
      if (!matches(match, latest.record.sensor)) continue;
      const known = registry?.known(latest, nowMs);
      if (known === undefined) continue;
      const { sensor, description, kind, cadenceMs, staleAfterMs, firstSeenMs, lastSeenMs } = known;
      const isSilent = isStale(latest, nowMs, staleness);
      const labels = description?.labels ?? {};
      if (group !== undefined && description?.group !== group) continue;
      if (label !== undefined && !isLabelled(labels, label)) continue;
      if (stale !== undefined && isSilent !== (stale === 'true')) continue;
      rows.push({
        ...{ sensor, name: description?.name ?? '', group: description?.group ?? '', labels: { ...labels } },
        ...{ kind, unit: latest.unit, origins: [...latest.origins], period_ms: latest.periodMs },
        ...{ cadence_ms: cadenceMs, stale_after_ms: staleAfterMs, stale: isSilent },
        ...{ first_seen_ms: firstSeenMs, last_seen_ms: lastSeenMs },
      });
    }
    rows.sort((a, b) => compareText(a.sensor, b.sensor));
    return c.json(rows, 200);
  });

  api.openapi(jsonRoute(ALERTS, alertsQuery, alertList), (c) => {
    const { state: wanted } = c.req.valid('query');
    const rows = alerts().flatMap((alert) => {
      const { rule, sensor, field, severity, state, turn, raisedMs, changedMs, text, value, told } = alert;
      if (wanted !== undefined && state !== wanted) return [];
      const key = alertKey(alert);
      const takers = Object.entries(told).flatMap(([target, last]) => (last === key ? [target] : []));
      return {
        ...{ key, rule, sensor, field, severity, state, turn, text, value, told: takers.sort(compareText) },
        ...{ raised_ts_ms: raisedMs, changed_ts_ms: changedMs },
      };
    });
    return c.json(rows, 200);
  });
}

function isLabelled(labels: Labels, wanted: string): boolean {
  const at = wanted.indexOf('=');
  const text = labels[at < 0 ? wanted : wanted.slice(0, at)];
  return at < 0 ? text !== undefined : text === wanted.slice(at + 1);
}

const SENSORS = {
  path: '/api/v1/sensors',
  summary: 'What is known of each sensor beyond its latest reading, sorted by sensor.',
} as const;
const ALERTS = {
  path: '/api/v1/alerts',
  summary: 'Alerts that are raised, and those that were, the latest change first.',
} as const;
