// The committed order over HTTP: `/api/v1/log` in pages, `/api/v1/view` of the group, and the words about
// `/api/v1/stream`, which the listener serves itself. SPEC rules AP21-AP25.

import type { LogPage } from '../hub/log-page.ts';
import { LIMITS } from '../model/limits.ts';
import { parseCursor } from './group-cursor.ts';
import { csvOf, logRow, ndjsonOf } from './log-row.ts';
import { queryProblem } from './query.ts';
import { type Api, jsonRoute, problemResponse, refuse, type Sources } from './route.ts';
import * as schema from './schema.ts';
import { STREAM_SHAPES } from './stream-shapes.ts';
import { viewRow } from './view-row.ts';

export const STREAM_PATH = '/api/v1/stream';
const LOG_LIMIT = 1_000;

export function addOrderRoutes(api: Api, sources: Sources): void {
  const { hub } = sources;

  api.openapi(jsonRoute(VIEW, schema.noQuery, schema.view), (c) => c.json(viewRow(hub), 200));

  api.openAPIRegistry.registerPath({
    method: 'get',
    ...LOG,
    request: { query: schema.logQuery },
    responses: {
      200: {
        description: 'A page of the log, by `Accept` or `format`.',
        content: {
          'application/json': { schema: schema.logPage },
          'application/x-ndjson': { schema: schema.logRow },
          'text/csv': { schema: { type: 'string' } },
        },
      },
      400: problemResponse('bad-query'),
      409: problemResponse('other-group'),
    },
  });
  api.get(LOG.path, async (c) => {
    const query = schema.logQuery.safeParse(c.req.query());
    if (!query.success) return refuse(sources, 'bad-query', queryProblem(query.error));
    const { from = '1', limit = LOG_LIMIT, format } = query.data;
    const cursor = parseCursor(from);
    const { group } = hub.order();
    if (cursor !== null && cursor.group !== group) {
      const what = `${from} is a place in the order of another group; this node keeps ${group ?? 'none'}`;
      return refuse(sources, 'other-group', what);
    }
    const page = await hub.log(cursor?.sequence ?? Number(from), limit);
    return answerOf(page, format ?? formatOf(c.req.header('accept')));
  });

  for (const [name, shape] of Object.entries(STREAM_SHAPES)) api.openAPIRegistry.register(name, shape);
  api.openAPIRegistry.registerPath({
    method: 'get',
    ...STREAM,
    request: { query: schema.streamQuery },
    responses: {
      200: {
        description: 'Server-sent events.',
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      400: problemResponse('bad-query'),
      503: problemResponse('too-many-streams'),
    },
  });
}

type Format = 'json' | 'ndjson' | 'csv';

function answerOf(page: LogPage, format: Format): Response {
  const { group, first, watermark, next, readings } = page;
  // What JSON says beside its rows, the other formats say in headers.
  const headers = {
    'X-Log-Group': group ?? '',
    'X-Log-First': String(first),
    'X-Log-Watermark': String(watermark),
    'X-Log-Next': String(next),
  };
  switch (format) {
    case 'json': {
      const body = JSON.stringify({ group, first, watermark, next, readings: readings.map(logRow) });
      return new Response(body, { headers: { ...headers, 'Content-Type': 'application/json' } });
    }
    case 'ndjson':
      return new Response(ndjsonOf(readings), {
        headers: { ...headers, 'Content-Type': 'application/x-ndjson' },
      });
    case 'csv':
      return new Response(csvOf(readings), {
        headers: { ...headers, 'Content-Type': 'text/csv; charset=utf-8' },
      });
  }
}

/** The first of the types a client takes that there is; JSON where it does not care. */
function formatOf(accept = ''): Format {
  for (const part of accept.split(',')) {
    const type = part.split(';')[0]?.trim().toLowerCase();
    if (type === 'application/json') return 'json';
    if (type === 'application/x-ndjson' || type === 'application/ndjson') return 'ndjson';
    if (type === 'text/csv') return 'csv';
  }
  return 'json';
}

const VIEW = {
  path: '/api/v1/view',
  summary: 'The group that keeps the common order, as this node knows it.',
} as const;
const LOG = {
  path: '/api/v1/log',
  summary: 'Committed readings in their order.',
  description:
    `From the sequence \`from\` on, at most \`limit\` (1 to ${LIMITS.logPageReadingsMax}); go on with \`next\`. ` +
    'What lies before `first` is not kept any more. NDJSON and CSV say `group`, `first`, `watermark` and `next` in ' +
    '`X-Log-` headers.',
} as const;
const STREAM = {
  path: STREAM_PATH,
  summary: 'Committed readings in their order, as they are committed.',
  description:
    '`hello` opens the stream (StreamHello), then `reading` (LogReading). `id:` is `<group>:<sequence>`; with it as ' +
    '`Last-Event-ID` the stream goes on without a gap or a double, at any node of the group. `gap` (StreamGap) says ' +
    'what is not kept any more. Where the id is of another group, `reset` (StreamReset) says so and the order of this ' +
    'one follows from its beginning: what was seen before is told by (origin, identity, n).',
} as const;
