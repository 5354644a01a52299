// All Modbus devices that this node is told to poll. SPEC rules MO1-MO5.

import { readFile } from 'node:fs/promises';
import type { Hub } from '../../hub/hub.ts';
import type { Log } from '../../kit/log.ts';
import type { DeviceCounts, DeviceLoop } from './device-loop.ts';
import { parseModbusConfig } from './modbus-config.ts';

export class ModbusConfigError extends Error {
  override readonly name = 'ModbusConfigError';
}

export class ModbusPoller {
  readonly #loops: readonly DeviceLoop[];
  readonly #counts: DeviceCounts;

  private constructor(loops: readonly DeviceLoop[], counts: DeviceCounts) {
    this.#loops = loops;
    this.#counts = counts;
  }

  /** Throws `ModbusConfigError` where the file cannot be read or says something that makes no sense. */
  static async start(hub: Hub, log: Log, path: string): Promise<ModbusPoller> {
    const devices = parseModbusConfig(await contentOf(path));
    if (!devices.ok) throw new ModbusConfigError(linesOf(path, devices.problem));
    // A node that polls nothing does without the library.
    const { DeviceLoop } = await import('./device-loop.ts');
    const counts: DeviceCounts = { reads: 0, failures: 0, readings: 0 };
    const loops = devices.value.map((device) => new DeviceLoop(hub, log, device, counts));
    log.info('modbus devices are polled', { devices: loops.length });
    return new ModbusPoller(loops, counts);
  }

  counters(): { readonly [name: string]: number } {
    return {
      modbus_reads_total: this.#counts.reads,
      modbus_failures_total: this.#counts.failures,
      modbus_readings_accepted_total: this.#counts.readings,
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ModbusConfigError(linesOf(path, cause instanceof Error ? cause.message : String(cause)));
  }
}

function linesOf(path: string, problems: string): string {
  return problems
    .split('\n')
    .map((line) => `MODBUS_CONFIG (${path}): ${line}`)
    .join('\n');
}
