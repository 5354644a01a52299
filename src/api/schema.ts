// The shapes of the read-only API, once: they validate queries, type the handlers, generate the OpenAPI document,
// and the tests check every answer against them. SPEC rules AP2 and AP5.

import { z } from '@hono/zod-openapi';
import { LIMITS } from '../model/limits.ts';
import { PROBLEM_CODES } from '../model/problems.ts';
import { CURSOR } from './cursor.ts';
import { parseCursor } from './group-cursor.ts';
import { parseMatch } from './match.ts';
import { strictQuery, wholeNumber } from './query.ts';

const FROM = /^[1-9]\d{0,14}$/;
const STREAM_FROM_ALLOWED = 'from is a sequence from 1 on';

const scalar = z.union([z.number(), z.boolean(), z.string()]);
const value = z.union([scalar, z.record(z.string(), scalar)]).openapi({
  description: "A sensor's value: a number, boolean or text, or a flat record of those (its fields).",
});
const timeMs = z.int().openapi({ description: 'Unix time in milliseconds; 0 for never.' });
const count = z.int().min(0);

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(PROBLEM_CODES),
    detail: z.string(),
  })
  .openapi('Problem');

// The paths of the earlier system.

const meta = z.object({ unit: z.string(), period_ms: z.number() });

const stateRecord = z.object({ value, ts_ms: timeMs, origin: z.string(), meta }).openapi('StateRecord');

export const state = z.record(z.string(), z.record(z.string(), stateRecord)).openapi('State', {
  description: 'By the id of the node that answers, then by `<origin>:<sensor_id>`.',
});

export const syncSource = z.enum(['local_sensor', 'push', 'pull', 'full_sync', 'upsert', 'unknown']);

export const updates = z
  .record(z.string(), z.record(z.string(), stateRecord.extend({ sync_source: syncSource })))
  .openapi('Updates');

const peer = z
  .object({
    peer_id: z.string(),
    host: z.string(),
    port: z.int(),
    status: z.enum(['alive', 'suspected', 'dead']),
    phi: z.number().nullable(),
    last_heartbeat_ts_ms: timeMs,
    sample_count: count,
    sample_window_size: count,
    status_transition_ts_ms: timeMs,
    direct_status: z.enum(['alive', 'suspected', 'dead', 'unknown']),
    evidence_status: z.enum(['active', 'stale', 'unknown']),
    display_status: z.enum(['alive_direct', 'alive_indirect', 'suspected', 'dead', 'unknown']),
    last_evidence_ts_ms: timeMs,
    last_evidence_source: z.string(),
    direct_observed: z.boolean(),
  })
  .openapi('Peer');

export const membership = z
  .object({ local_node_id: z.string(), peers: z.array(peer) })
  .openapi('Membership', { description: 'All other nodes known, sorted by id.' });

export const topology = z
  .object({
    local_node_id: z.string(),
    adjacency: z.record(z.string(), z.array(z.string())),
    entries: z.array(
      z.object({ node_id: z.string(), direct_neighbors: z.array(z.string()), updated_at_ms: timeMs }),
    ),
  })
  .openapi('Topology');

const sensorState = z
  .object({
    record_count: count,
    records: z.array(
      z.object({
        global_sensor_id: z.string(),
        sensor_id: z.string(),
        origin: z.string(),
        ts_ms: timeMs,
        value,
        meta,
      }),
    ),
  })
  .openapi('SensorState');

export const event = z
  .object({
    id: count,
    ts_ms: timeMs,
    event_type: z.string(),
    category: z.enum(['control_plane', 'data_plane']),
    sender_id: z.string().optional(),
    target_id: z.string().optional(),
    details: z.record(z.string(), z.union([scalar, z.array(z.string())])).optional(),
  })
  .openapi('Event');

const eventsSection = z.object({ count, items: z.array(event) }).openapi('EventsSection');

const metricsSection = z
  .object({
    counters: z.record(z.string(), z.number()),
    state_replication: z.object({
      next_seq: count,
      last_read_seq: count,
      oldest_retained_seq: count,
      newest_retained_seq: count,
      retained_delta_count: count,
      latest_seq_by_origin: z.record(z.string(), count),
      next_n: count,
    }),
  })
  .openapi('MetricsSection');

