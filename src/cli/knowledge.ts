// What a node knows of its sensors beyond their readings and of its disk, and what it makes of it: the registry, the alerts,
// and when the disk will be full.

import { join } from 'node:path';
import { Alerts, AlertsConfigError } from '../alerts/alerts.ts';
import type { Config } from '../config/config.ts';
import { DiskWatch } from '../host/disk-forecast.ts';
import type { Host } from '../host/host.ts';
import type { Log } from '../kit/log.ts';
import { Registry } from '../registry/registry.ts';
import { EXIT, Failure } from './failure.ts';

const REGISTRY = 'registry.jsonl';

export interface Knowledge {
  readonly registry: Registry;
  readonly alerts: Alerts;
  stop(): Promise<void>;
}

/** `directory` is where the node keeps all of its own. */
export async function startKnowledge(
  config: Config,
  host: Host,
  log: Log,
  directory: string,
): Promise<Knowledge> {
  const { hub } = host;
  const disk = new DiskWatch(directory);
  const registry = await Registry.start(hub, log, join(directory, REGISTRY));
  try {
    const alerts = await Alerts.start(hub, log, {
      path: config.alertsConfig,
      site: config.site,
      overdue: (nowMs, sinceMs) => registry.overdue(nowMs, sinceMs),
      nowMs: Date.now,
      announce: (fact) => hub.hear(fact),
    });
    host.count(() => ({ ...registry.counters(), ...alerts.counters(), ...disk.counters() }));
    return {
      registry,
      alerts,
      stop: async () => {
        await alerts.stop();
        await registry.stop();
        await disk.stop();
      },
    };
  } catch (cause) {
    await registry.stop();
    await disk.stop();
    if (!(cause instanceof AlertsConfigError)) throw cause;
    throw new Failure(cause.message, EXIT.usage, { cause });
  }
}
