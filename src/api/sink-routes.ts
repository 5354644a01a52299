// Where the committed order is handed on to, and how far: `/api/v1/sinks`. SPEC rule SK8.

import { z } from '@hono/zod-openapi';
import { type Api, jsonRoute, type Sources } from './route.ts';
import { noQuery } from './schema.ts';

export const sinks = z
  .array(
    z.object({
      name: z.string(),
      type: z.string(),
      target: z.string(),
      state: z.enum(['connecting', 'writing', 'watching', 'failing']),
      group: z.string().nullable(),
      sequence: z.int(),
      lag_readings: z.int(),
      lag_ms: z.int(),
      readings: z.int(),
      batches: z.int(),
      failures: z.int(),
      missed: z.int(),
      last_error: z.string(),
      last_error_ts_ms: z.int().nullable(),
    }),
  )
  .openapi('Sinks');
export type Sinks = z.infer<typeof sinks>;

export function addSinkRoutes(api: Api, { sinks: views }: Sources): void {
  api.openapi(jsonRoute(SINKS, noQuery, sinks), (c) => {
    const rows = views().map(({ lagReadings, lagMs, lastError, lastErrorAtMs, ...rest }) => ({
      ...rest,
      lag_readings: lagReadings,
      lag_ms: lagMs,
      last_error: lastError,
      last_error_ts_ms: lastErrorAtMs,
    }));
    return c.json(rows, 200);
  });
}

const SINKS = {
  path: '/api/v1/sinks',
  summary: 'The engines that this node hands the committed order to.',
  description:
    '`group` and `sequence` are the place up to which the target has it. `watching`: another node writes. `missed`: readings that were not kept any more when their turn came.',
} as const;
