// `/api/introspection` and its sections, in the shapes `introspection/v1` of the earlier system. SPEC rule AP5.

import { metricsSection } from './counters.ts';
import { eventRows } from './event.ts';
import { membershipOf, topologyOf } from './membership.ts';
import { type Api, jsonRoute, type Sources } from './route.ts';
import * as schema from './schema.ts';
import { sensorState } from './state.ts';

export function addIntrospectionRoutes(api: Api, { hub, cursors, evidenceRecentMs }: Sources): void {
  const topology = () => topologyOf(hub);
  const membership = () => membershipOf(hub, Date.now(), evidenceRecentMs);
  const sensor_state = () => sensorState(hub);
  const metrics = () => metricsSection(hub, cursors.furthest);
  const events = () => {
    const items = eventRows(hub.facts(), hub.self);
    return { count: items.length, items };
  };

  api.openapi(jsonRoute(section('', 'All sections at once.'), schema.anyQuery, schema.introspection), (c) => {
    const cluster = {
      topology: topology(),
      membership: membership(),
      sensor_state: sensor_state(),
      events: events(),
      metrics: metrics(),
    };
    return c.json({ ...stamp(), cluster }, 200);
  });

  const { anyQuery } = schema;
  api.openapi(
    jsonRoute(section('/topology', 'Who keeps links to whom.'), anyQuery, schema.introspectionTopology),
    (c) => c.json({ ...stamp(), topology: topology() }, 200),
  );
  api.openapi(
    jsonRoute(section('/membership', 'All other nodes.'), anyQuery, schema.introspectionMembership),
    (c) => c.json({ ...stamp(), membership: membership() }, 200),
  );
  api.openapi(
    jsonRoute(section('/state', 'All latest readings.'), anyQuery, schema.introspectionState),
    (c) => c.json({ ...stamp(), sensor_state: sensor_state() }, 200),
  );
  api.openapi(
    jsonRoute(section('/events', 'What happened, oldest first.'), anyQuery, schema.introspectionEvents),
    (c) => c.json({ ...stamp(), events: events() }, 200),
  );
  api.openapi(
    jsonRoute(section('/metrics', 'Counters and cursors.'), anyQuery, schema.introspectionMetrics),
    (c) => c.json({ ...stamp(), metrics: metrics() }, 200),
  );
}

function section<Name extends string>(name: Name, summary: string) {
  return { path: `/api/introspection${name}`, summary } as const;
}

function stamp() {
  return { schema_version: 'introspection/v1', generated_at_ms: Date.now() } as const;
}
