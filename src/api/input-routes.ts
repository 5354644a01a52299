// What the inputs of this node refused, with the last bad payload of each reason: `/api/v1/refusals`; and the topics of
// which they could make no reading: `/api/v1/inbox`. SPEC rules AP26, MQ14.

import { z } from '@hono/zod-openapi';
import { type Api, jsonRoute, type Sources } from './route.ts';
import { noQuery } from './schema.ts';

export const refusals = z
  .array(
    z.object({
      input: z.string(),
      reason: z.string(),
      count: z.int().min(1),
      last_ts_ms: z.int(),
      last_why: z.string(),
      last_payload: z.string(),
    }),
  )
  .openapi('Refusals');
export type Refusals = z.infer<typeof refusals>;

export const inbox = z
  .array(
    z.object({
      input: z.string(),
      topic: z.string(),
      count: z.int().min(1),
      last_ts_ms: z.int(),
      why: z.string(),
      last_payload: z.string(),
    }),
  )
  .openapi('Inbox');
export type Inbox = z.infer<typeof inbox>;

export function addInputRoutes(api: Api, { refusedInput, inboxed }: Sources): void {
  api.openapi(jsonRoute(REFUSALS, noQuery, refusals), (c) => {
    const rows = refusedInput().map(({ input, reason, count, lastAtMs, lastWhy, lastPayload }) => ({
      input,
      reason,
      count,
      last_ts_ms: lastAtMs,
      last_why: lastWhy,
      last_payload: lastPayload,
    }));
    return c.json(rows, 200);
  });

  api.openapi(jsonRoute(INBOX, noQuery, inbox), (c) => {
    const rows = inboxed().map(({ input, topic, count, lastAtMs, why, lastPayload }) => ({
      input,
      topic,
      count,
      last_ts_ms: lastAtMs,
      why,
      last_payload: lastPayload,
    }));
    return c.json(rows, 200);
  });
}

const INBOX = {
  path: '/api/v1/inbox',
  summary: 'Topics of which this node could make no reading since it started, the latest first.',
  description: '`last_payload` is the beginning of what was sent, whatever it was: escape it.',
} as const;

const REFUSALS = {
  path: '/api/v1/refusals',
  summary: 'What the inputs of this node refused since it started, by input and reason.',
  description: '`last_payload` is the beginning of what was sent, whatever it was: escape it.',
} as const;
