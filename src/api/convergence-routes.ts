// How far this node is with each origin and with the common order: `/api/v1/convergence`. A page that asks all nodes
// makes a matrix of it, and sees in it what no single node can know while a site is split. SPEC rule AP40.

import { z } from '@hono/zod-openapi';
import type { Hub } from '../hub/hub.ts';
import { compareText } from '../kit/order.ts';
import { compareIdentities, identityText } from '../model/ids.ts';
import type { StreamView } from '../model/view.ts';
import { type Api, jsonRoute, type Sources } from './route.ts';
import { noQuery } from './schema.ts';

const count = z.int().min(0);

export const convergence = z
  .object({
    node: z.string(),
    at_ms: z.int(),
    group: z.string().nullable(),
    leader: z.string().nullable(),
    quorum: z.boolean(),
    watermark: count,
    outbox: count,
    streams: z.array(
      z.object({
        origin: z.string(),
        identity: z.string().openapi({ description: 'Counts of different identities are not comparable.' }),
        upto: count.openapi({ description: 'All changes of the origin up to this n are here.' }),
        lag: count.openapi({ description: 'Changes that this node has heard of and does not have.' }),
        stale_ms: count.openapi({ description: 'For how long it has known of some of them.' }),
        advanced_at_ms: z.int().openapi({ description: 'When the last one came; 0 for never since start.' }),
        retired: z.boolean(),
      }),
    ),
  })
  .openapi('Convergence');
export type Convergence = z.infer<typeof convergence>;

export function addConvergenceRoutes(api: Api, { hub }: Sources): void {
  api.openapi(jsonRoute(CONVERGENCE, noQuery, convergence), (c) => {
    const { group, leader, quorum, watermark, outbox } = hub.order();
    const streams = latestIdentities(hub).map((stream) => ({
      origin: stream.origin,
      identity: identityText(stream.identity),
      upto: stream.upto,
      lag: stream.lagRecords,
      stale_ms: Math.round(stream.staleMs),
      advanced_at_ms: Math.round(stream.advancedAtMs),
      retired: stream.retired,
    }));
    return c.json(
      { node: hub.self, at_ms: Date.now(), group, leader, quorum, watermark, outbox, streams },
      200,
    );
  });
}

/** What an origin wrote before it lost its disk is history; its latest identity is what it writes under. */
function latestIdentities(hub: Hub): StreamView[] {
  const latest = new Map<string, StreamView>();
  for (const stream of hub.replication().streams) {
    const known = latest.get(stream.origin);
    if (known && compareIdentities(known.identity, stream.identity) > 0) continue;
    latest.set(stream.origin, stream);
  }
  return [...latest.values()].sort((a, b) => compareText(a.origin, b.origin));
}

const CONVERGENCE = {
  path: '/api/v1/convergence',
  summary: 'How far this node is with each origin, and with the common order.',
  description:
    'One row an origin, of its latest identity, sorted by origin. `lag` is what this node knows to be missing; what it ' +
    'has not heard of, only a comparison with other nodes shows.',
} as const;
