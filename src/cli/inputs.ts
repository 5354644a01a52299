// All that a node takes readings from, as its options say: its own sensors, devices it polls, and what sends to it.

import type { Config } from '../config/config.ts';
import type { Hub } from '../hub/hub.ts';
import { HttpIngest } from '../ingest/http/http-ingest.ts';
import { httpInputs } from '../ingest/http-inputs.ts';
import { ModbusConfigError, ModbusPoller } from '../ingest/modbus/modbus-poller.ts';
import type { Refusals } from '../ingest/refusals.ts';
import { SensorRunner } from '../ingest/sensors/sensor-runner.ts';
import type { Log } from '../kit/log.ts';
import { LIMITS } from '../model/limits.ts';
import { EXIT, Failure } from './failure.ts';
import { listening } from './listening.ts';
import { Mqtt, type Shared } from './mqtt.ts';

interface Input {
  counters?(): { readonly [name: string]: number };
  stop(): Promise<void>;
}

const REQUEST_MS = 30_000;

export class Inputs {
  readonly #refusals: Refusals;
  readonly #open: Input[] = [];

  private constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  /** Where one cannot be opened, those before it are closed again. */
  static async open(hub: Hub, log: Log, config: Config, shared: Shared): Promise<Inputs> {
    const inputs = new Inputs(shared.refusals);
    try {
      for await (const input of opened(hub, log, config, shared)) inputs.#open.push(input);
      return inputs;
    } catch (cause) {
      await inputs.stop();
      throw cause;
    }
  }

  counters(): { readonly [name: string]: number } {
    const counters = this.#open.map((input) => input.counters?.() ?? {});
    return Object.assign({}, refusedBy(this.#refusals), ...counters);
  }

  /** The last one opened is the first one closed. */
  async stop(): Promise<void> {
    for (const input of this.#open.toReversed()) await input.stop();
  }
}

async function* opened(hub: Hub, log: Log, config: Config, shared: Shared): AsyncIterable<Input> {
  const { host, ingestPort, ingestAck, modbusConfig, mqttPort, sensors } = config;
  const { refusals, gate, tls } = shared;
  if (ingestPort !== null) {
    const options = {
      host,
      port: ingestPort,
      connectionsMax: LIMITS.ingestConnectionsMax,
      requestTimeoutMs: REQUEST_MS,
      refusals,
      gate,
      tls,
    };
    const inputs = httpInputs(hub, refusals, ingestAck);
    yield await listening(host, ingestPort, () => HttpIngest.start(log, options, inputs));
  }
  yield await listening(host, mqttPort ?? 0, () => Mqtt.start(hub, log, config, shared));
  if (modbusConfig !== null) yield await startModbus(hub, log, modbusConfig);
  yield await SensorRunner.start(hub, log, sensors);
}

async function startModbus(hub: Hub, log: Log, path: string): Promise<ModbusPoller> {
  try {
    return await ModbusPoller.start(hub, log, path);
  } catch (cause) {
    if (!(cause instanceof ModbusConfigError)) throw cause;
    throw new Failure(cause.message, EXIT.usage, { cause });
  }
}

/** Input and reason are words of this program, so the names are few. */
function refusedBy(refusals: Refusals): { readonly [name: string]: number } {
  return Object.fromEntries(
    refusals
      .all()
      .map(({ input, reason, count }) => [`${input}_refused_${reason.replaceAll('-', '_')}_total`, count]),
  );
}
