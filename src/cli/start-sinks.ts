// The sinks of a node, or why what is said of them makes no sense.

import type { Config } from '../config/config.ts';
import type { Host } from '../host/host.ts';
import type { Log } from '../kit/log.ts';
import { Sinks, SinksConfigError } from '../sinks/sinks.ts';
import { EXIT, Failure } from './failure.ts';

export async function startSinks(config: Config, host: Host, log: Log, directory: string): Promise<Sinks> {
  const { hub, history: source } = host;
  try {
    return await Sinks.start(hub, log, { path: config.sinksConfig, directory, source });
  } catch (cause) {
    if (!(cause instanceof SinksConfigError)) throw cause;
    throw new Failure(cause.message, EXIT.usage, { cause });
  }
}
