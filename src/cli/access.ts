// Who may come in at this node's listeners, as its options and the site's devices say.

import { hostname } from 'node:os';
import { Audit } from '../access/audit.ts';
import { Devices } from '../access/devices.ts';
import { Gate } from '../access/gate.ts';
import type { Reached } from '../access/snippets.ts';
import type { Config } from '../config/config.ts';
import { isWildcard } from '../config/relations.ts';
import type { Access } from '../control/device-acts.ts';
import type { Hub } from '../hub/hub.ts';

export interface NodeAccess {
  readonly gate: Gate;
  readonly control: Access;
}

export function accessOf(config: Config, hub: Hub, apiPort: number): NodeAccess {
  const { anonymousWrite, ingestAnonymousWrite, mqttAnonymousWrite, anonymousRead } = config;
  const devices = new Devices(hub);
  const whom = {
    ingest: ingestAnonymousWrite ?? anonymousWrite,
    mqtt: mqttAnonymousWrite ?? anonymousWrite,
    read: anonymousRead,
  };
  const gate = new Gate(devices, whom, { wallMs: () => Date.now(), steadyMs: () => performance.now() });
  return { gate, control: { devices, audit: new Audit(hub), reached: reachedAt(config, apiPort) } };
}

/** Where devices reach this node. A port that the system chose is known to the log alone. */
function reachedAt({ host, advertiseHost, mqttPort, ingestPort }: Config, apiPort: number): Reached {
  return {
    host: advertiseHost ?? (isWildcard(host) ? hostname() : host),
    mqttPort: mqttPort === 0 ? null : mqttPort,
    ingestPort: ingestPort === 0 ? null : ingestPort,
    apiPort,
  };
}
