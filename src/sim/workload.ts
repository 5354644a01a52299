// What devices say during a run. Every reading has a value of its own, so that a value alone tells which submit
// it came from: that is how checkers know what must be found again. SPEC rules SM8.

import type { Random } from '../kit/random.ts';
import { parseSensorId, type SensorId } from '../model/ids.ts';
import type { Reading, Value } from '../model/reading.ts';
import { EPOCH_MS } from './clock.ts';
import type { Process, SimNode } from './node.ts';
import type { World } from './world.ts';

export interface WorkloadOptions {
  /** Devices that speak to one node. */
  readonly devicesPerNode: number;
  /** Sensors that several nodes hear at the same moment. */
  readonly sharedSensors: number;
  readonly periodMs: { readonly min: number; readonly max: number };
  /** How likely a device speaks this many readings at once. */
  readonly burstChance: number;
  readonly burstMax: number;
  readonly forgetChance: number;
  /** How likely a submit is sent with an idempotency key, and then once more. */
  readonly keyChance: number;
}

type DeviceClock = 'none' | 'true' | 'ahead' | 'late';

export class Workload<P extends Process> {
  readonly #world: World<P>;
  readonly #random: Random;
  readonly #options: WorkloadOptions;
  #values = 0;
  #ended = false;

  constructor(world: World<P>, random: Random, options: WorkloadOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
  }

  /** How many readings were made. */
  get readings(): number {
    return this.#values;
  }

  begin(): void {
    const { devicesPerNode, sharedSensors } = this.#options;
    for (const node of this.#world.nodes) {
      for (let device = 1; device <= devicesPerNode; device++) {
        const clock = this.#random.pick<DeviceClock>(['none', 'none', 'true', 'true', 'ahead', 'late']);
        const sensor = sensorId(`${node.peer}/device@${device}`);
        this.#repeat(() => this.#speak(node, sensor, clock));
      }
    }
    for (let shared = 1; shared <= sharedSensors; shared++) {
      const sensor = sensorId(`shared@${shared}`);
      this.#repeat(() => this.#speakToSeveral(sensor));
    }
  }

  end(): void {
    this.#ended = true;
  }

  #repeat(speak: () => void): void {
    const { min, max } = this.#options.periodMs;
    const periodMs = this.#random.between(min, max);
    const again = (): void => {
      if (this.#ended) return;
      speak();
      this.#world.timeline.after(periodMs * this.#random.between(0.5, 1.5), again);
    };
    this.#world.timeline.after(periodMs * this.#random.unit(), again);
  }

  #speak(node: SimNode<P>, sensor: SensorId, clock: DeviceClock): void {
    const { burstChance, burstMax, forgetChance, keyChance } = this.#options;
    if (this.#random.chance(forgetChance)) {
      node.forget([sensor]);
      return;
    }
    const count = this.#random.chance(burstChance) ? 1 + this.#random.below(burstMax) : 1;
    const readings = Array.from({ length: count }, () => this.#reading(sensor, this.#deviceTime(clock)));
    if (!this.#random.chance(keyChance)) {
      node.submit(readings);
      return;
    }
    const receipt = { key: `key ${this.#values}`, answer: `answer ${this.#values}` };
    node.submit(readings, receipt);
    // Another disk does not know the key, and a clock set to another year has forgotten it by its age: the
    // readings would come in twice.
    const { replaced } = node.disk;
    const { timesSet } = node.clock;
    this.#world.timeline.after(this.#random.between(0, 5_000), () => {
      if (node.disk.replaced !== replaced || node.clock.timesSet !== timesSet) return;
      node.submit(readings, receipt);
    });
  }

  /** Several nodes hear one device at one time, and not the same: only the origin's name can decide. */
  #speakToSeveral(sensor: SensorId): void {
    const tsMs = this.#deviceTime('true');
    const hearing = this.#random.sample(this.#world.nodes, 2 + this.#random.below(2));
    for (const node of hearing) node.submit([this.#reading(sensor, tsMs)]);
  }

  #reading(sensor: SensorId, tsMs: number | undefined): Reading {
    const value = this.#value();
    const unit = this.#random.chance(0.02) ? { unit: this.#random.pick(['Cel', 'Pa', '%']) } : {};
    return { sensor, value, ...(tsMs !== undefined && { tsMs }), ...unit };
  }

  #value(): Value {
    const serial = ++this.#values;
    switch (serial % 4) {
      case 0:
        return `reading ${serial}`;
      case 1:
        return { serial, isOn: serial % 8 === 1 };
      default:
        return serial;
    }
  }

  #deviceTime(clock: DeviceClock): number | undefined {
    const trueMs = Math.floor(EPOCH_MS + this.#world.timeline.nowMs);
    switch (clock) {
      case 'none':
        return undefined;
      case 'true':
        return trueMs;
      case 'ahead':
        return trueMs + Math.floor(this.#random.pick([3_000, 60_000, 400 * DAY_MS]));
      case 'late':
        return trueMs - this.#random.below(30_000);
    }
  }
}

const DAY_MS = 86_400_000;

function sensorId(text: string): SensorId {
  const parsed = parseSensorId(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}
