// The readings of a measured cluster: each node has as many sensors, each speaks at the same rate, and none at the
// moment of another. SPEC rule SM20.

import type { SensorId } from '../../model/ids.ts';
import type { Fleet } from './fleet.ts';
import type { Station } from './station.ts';

export interface LoadOptions {
  readonly sensorsPerNode: number;
  readonly periodMs: number;
}

export class Load {
  readonly #fleet: Fleet;
  readonly #options: LoadOptions;
  #on = false;
  #submitted = 0;

  constructor(fleet: Fleet, options: LoadOptions) {
    this.#fleet = fleet;
    this.#options = options;
  }

  /** Readings so far. */
  get submitted(): number {
    return this.#submitted;
  }

  /** Each sensor speaks for the first time within one period from here. */
  begin(): void {
    this.#on = true;
    const { agenda, stations, random } = this.#fleet;
    const { sensorsPerNode, periodMs } = this.#options;
    for (const station of stations) {
      for (let at = 0; at < sensorsPerNode; at++) {
        const sensor = sensorOf(station, at);
        const speak = (): void => {
          if (!this.#on) return;
          this.#submit(station, sensor);
          agenda.at(agenda.nowMs + periodMs, speak);
        };
        agenda.at(agenda.nowMs + random.between(0, periodMs), speak);
      }
    }
  }

  end(): void {
    this.#on = false;
  }

  /** A temperature with one decimal, of a sensor without meta and without a clock. */
  #submit(station: Station, sensor: SensorId): void {
    if (!station.up || station.paused) return;
    this.#submitted++;
    station.submit([{ sensor, value: (150 + this.#fleet.random.below(150)) / 10 }]);
  }
}

/** `h0001/t3`: short, as people's names are, and of one origin only. */
export function sensorOf(station: Station, at: number): SensorId {
  return `h${String(station.index).padStart(4, '0')}/t${at}` as SensorId;
}
