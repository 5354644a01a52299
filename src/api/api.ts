// The read-only API as one thing: all routes, and what is answered where there is none. SPEC rules AP2-AP4.

import { OpenAPIHono } from '@hono/zod-openapi';
import { quoted } from '../model/ids.ts';
import { addAuditRoutes } from './audit-routes.ts';
import { addConvergenceRoutes } from './convergence-routes.ts';
import { addHistoryRoutes } from './history-routes.ts';
import { addInputRoutes } from './input-routes.ts';
import { addIntrospectionRoutes } from './introspection-routes.ts';
import { addOperationRoutes } from './operation-routes.ts';
import { addOrderRoutes } from './order-routes.ts';
import { queryProblem } from './query.ts';
import { type Api, type ApiEnv, refuse, type Sources } from './route.ts';
import { addSampleRoutes } from './sample-routes.ts';
import { addSensorRoutes } from './sensor-routes.ts';
import { addSinkRoutes } from './sink-routes.ts';
import { addStateRoutes } from './state-routes.ts';
import { addStorageRoutes } from './storage-routes.ts';
import { addVersion1Routes } from './v1-routes.ts';

export function apiOf(sources: Sources): Api {
  const api: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) =>
      result.success ? undefined : refuse(sources, 'bad-query', queryProblem(result.error)),
  });
  addStateRoutes(api, sources);
  addIntrospectionRoutes(api, sources);
  addVersion1Routes(api, sources);
  addOrderRoutes(api, sources);
  addHistoryRoutes(api, sources);
  addAuditRoutes(api, sources);
  addInputRoutes(api, sources);
  addSinkRoutes(api, sources);
  addSensorRoutes(api, sources);
  addConvergenceRoutes(api, sources);
  addSampleRoutes(api, sources);
  addStorageRoutes(api, sources);
  addOperationRoutes(api, sources);

  api.notFound((c) =>
    refuse(
      sources,
      'not-found',
      `nothing is at ${quoted(c.req.path)}; /api/openapi.json lists what there is`,
    ),
  );
  api.onError((error) => {
    sources.failed(error);
    return refuse(sources, 'internal-error', 'the node has logged what failed');
  });
  return api;
}
