// The load of a machine that is not Linux, by the library systeminformation. It is loaded when it is first
// needed, since it is large.

import type { Systeminformation } from 'systeminformation';
import type { HostCounters, HostProbe } from './host-source.ts';

interface Library {
  currentLoad(): Promise<Systeminformation.CurrentLoadData>;
  mem(): Promise<Systeminformation.MemData>;
  networkStats(interfaces: string): Promise<Systeminformation.NetworkStatsData[]>;
  cpuTemperature(): Promise<Systeminformation.CpuTemperatureData>;
}

export class LibraryProbe implements HostProbe {
  readonly #library: Library;

  private constructor(library: Library) {
    this.#library = library;
  }

  static async open(): Promise<LibraryProbe> {
    return new LibraryProbe((await import('systeminformation')).default);
  }

  async read(): Promise<HostCounters> {
    const load = await this.#library.currentLoad();
    const memory = await this.#library.mem();
    const interfaces = await this.#library.networkStats('*');
    const { main } = await this.#library.cpuTemperature();
    const outer = interfaces.filter(({ iface }) => !iface.startsWith('lo'));
    return {
      steadyMs: performance.now(),
      cpuLoadPct: load.currentLoad,
      memoryUsedPct: (100 * (memory.total - memory.available)) / Math.max(1, memory.total),
      rxBytes: outer.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
      txBytes: outer.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
      temperatureC: Number.isFinite(main) ? main : null,
    };
  }
}