const stamp = { schema_version: z.literal('introspection/v1'), generated_at_ms: timeMs };

export const introspection = z
  .object({
    ...stamp,
    cluster: z.object({
      topology,
      membership,
      sensor_state: sensorState,
      events: eventsSection,
      metrics: metricsSection,
    }),
  })
  .openapi('Introspection');

export const introspectionTopology = z.object({ ...stamp, topology });
export const introspectionMembership = z.object({ ...stamp, membership });
export const introspectionState = z.object({ ...stamp, sensor_state: sensorState });
export const introspectionEvents = z.object({ ...stamp, events: eventsSection });
export const introspectionMetrics = z.object({ ...stamp, metrics: metricsSection });

export type State = z.infer<typeof state>;
export type Updates = z.infer<typeof updates>;
export type Peer = z.infer<typeof peer>;
export type Membership = z.infer<typeof membership>;
export type Topology = z.infer<typeof topology>;
export type SensorState = z.infer<typeof sensorState>;
export type MetricsSection = z.infer<typeof metricsSection>;
export type IntrospectionMetrics = z.infer<typeof introspectionMetrics>;

// Version 1.

export const latestRow = z
  .object({
    sensor: z.string(),
    origin: z.string(),
    value,
    ts_ms: timeMs,
    ingest_ts_ms: timeMs,
    age_ms: count,
    unit: z.string(),
    period_ms: z.number(),
    n: count,
    commit: z.enum(['stored', 'committed']),
    group: z.string().nullable(),
    sequence: count.nullable(),
    stale: z.boolean(),
    flags: z.array(z.enum(['clock', 'collision'])),
  })
  .openapi('LatestReading');

export const latest = z.array(latestRow);
export type Latest = z.infer<typeof latest>;

const member = z
  .object({
    id: z.string(),
    self: z.boolean(),
    status: z.enum(['alive', 'suspected', 'dead', 'left']),
    status_since_ms: timeMs,
    host: z.string(),
    port: z.int(),
    api_port: z.int().openapi({ description: 'Port of its read-only API, 0 for none.' }),
    zone: z
      .string()
      .openapi({ description: 'Where the node stands, as its operator calls it; may be empty.' }),
    incarnation: count,
    identity: z.string(),
    phi: z.number().nullable(),
    samples: count,
    last_heard_ms: timeMs,
    last_evidence_ms: timeMs,
    last_evidence_source: z.string(),
    direct_status: z.enum(['alive', 'suspected', 'dead', 'unknown']),
    linked: z.boolean(),
    clock_offset_ms: z.number().nullable(),
    round_trip_ms: z.number().nullable(),
  })
  .openapi('Member');

export const members = z.array(member);
export type Members = z.infer<typeof members>;
export type Member = Members[number];

export const events = z.array(event);

const logRowShape = z.object({
  sequence: count.openapi({ description: 'Its place in the order of its group, from 1, without gaps.' }),
  sensor: z.string(),
  origin: z.string(),
  identity: z.string(),
  n: count,
  ts_ms: timeMs,
  ingest_ts_ms: timeMs,
  value,
  unit: z.string(),
  flags: z.array(z.literal('clock')),
});

export const logRow = logRowShape.openapi('LogReading');

export const logPage = z
  .object({
    group: z.string().nullable(),
    first: count,
    watermark: count,
    next: count,
    readings: z.array(logRow),
  })
  .openapi('LogPage');

export type LogPage = z.infer<typeof logPage>;

export const view = z
  .object({
    group: z.string().nullable(),
    view_id: count,
    role: z.enum(['voter', 'learner', 'witness', 'stranger']),
    leader: z.string().nullable(),
    ballot: z.object({ round: count, peer: z.string() }).nullable(),
    voters: z.array(z.string()),
    learners: z.array(z.string()),
    present: z.array(z.string()),
    quorum: z.boolean(),
    watermark: count,
    commit_index: count,
    last_index: count,
    outbox: count.openapi({ description: 'Own records stored here and not yet known committed.' }),
  })
  .openapi('View');

export type View = z.infer<typeof view>;

