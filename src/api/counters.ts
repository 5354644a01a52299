// The metrics section of `/api/introspection`: counters by the names of the earlier system, and how far the ring
// of changes and the streams of the origins are. SPEC rule AP5.

import type { Hub } from '../hub/hub.ts';
import { compareIdentities, type Identity, type PeerId } from '../model/ids.ts';
import type { MetricsSection } from './schema.ts';

/** Shown even when nothing has counted them yet. */
export const COUNTERS_ALWAYS_SHOWN = [
  'gossip_messages_received_total',
  'gossip_messages_sent_total',
  'sensor_updates_applied_total',
  'sensor_updates_pushed_total',
  'get_delta_requests_received_total',
  'get_delta_requests_sent_total',
  'get_delta_unavailable_total',
  'full_sync_requests_received_total',
  'full_sync_requests_sent_total',
  'full_sync_responses_received_total',
  'full_sync_responses_sent_total',
  'replication_rounds_total',
] as const;

export function countersOf(hub: Hub): { [name: string]: number } {
  const zeroes = Object.fromEntries(COUNTERS_ALWAYS_SHOWN.map((name) => [name, 0]));
  return { ...zeroes, ...hub.counters() };
}

/** `lastRead` is the furthest that a client of `/api/updates` without a cursor of its own has read. */
export function metricsSection(hub: Hub, lastRead: number): MetricsSection {
  const replication = hub.replication();
  const latestIdentity = new Map<PeerId, Identity>();
  const latest: { [origin: string]: number } = {};
  for (const { origin, identity, upto } of replication.streams) {
    const known = latestIdentity.get(origin);
    if (known && compareIdentities(known, identity) > 0) continue;
    latestIdentity.set(origin, identity);
    latest[origin] = upto;
  }
  return {
    counters: countersOf(hub),
    // The first five describe one thing, as they did in the earlier system: the ring of changes.
    state_replication: {
      next_seq: replication.newestChange + 1,
      last_read_seq: lastRead,
      oldest_retained_seq: replication.changesKept === 0 ? 0 : replication.oldestChange,
      newest_retained_seq: replication.newestChange,
      retained_delta_count: replication.changesKept,
      latest_seq_by_origin: latest,
      next_n: replication.nextN,
    },
  };
}
