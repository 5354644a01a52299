// The machine's own load as a sensor: processor, memory, disk, network and temperature in one reading. On
// Linux it reads a few files of /proc, which costs a fraction of a millisecond; elsewhere it asks the library
// systeminformation, which may start processes. SPEC rule IN15.

import { statfs } from 'node:fs/promises';
import type { Sample, SensorSource } from './source.ts';

/** A platform's way to the numbers. A field it cannot tell is left out. */
export interface HostProbe {
  read(): Promise<HostCounters>;
}

export interface HostCounters {
  readonly steadyMs: number;
  /** Shares since the last read. */
  readonly cpuLoadPct: number;
  readonly memoryUsedPct: number;
  /** Sums since the machine started. */
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly temperatureC: number | null;
}

/** How long the first reading measures; each later one measures since the one before it. */
const FIRST_MEASURE_MS = 200;

export class HostSource implements SensorSource {
  readonly #probe: HostProbe;
  #before: HostCounters | null = null;

  constructor(probe: HostProbe) {
    this.#probe = probe;
  }

  async sample(): Promise<Sample> {
    const before = this.#before ?? (await this.#firstRead());
    const counters = await this.#probe.read();
    this.#before = counters;
    const seconds = Math.max(0.001, (counters.steadyMs - before.steadyMs) / 1000);
    const { temperatureC } = counters;
    return {
      value: {
        cpu_load_pct: rounded(counters.cpuLoadPct),
        memory_used_pct: rounded(counters.memoryUsedPct),
        disk_used_pct: rounded(await diskUsedPct('/')),
        net_rx_bytes_s: Math.max(0, Math.round((counters.rxBytes - before.rxBytes) / seconds)),
        net_tx_bytes_s: Math.max(0, Math.round((counters.txBytes - before.txBytes) / seconds)),
        ...(temperatureC !== null && { temperature_c: rounded(temperatureC) }),
      },
    };
  }

  async #firstRead(): Promise<HostCounters> {
    const counters = await this.#probe.read();
    await new Promise((resolve) => setTimeout(resolve, FIRST_MEASURE_MS));
    return counters;
  }
}

/** As `df` counts: what is taken, of what a user can take. */
async function diskUsedPct(path: string): Promise<number> {
  const { blocks, bfree, bavail } = await statfs(path);
  const used = blocks - bfree;
  return used + bavail === 0 ? 0 : (100 * used) / (used + bavail);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