export const pulse = z
  .object({
    node: z.string(),
    ts_ms: timeMs,
    sensors: count,
    oldest_pending_ms: count
      .nullable()
      .openapi({ description: 'Since when the oldest reading known here has been waiting for its place.' }),
    view,
    members,
    links: z
      .record(z.string(), z.array(z.string()))
      .openapi({ description: 'Whom each node keeps links to.' }),
    origins: z.array(
      z.object({
        origin: z.string(),
        n: count.openapi({ description: 'How many of its changes are here.' }),
        committed_n: count.openapi({ description: 'Up to which of them all have their place in the order.' }),
        lag: count.openapi({ description: 'Changes known to exist and not here.' }),
        stale_ms: count,
        advanced_ms: timeMs,
      }),
    ),
  })
  .openapi('Pulse');
export type Pulse = z.infer<typeof pulse>;

export const health = z
  .object({
    status: z.literal('up'),
    node: z.string(),
    site: z.string(),
    version: z.string(),
    insecure: z.boolean(),
    uptime_ms: count,
    ingest_port: z
      .int()
      .nullable()
      .openapi({ description: 'Where it takes readings by HTTP; null where it does not, or says no more.' }),
    mqtt_port: z.int().nullable().openapi({ description: 'Where it speaks MQTT; likewise.' }),
  })
  .openapi('Health');

export type Health = z.infer<typeof health>;

export const readiness = z.object({ status: z.literal('ready') }).openapi('Readiness');

// Queries. Unknown parameters are refused on the paths of version 1, where a misspelt one would silently give
// too much; pages of the earlier system may add what they like to its paths.

const match = z.string({ error: 'match is given once' }).transform((text, context) => {
  const parsed = parseMatch(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.problem });
  return z.NEVER;
});

export const matchQuery = strictQuery({
  match: match
    .optional()
    .openapi({ type: 'string', example: 'bed1/#', description: 'An MQTT topic filter.' }),
});

export const liveQuery = matchQuery.extend({
  pulse: z
    .enum(['true', 'false'], { error: 'pulse is true or false' })
    .optional()
    .openapi({ description: 'Whether `pulse` (Pulse) is sent, every second.' }),
});

export const EVENTS_LIMIT_MAX = 2_048;

export const eventsQuery = strictQuery({
  after: wholeNumber('after', Number.MAX_SAFE_INTEGER)
    .optional()
    .openapi({ type: 'integer', description: 'Only events with a larger id.' }),
  limit: wholeNumber('limit', EVENTS_LIMIT_MAX)
    .optional()
    .openapi({ type: 'integer', description: 'Only the latest so many.' }),
});

const FROM_ALLOWED = 'from is a sequence from 1 on, or <group>:<sequence>';

export const logQuery = strictQuery({
  from: z
    .string({ error: FROM_ALLOWED })
    .refine((text) => FROM.test(text) || parseCursor(text) !== null, FROM_ALLOWED)
    .optional()
    .openapi({ type: 'string', example: '1', description: 'The first sequence wanted; 1 without it.' }),
  limit: wholeNumber('limit', LIMITS.logPageReadingsMax)
    .optional()
    .openapi({ type: 'integer', description: 'At most so many; 1000 without it.' }),
  format: z.enum(['json', 'ndjson', 'csv'], { error: 'format is json, ndjson or csv' }).optional(),
});

export const streamQuery = strictQuery({
  match: match
    .optional()
    .openapi({ type: 'string', example: 'bed1/#', description: 'An MQTT topic filter.' }),
  from: z
    .string({ error: STREAM_FROM_ALLOWED })
    .regex(FROM, STREAM_FROM_ALLOWED)
    .transform(Number)
    .optional()
    .openapi({ type: 'integer', description: 'Where to begin; without it, with what is committed next.' }),
});

const CURSOR_ALLOWED = 'cursor is a whole number or what X-Next-Cursor said, given once';

export const updatesQuery = z.object({
  cursor: z.string({ error: CURSOR_ALLOWED }).regex(CURSOR, CURSOR_ALLOWED).optional().openapi({
    description:
      'What `X-Next-Cursor` said last; 0 for all changes kept. Without it, one is kept per client address.',
  }),
});

/** Of paths without parameters: strict in version 1, lenient elsewhere. */
export const noQuery = strictQuery({});
export const anyQuery = z.object({});
