// What this node's disk holds and how fast it is: `/api/v1/storage`. SPEC rule AP42.

import { statfs } from 'node:fs/promises';
import { z } from '@hono/zod-openapi';
import { type Api, jsonRoute, type Sources } from './route.ts';
import { noQuery } from './schema.ts';

const count = z.int().min(0);

const follower = z.object({
  sequence: count.openapi({ description: 'The last one it holds.' }),
  durable: count.openapi({ description: 'The last one it holds for good.' }),
  failures: count,
});

export const storage = z
  .object({
    node: z.string(),
    at_ms: z.int(),
    space: z
      .object({ free_bytes: count, total_bytes: count })
      .nullable()
      .openapi({ description: 'Of the file system the node keeps its data on.' }),
    full_in_s: z.number().nullable().openapi({
      description: 'When it will be full at the pace of the last day; null where nobody can tell.',
    }),
    outbox: z.object({ bytes: count, segments: count, records: count, waiting: count, full: z.boolean() }),
    log: z.object({
      bytes: count,
      segments: count,
      first_index: count,
      last_index: count,
      first_sequence: count,
      watermark: count,
      waiting: count,
      full: z.boolean(),
      damaged_entries: count,
      scrubbed_bytes: count,
    }),
    snapshot_bytes: count,
    syncs: z.object({
      count,
      p50_ms: z.number().openapi({ description: 'Of the latest syncs.' }),
      p99_ms: z.number(),
    }),
    written_bytes: count,
    stalled_ms: count.openapi({ description: 'For how long, in all, the process stood still.' }),
    csv: follower.nullable(),
    database: follower.nullable(),
  })
  .openapi('Storage');
export type Storage = z.infer<typeof storage>;

export function addStorageRoutes(api: Api, { hub, dataDirectory }: Sources): void {
  api.openapi(jsonRoute(STORAGE, noQuery, storage), async (c) => {
    const counters = hub.counters();
    const at = (name: string): number => Math.max(0, Math.round(counters[name] ?? 0));
    const { watermark, outbox } = hub.order();
    const { first } = await hub.log(Math.max(1, watermark), 1);
    return c.json(
      {
        node: hub.self,
        at_ms: Date.now(),
        space: await spaceAt(dataDirectory),
        full_in_s: counters.disk_full_in_seconds ?? null,
        outbox: {
          bytes: at('outbox_bytes'),
          segments: at('outbox_segments'),
          records: outbox,
          waiting: at('outbox_appends_waiting'),
          full: at('outbox_disk_full') > 0,
        },
        log: {
          bytes: at('history_bytes'),
          segments: at('history_segments'),
          first_index: at('history_first_index'),
          last_index: at('history_last_index'),
          first_sequence: first,
          watermark,
          waiting: at('history_appends_waiting'),
          full: at('history_disk_full') > 0,
          damaged_entries: at('history_damaged_entries'),
          scrubbed_bytes: at('history_bytes_scrubbed_total'),
        },
        snapshot_bytes: at('snapshot_bytes'),
        syncs: {
          count: at('disk_syncs_total'),
          p50_ms: counters.disk_sync_ms_p50 ?? 0,
          p99_ms: counters.disk_sync_ms_p99 ?? 0,
        },
        written_bytes: at('outbox_bytes_written_total') + at('history_bytes_written_total'),
        stalled_ms: at('host_stalled_ms_total'),
        csv: followerOf(counters, 'csv'),
        database: followerOf(counters, 'database'),
      },
      200,
    );
  });
}

/** Null where the node runs none. */
function followerOf(counters: { readonly [name: string]: number }, name: string) {
  const sequence = counters[`${name}_sequence`];
  if (sequence === undefined) return null;
  const durable = counters[`${name}_sequence_durable`] ?? 0;
  return { sequence, durable, failures: counters[`${name}_failures_total`] ?? 0 };
}

/** A directory that is gone is no reason to say nothing of the rest. */
async function spaceAt(directory: string | null) {
  if (directory === null) return null;
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
  } catch {
    return null;
  }
}

const STORAGE = {
  path: '/api/v1/storage',
  summary: "What this node's disk holds, how fast it is, and how far the files are that follow the order.",
} as const;
