// Gates for tests of edges: one that lets in all who come without a token, and one that lets in none of them.

import type { Hub } from '../hub/hub.ts';
import { Devices } from './devices.ts';
import { type Anonymous, Gate } from './gate.ts';

export function gateOf(hub: Hub, anonymous: Anonymous): Gate {
  const clocks = { wallMs: () => Date.now(), steadyMs: () => performance.now() };
  return new Gate(new Devices(hub), { mqtt: anonymous, ingest: anonymous, read: anonymous }, clocks);
}
