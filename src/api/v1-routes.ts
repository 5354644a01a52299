// Version 1: `/api/v1/latest`, `members`, `events`, and the words about `live`, which the listener serves itself.
// SPEC rules AP9-AP12.

import { compareText } from '../kit/order.ts';
import { eventRows } from './event.ts';
import { latestRow, stalenessOf } from './latest-row.ts';
import { matches } from './match.ts';
import { membersOf } from './membership.ts';
import { type Api, jsonRoute, problemResponse, type Sources } from './route.ts';
import * as schema from './schema.ts';
import { LIVE_SHAPES } from './stream-shapes.ts';

export const LIVE_PATH = '/api/v1/live';

export function addVersion1Routes(api: Api, { hub, pulse, registry }: Sources): void {
  api.openapi(jsonRoute(LATEST, schema.matchQuery, schema.latest), (c) => {
    const match = c.req.valid('query').match ?? null;
    const nowMs = Date.now();
    const staleness = stalenessOf(hub, registry);
    const rows: schema.Latest = [];
    for (const latest of hub.latest()) {
      if (!matches(match, latest.record.sensor)) continue;
      rows.push(latestRow(latest, hub.commitOf(latest), nowMs, staleness));
    }
    rows.sort((a, b) => compareText(a.sensor, b.sensor));
    return c.json(rows, 200);
  });

  api.openapi(jsonRoute(MEMBERS, schema.noQuery, schema.members), (c) => c.json(membersOf(hub), 200));

  api.openapi(jsonRoute(PULSE, schema.noQuery, schema.pulse), (c) => c.json(pulse.row(), 200));

  api.openapi(jsonRoute(EVENTS, schema.eventsQuery, schema.events), (c) => {
    const { after = 0, limit = schema.EVENTS_LIMIT_MAX } = c.req.valid('query');
    const facts = hub.facts().filter((fact) => fact.id > after);
    const rows = eventRows(facts, hub.self);
    return c.json(limit === 0 ? [] : rows.slice(-limit), 200);
  });

  for (const [name, shape] of Object.entries(LIVE_SHAPES)) api.openAPIRegistry.register(name, shape);
  api.openAPIRegistry.registerPath({
    method: 'get',
    ...LIVE,
    request: { query: schema.liveQuery },
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

const LATEST = {
  path: '/api/v1/latest',
  summary: 'One row a sensor: the reading that wins by time, then origin.',
} as const;
const MEMBERS = { path: '/api/v1/members', summary: 'All nodes known, this one among them.' } as const;
const PULSE = {
  path: '/api/v1/pulse',
  summary: 'The site at a glance: members, links, the group, and how far each origin is in the order.',
} as const;
const EVENTS = { path: '/api/v1/events', summary: 'The facts kept, oldest first.' } as const;
const LIVE = {
  path: LIVE_PATH,
  summary: 'What changes, as it changes.',
  description:
    '`hello` opens the stream (LiveHello), then `reading` (LatestReading), `forgotten` (LiveForgotten) and `fact` ' +
    '(Event), and every second `pulse` where it is asked for. `id:` is `<node>:<incarnation>.<random>:<cursor>`; with it as `Last-Event-ID` the stream goes on where it ' +
    'ended, or says `reset` (LiveReset): read everything anew.',
} as const;
