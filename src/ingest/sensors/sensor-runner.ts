// All sensors of this node, as its options describe them. SPEC rules IN13-IN17.

import { randomInt } from 'node:crypto';
import type { SensorOptions } from '../../config/sensors.ts';
import type { Hub } from '../../hub/hub.ts';
import type { Log } from '../../kit/log.ts';
import { Random } from '../../kit/random.ts';
import { type HostProbe, HostSource } from './host-source.ts';
import { LibraryProbe } from './library-probe.ts';
import { LinuxProbe } from './linux-probe.ts';
import { SensorLoop } from './sensor-loop.ts';
import { simulatedSource } from './simulated.ts';
import type { SensorSource } from './source.ts';

const SEED_BELOW = 2 ** 47;

export class SensorRunner {
  readonly #loops: readonly SensorLoop[];

  private constructor(loops: readonly SensorLoop[]) {
    this.#loops = loops;
  }

  static async start(hub: Hub, log: Log, sensors: readonly SensorOptions[]): Promise<SensorRunner> {
    const random = new Random(randomInt(SEED_BELOW));
    const sources = await Promise.all(sensors.map((sensor) => sourceOf(sensor, random.fork())));
    const loops = sensors.map((sensor, index) => {
      const source = sources[index] ?? { sample: () => null };
      return new SensorLoop(hub, log, sensor, source, random.fork());
    });
    if (loops.length > 0) log.info('sensors started', { count: loops.length });
    return new SensorRunner(loops);
  }

  /** Resolves once no reading is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }
}

async function sourceOf(sensor: SensorOptions, random: Random): Promise<SensorSource> {
  return sensor.type === 'host' ? new HostSource(await openHostProbe()) : simulatedSource(sensor, random);
}

function openHostProbe(): Promise<HostProbe> {
  return process.platform === 'linux' ? LinuxProbe.open() : LibraryProbe.open();
}
