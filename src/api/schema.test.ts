import type { z } from '@hono/zod-openapi';
import { expect, test } from 'vitest';
import { audit } from './audit-routes.ts';
import { convergence } from './convergence-routes.ts';
import { inbox, refusals } from './input-routes.ts';
import { samples } from './sample-routes.ts';
import * as schema from './schema.ts';
import { alertList, sensors } from './sensor-routes.ts';
import { sinks } from './sink-routes.ts';
import { storage } from './storage-routes.ts';
import { apiOn, bob, cat, memberOf } from './testing.ts';

/** Every path that answers JSON, and the shape it promises. */
const ANSWERS: { readonly [path: string]: z.ZodType } = {
  '/api/state': schema.state,
  '/api/updates': schema.updates,
  '/api/membership': schema.membership,
  '/api/topology': schema.topology,
  '/api/introspection': schema.introspection,
  '/api/introspection/topology': schema.introspectionTopology,
  '/api/introspection/membership': schema.introspectionMembership,
  '/api/introspection/state': schema.introspectionState,
  '/api/introspection/events': schema.introspectionEvents,
  '/api/introspection/metrics': schema.introspectionMetrics,
  '/api/v1/latest': schema.latest,
  '/api/v1/members': schema.members,
  '/api/v1/pulse': schema.pulse,
  '/api/v1/events': schema.events,
  '/api/v1/log': schema.logPage,
  '/api/v1/view': schema.view,
  '/api/v1/refusals': refusals,
  '/api/v1/inbox': inbox,
  '/api/v1/sensors': sensors,
  '/api/v1/alerts': alertList,
  '/api/v1/sinks': sinks,
  '/api/v1/audit': audit,
  '/api/v1/convergence': convergence,
  '/api/v1/samples': samples,
  '/api/v1/storage': storage,
  '/healthz': schema.health,
  '/readyz': schema.readiness,
};
const NOT_JSON_OF_OURS = [
  '/api/v1/live',
  '/api/v1/stream',
  '/metrics',
  '/metrics/sensors',
  '/api/openapi.json',
];
const NEEDS_A_QUERY = ['/api/v1/history'];

test.each(Object.entries(ANSWERS))('[AP2] %s answers what its schema says', async (path, shape) => {
  const { get } = await busyApi();

  const response = await get(path);
  const body: unknown = await response.json();

  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  // Parsing drops what the shape does not know, so equality means that nothing undocumented is sent.
  expect(shape.parse(body)).toEqual(body);
});

test('[AP2] the OpenAPI document lists every path there is', async () => {
  const { get } = await apiOn();

  const document: unknown = await (await get('/api/openapi.json')).json();

  expect(document).toMatchObject({ openapi: '3.1.0', paths: expect.any(Object) });
  const paths = pathsOf(document);
  expect(paths.sort()).toEqual([...Object.keys(ANSWERS), ...NOT_JSON_OF_OURS, ...NEEDS_A_QUERY].sort());
});

test('[AP2] HEAD is answered as GET is, without the body', async () => {
  const { get } = await busyApi();

  for (const path of [...Object.keys(ANSWERS), ...NOT_JSON_OF_OURS, '/']) {
    const response = await get(path, { method: 'HEAD' });
    expect([path, response.status, await response.text()]).toEqual([path, 200, '']);
    expect(response.headers.get('content-type')).not.toBeNull();
  }
});

test('[AP4] a query that is not understood is one line that says what is allowed', async () => {
  const { get } = await apiOn();

  const details: string[] = [];
  for (const query of [
    'latest?mach=a',
    'latest?match=a%23',
    'latest?match=a&match=b',
    'events?limit=1e3',
    'members?x=1',
  ]) {
    const response = await get(`/api/v1/${query}`);
    const problem = schema.problem.parse(await response.json());
    expect([response.status, problem.code]).toEqual([400, 'bad-query']);
    details.push(problem.detail);
  }

  expect(details).toEqual([
    'unknown parameter "mach"; allowed here: match',
    expect.stringMatching(/^match is levels separated by .* got "a#"$/),
    'match is given once',
    'limit is a whole number from 0 to 2048',
    'unknown parameter "x"; allowed here: none',
  ]);
});

test('[AP4] the paths of the earlier system ignore parameters they do not know', async () => {
  const { get } = await apiOn();

  expect((await get('/api/state?_=1700000000')).status).toBe(200);
  expect((await get('/api/introspection?_=1700000000')).status).toBe(200);
});

test('[AP12] members are all nodes, this one among them; events are narrowed by after and limit', async () => {
  const { hub, get } = await busyApi();

  const members = schema.members.parse(await (await get('/api/v1/members')).json());
  const events = schema.events.parse(await (await get('/api/v1/events')).json());
  const first = events[0]?.id ?? 0;
  const later = schema.events.parse(await (await get(`/api/v1/events?after=${first}`)).json());
  const last = schema.events.parse(await (await get('/api/v1/events?limit=1')).json());

  expect(members.map(({ id, self }) => [id, self])).toEqual([
    ['ann', true],
    ['bob', false],
    ['cat', false],
  ]);
  expect(later).toEqual(events.slice(1));
  expect(last).toEqual(events.slice(-1));
  expect(hub.facts().length).toBe(events.length);
});

async function busyApi() {
  const running = await apiOn();
  running.hub.others = [memberOf(bob), memberOf(cat, { status: 'left', phi: null, lastDirectMs: 0 })];
  await running.say('bed1/temperature', 21.5, { unit: 'Cel', periodMs: 1_000 });
  await running.say('climate@1', { temperature_c: 21.5, ok: true, text: 'dry' });
  await running.say('door', false);
  running.hub.announce({ type: 'link-down', peer: bob, cause: 'closed' });
  running.hub.announce({ type: 'clock-off', offsetMs: 4_000 });
  return running;
}

function pathsOf(document: unknown): string[] {
  return Object.keys(JSON.parse(JSON.stringify(document)).paths);
}
