// Who may come in at this node's listeners and how, as its options, its certificate and the site's devices say.

import { Audit } from '../access/audit.ts';
import type { Device } from '../access/device.ts';
import { Devices } from '../access/devices.ts';
import { type From, Gate, type Listener } from '../access/gate.ts';
import type { Reached } from '../access/snippets.ts';
import type { Config } from '../config/config.ts';
import { isWildcard } from '../config/relations.ts';
import type { Access } from '../control/device-acts.ts';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../kit/log.ts';
import type { Address } from '../model/address.ts';
import type { DeviceTls } from './device-tls.ts';

export interface NodeAccess {
  readonly gate: Gate;
  readonly control: Access;
  readonly stop: () => void;
}

/** Where others are told to reach this node. */
export interface Reachable {
  readonly advertised: Address;
  readonly apiPort: number;
}

const TOLD_EVERY_MS = 60_000;
/** How long after its token has expired a device that stays connected is cut off. */
const EXPIRE_EVERY_MS = 30_000;

export function accessOf(
  config: Config,
  hub: Hub,
  log: Log,
  { advertised, apiPort }: Reachable,
  tls: DeviceTls | null,
): NodeAccess {
  const { anonymousWrite, ingestAnonymousWrite, mqttAnonymousWrite, anonymousRead } = config;
  const devices = new Devices(hub);
  const whom = {
    ingest: ingestAnonymousWrite ?? anonymousWrite,
    mqtt: mqttAnonymousWrite ?? anonymousWrite,
    read: anonymousRead,
  };
  const gate = new Gate(devices, whom, { wallMs: () => Date.now(), steadyMs: () => performance.now() });
  const expiring = setInterval(() => devices.expire(Date.now()), EXPIRE_EVERY_MS);
  const stop = () => {
    clearInterval(expiring);
    devices.stop();
  };
  // Who has no TLS has been told what that means at the start, or has chosen it.
  if (tls !== null) gate.onTokenInClear(tellingNowAndThen(log));
  const reached = { ...reachedAt(config, advertised), apiPort, authority: tls?.authority ?? null };
  return { gate, stop, control: { devices, audit: new Audit(hub), reached } };
}

/** Where devices reach this node. A port that the system chose is known to the log alone. */
function reachedAt(
  { host, mqttPort, ingestPort }: Config,
  advertised: Address,
): Pick<Reached, 'host' | 'mqttPort' | 'ingestPort'> {
  return {
    host: isWildcard(host) ? advertised.host : host,
    mqttPort: mqttPort === 0 ? null : mqttPort,
    ingestPort: ingestPort === 0 ? null : ingestPort,
  };
}

function tellingNowAndThen(log: Log): (device: Device, listener: Listener, from: From) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return ({ name }, listener, { address = '' }) => {
    const nowMs = performance.now();
    if (nowMs - toldAtMs < TOLD_EVERY_MS) return;
    toldAtMs = nowMs;
    const what = 'a token came over the network without TLS, where it can be read on its way';
    log.warn(what, { device: name, listener, from: address });
  };
}
