// `/api/state`, `/api/updates`, `/api/membership`, `/api/topology`: the paths of the earlier system, whose pages
// and scripts poll them. SPEC rules AP5, AP7 and AP8.

import { LIMITS } from '../model/limits.ts';
import { membershipOf, topologyOf } from './membership.ts';
import { type Api, jsonRoute, type Sources } from './route.ts';
import * as schema from './schema.ts';
import { allAsUpdates, stateOf, updatesOf } from './state.ts';

export function addStateRoutes(api: Api, { hub, epoch, cursors, evidenceRecentMs }: Sources): void {
  api.openapi(jsonRoute(STATE, schema.anyQuery, schema.state), (c) => c.json(stateOf(hub), 200));

  api.openapi(jsonRoute(UPDATES, schema.updatesQuery, schema.updates), (c) => {
    const address = c.env.incoming.socket.remoteAddress ?? '';
    const asked = c.req.valid('query').cursor;
    const from = asked === undefined ? cursors.of(address) : epoch.read(asked);
    const { changes, cursor, reset } = hub.changes(from, LIMITS.updatesPerAnswerMax);

    // Who asks for the head only has not read anything.
    if (asked === undefined && c.req.method !== 'HEAD') cursors.move(address, cursor);
    c.header('X-Next-Cursor', epoch.text(cursor));
    if (reset) c.header('X-Cursor-Reset', 'true');
    return c.json(reset ? allAsUpdates(hub) : updatesOf(hub, changes), 200);
  });

  api.openapi(jsonRoute(MEMBERSHIP, schema.anyQuery, schema.membership), (c) =>
    c.json(membershipOf(hub, Date.now(), evidenceRecentMs), 200),
  );
  api.openapi(jsonRoute(TOPOLOGY, schema.anyQuery, schema.topology), (c) => c.json(topologyOf(hub), 200));
}

const STATE = { path: '/api/state', summary: 'The latest reading of every sensor.' } as const;
const UPDATES = {
  path: '/api/updates',
  summary: 'What changed since the cursor.',
  description:
    'Without a cursor: since this client address last asked. `X-Next-Cursor` leads on; with ' +
    '`X-Cursor-Reset: true` the answer is the whole state, because the cursor led nowhere.',
} as const;
const MEMBERSHIP = { path: '/api/membership', summary: 'All other nodes known, and how they are.' } as const;
const TOPOLOGY = { path: '/api/topology', summary: 'Who keeps links to whom.' } as const;
