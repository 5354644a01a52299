// The samples of the last hour: `/api/v1/samples`, in pages, each scene once. SPEC rule AP41.

import { z } from '@hono/zod-openapi';
import { LIMITS } from '../model/limits.ts';
import { strictQuery, wholeNumber } from './query.ts';
import { type Api, jsonRoute, type Sources } from './route.ts';
import type { Scene } from './sampler.ts';

const count = z.int().min(0);

const query = strictQuery({
  after: wholeNumber('after', Number.MAX_SAFE_INTEGER)
    .optional()
    .openapi({ type: 'integer', description: 'Only samples with a larger id.' }),
  limit: wholeNumber('limit', LIMITS.samplesKeptMax)
    .optional()
    .openapi({ type: 'integer', description: 'At most so many, from the oldest wanted on.' }),
});

export const samples = z
  .object({
    node: z.string(),
    at_ms: z.int(),
    every_ms: count,
    next: count.openapi({ description: 'To be passed as `after` next time.' }),
    more: z.boolean(),
    samples: z.array(
      z.object({
        id: count,
        ts_ms: z.int(),
        pending: count.openapi({ description: "This node's readings that wait for being committed." }),
        watermark: count,
        changes: count.openapi({ description: "Changes of sensors' latest readings since its start." }),
        sensors: count,
        scene: count,
      }),
    ),
    scenes: z.record(
      z.string(),
      z.object({
        leader: z.string().nullable(),
        round: count,
        quorum: z.boolean(),
        view_id: count,
        voters: z.array(z.string()),
        learners: z.array(z.string()),
        present: z.array(z.string()),
        members: z.array(z.object({ id: z.string(), status: z.string(), linked: z.boolean() })),
        members_left_out: count,
        links: z.array(z.array(z.string())),
      }),
    ),
  })
  .openapi('Samples');
export type Samples = z.infer<typeof samples>;
export type SampleRow = Samples['samples'][number];
export type SceneRow = Samples['scenes'][string];

export function addSampleRoutes(api: Api, { hub, sampler }: Sources): void {
  api.openapi(jsonRoute(SAMPLES, query, samples), (c) => {
    const { after = 0, limit = LIMITS.samplesKeptMax } = c.req.valid('query');
    const wanted = sampler.samples.filter(({ id }) => id > after);
    const page = wanted.slice(0, limit);
    const scenes = new Map<string, SceneRow>();
    for (const { sceneId } of page) {
      const scene = scenes.has(String(sceneId)) ? null : sampler.sceneOf(sceneId);
      if (scene !== null) scenes.set(String(sceneId), sceneRow(scene));
    }
    return c.json(
      {
        node: hub.self,
        at_ms: Date.now(),
        every_ms: sampler.everyMs,
        next: page.at(-1)?.id ?? after,
        more: wanted.length > page.length,
        samples: page.map(({ id, tsMs, outbox, watermark, changes, sensors, sceneId }) => ({
          id,
          ts_ms: tsMs,
          pending: outbox,
          watermark,
          changes,
          sensors,
          scene: sceneId,
        })),
        scenes: Object.fromEntries(scenes),
      },
      200,
    );
  });
}

function sceneRow({
  viewId,
  voters,
  learners,
  present,
  members,
  membersLeftOut,
  links,
  ...rest
}: Scene): SceneRow {
  return {
    ...rest,
    view_id: viewId,
    voters: [...voters],
    learners: [...learners],
    present: [...present],
    members: [...members],
    members_left_out: membersLeftOut,
    links: links.map((ends) => [...ends]),
  };
}

const SAMPLES = {
  path: '/api/v1/samples',
  summary: 'What this node looked like during the last hour, oldest first.',
  description:
    'A sample every `every_ms`: how much waits, how far the order is, and by number the scene: members, links, leader ' +
    'and view, given once for all samples that show it. What happened between two samples is in `/api/v1/events`.',
} as const;
