// The load of a Linux machine, read from /proc and /sys (proc(5)).

import { readdir, readFile } from 'node:fs/promises';
import type { HostCounters, HostProbe } from './host-source.ts';

const THERMAL = '/sys/class/thermal';
/** Zones that stand for the processor come before any other. */
const PROCESSOR_ZONE = /cpu|x86_pkg|soc|core/i;
/** What only passes on what another interface carries, or never leaves the machine. */
const INNER_INTERFACE = /^(?:lo|veth|docker|br-|virbr|tap|tun)/;

export class LinuxProbe implements HostProbe {
  readonly #temperatureFile: string | null;
  #busyBefore = 0;
  #totalBefore = 0;

  private constructor(temperatureFile: string | null) {
    this.#temperatureFile = temperatureFile;
  }

  static async open(): Promise<LinuxProbe> {
    return new LinuxProbe(await temperatureFile());
  }

  async read(): Promise<HostCounters> {
    const stat = await readFile('/proc/stat', 'utf8');
    const memory = await readFile('/proc/meminfo', 'utf8');
    const network = await readFile('/proc/net/dev', 'utf8');
    return {
      steadyMs: performance.now(),
      cpuLoadPct: this.#cpuLoadPct(stat),
      memoryUsedPct: memoryUsedPct(memory),
      ...networkBytes(network),
      temperatureC: await this.#temperatureC(),
    };
  }

  #cpuLoadPct(stat: string): number {
    // user nice system idle iowait irq softirq steal; what follows is counted in user already.
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = stat
      .slice(0, stat.indexOf('\n'))
      .split(/\s+/)
      .slice(1, 9)
      .map(Number);
    const busy = user + nice + system + irq + softirq + steal;
    const total = busy + idle + iowait;
    const share = (busy - this.#busyBefore) / Math.max(1, total - this.#totalBefore);
    this.#busyBefore = busy;
    this.#totalBefore = total;
    return 100 * Math.min(1, Math.max(0, share));
  }

  async #temperatureC(): Promise<number | null> {
    if (this.#temperatureFile === null) return null;
    const milli = Number(await readFile(this.#temperatureFile, 'utf8').catch(() => 'none'));
    return Number.isFinite(milli) ? milli / 1000 : null;
  }
}

function memoryUsedPct(meminfo: string): number {
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const total = kib('MemTotal');
  return total === 0 ? 0 : (100 * (total - kib('MemAvailable'))) / total;
}

function networkBytes(dev: string): { readonly rxBytes: number; readonly txBytes: number } {
  let rxBytes = 0;
  let txBytes = 0;
  for (const line of dev.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0 || INNER_INTERFACE.test(line.slice(0, colon).trim())) continue;
    const columns = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    rxBytes += columns[0] ?? 0;
    txBytes += columns[8] ?? 0;
  }
  return { rxBytes, txBytes };
}

async function temperatureFile(): Promise<string | null> {
  const zones = (await readdir(THERMAL).catch(() => []))
    .filter((name) => name.startsWith('thermal_zone'))
    .sort();
  for (const zone of zones) {
    const type = await readFile(`${THERMAL}/${zone}/type`, 'utf8').catch(() => '');
    if (PROCESSOR_ZONE.test(type)) return `${THERMAL}/${zone}/temp`;
  }
  return zones[0] === undefined ? null : `${THERMAL}/${zones[0]}/temp`;
}
