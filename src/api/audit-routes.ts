// The audit: `/api/v1/audit`, what was done to the site by whom, from the common order that every node holds. SPEC rule AC9.

import { z } from '@hono/zod-openapi';
import { readAudit } from '../access/audit.ts';
import { PastRefused } from '../hub/past.ts';
import { LIMITS } from '../model/limits.ts';
import { queryProblem } from './query.ts';
import { type Api, problemResponse, refuse, type Sources } from './route.ts';

const LIMIT_BY_DEFAULT = 100;
const ALLOWED = `limit is a whole number from 1 to ${LIMITS.auditRowsMax}`;

const query = z.strictObject({
  limit: z
    .string({ error: ALLOWED })
    .regex(/^[1-9]\d{0,5}$/, { error: ALLOWED })
    .transform(Number)
    .refine((limit) => limit <= LIMITS.auditRowsMax, { error: ALLOWED })
    .optional(),
});

export const audit = z
  .array(
    z.object({
      sequence: z.int().min(1),
      ts_ms: z.int(),
      node: z.string(),
      act: z.string(),
      subject: z.string(),
      by: z.string(),
      detail: z.string(),
    }),
  )
  .openapi('Audit');

export function addAuditRoutes(api: Api, sources: Sources): void {
  api.openAPIRegistry.registerPath({
    method: 'get',
    ...AUDIT,
    request: { query },
    responses: {
      200: { description: AUDIT.summary, content: { 'application/json': { schema: audit } } },
      400: problemResponse('bad-query'),
      503: problemResponse('not-ready'),
    },
  });
  api.get(AUDIT.path, async (c) => {
    const asked = query.safeParse(c.req.query());
    if (!asked.success) return refuse(sources, 'bad-query', queryProblem(asked.error));
    try {
      const entries = await readAudit(sources.hub, sources.past, asked.data.limit ?? LIMIT_BY_DEFAULT);
      return c.json(entries.map(({ tsMs, ...entry }) => ({ ...entry, ts_ms: tsMs })));
    } catch (cause) {
      if (!(cause instanceof PastRefused)) throw cause;
      return refuse(sources, 'not-ready', cause.message);
    }
  });
}

const AUDIT = {
  path: '/api/v1/audit',
  summary: 'What was done to the site by whom, as far as it is committed, the latest first.',
} as const;
