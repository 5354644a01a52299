// What the two streams send as `data:` that is no row of another path: of changes, and of the committed order. SPEC
// rules AP11, AP22.

import { z } from '@hono/zod-openapi';

const count = z.int().min(0);

/** Of changes: by the names the document has for them. */
export const LIVE_SHAPES = {
  LiveHello: z.object({ node: z.string(), site: z.string(), version: z.string(), resumed: z.boolean() }),
  LiveForgotten: z.object({ sensor: z.string() }),
  LiveReset: z.object({ why: z.string() }),
};

export type LiveHello = z.infer<typeof LIVE_SHAPES.LiveHello>;
export type LiveForgotten = z.infer<typeof LIVE_SHAPES.LiveForgotten>;

/** Of the committed order, beside its readings. */
export const STREAM_SHAPES = {
  StreamHello: z.object({
    node: z.string(),
    site: z.string(),
    version: z.string(),
    group: z.string().nullable(),
    watermark: count,
    next: count,
    resumed: z.boolean(),
  }),
  StreamGap: z.object({ from: count, to: count }),
  StreamReset: z.object({ why: z.string(), group: z.string().nullable(), first: count, watermark: count }),
};

export type StreamHello = z.infer<typeof STREAM_SHAPES.StreamHello>;
export type StreamReset = z.infer<typeof STREAM_SHAPES.StreamReset>;
