// How a path of the API is declared: one shape for its query and one for its answer, from which the OpenAPI
// document is generated, and problems from the table for whatever goes wrong. SPEC rules AP2-AP4.

import type { HttpBindings } from '@hono/node-server';
import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import type { Hub } from '../hub/hub.ts';
import type { Past } from '../hub/past.ts';
import type { SensorRegistry } from '../hub/sensor-registry.ts';
import type { Alert } from '../model/alert.ts';
import type { InboxEntry } from '../model/inbox-entry.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEMS, type ProblemCode, problemOf } from '../model/problems.ts';
import type { RefusalView } from '../model/refusal-view.ts';
import type { SinkView } from '../model/sink-view.ts';
import type { Epoch } from './cursor.ts';
import type { MetricsText } from './metrics.ts';
import type { Pages } from './pages.ts';
import { problemHeaders } from './problem.ts';
import type { Sampler } from './sampler.ts';
import { problem } from './schema.ts';
import type { SitePulse } from './site-pulse.ts';
import type { UpdateCursors } from './update-cursors.ts';

/** All that the handlers draw on. */
export interface Sources {
  readonly hub: Hub;
  readonly epoch: Epoch;
  readonly cursors: UpdateCursors;
  readonly pages: Pages;
  readonly pulse: SitePulse;
  /** Null where the node keeps none. */
  readonly registry: SensorRegistry | null;
  readonly alerts: () => readonly Alert[];
  readonly site: string;
  readonly version: string;
  /** Peers are believed by their word, on a network. */
  readonly insecure: boolean;
  readonly evidenceRecentMs: number;
  /** What the node still waits for; nothing when it is ready. */
  readonly notReady: () => readonly string[];
  readonly uptimeMs: () => number;
  /** Where the node takes readings; null where it does not, or any port would do. */
  readonly ports: { readonly ingest: number | null; readonly mqtt: number | null };
  readonly metrics: () => Promise<MetricsText>;
  /** The past in columns; null where the node keeps none. */
  readonly past: Past | null;
  /** What the inputs refused. */
  readonly refusedInput: () => readonly RefusalView[];
  /** The topics of which they could make no reading. */
  readonly inboxed: () => readonly InboxEntry[];
  readonly sinks: () => readonly SinkView[];
  /** The last hour in samples. */
  readonly sampler: Sampler;
  /** Where the node keeps its data; null where it keeps none. */
  readonly dataDirectory: string | null;
  /** Told of every problem that is answered. */
  readonly refused: (code: ProblemCode) => void;
  readonly failed: (error: Error) => void;
}

export interface ApiEnv {
  Bindings: HttpBindings;
}

export type Api = OpenAPIHono<ApiEnv>;

export interface RouteText<Path extends string> {
  readonly path: Path;
  readonly summary: string;
  readonly description?: string;
}

export function jsonRoute<Path extends string, Query extends z.ZodObject, Answer extends z.ZodType>(
  { path, summary, description }: RouteText<Path>,
  query: Query,
  answer: Answer,
) {
  return createRoute({
    method: 'get',
    path,
    summary,
    request: { query },
    responses: {
      200: { description: description ?? summary, content: { 'application/json': { schema: answer } } },
      400: problemResponse('bad-query'),
    },
  });
}

/** How the document describes a problem's answer. */
export function problemResponse(code: ProblemCode) {
  return { description: PROBLEMS[code].title, content: { 'application/problem+json': { schema: problem } } };
}

/** A problem as an answer. */
export function refuse(sources: Sources, code: ProblemCode, detail: string): Response {
  sources.refused(code);
  return new Response(JSON.stringify(problemOf(code, detail)), {
    status: PROBLEMS[code].status,
    headers: { 'Content-Type': PROBLEM_MEDIA_TYPE, ...problemHeaders(code) },
  });
}
