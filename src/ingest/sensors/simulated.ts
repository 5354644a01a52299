// The simulated sensors: a formula each. SPEC rules IN13, IN14.

import type { SensorOptions } from '../../config/sensors.ts';
import { unreachable } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import type { Value } from '../../model/reading.ts';
import type { SensorSource } from './source.ts';

export type SimulatedOptions = Exclude<SensorOptions, { readonly type: 'host' }>;

export function simulatedSource(sensor: SimulatedOptions, random: Random): SensorSource {
  switch (sensor.type) {
    case 'numeric':
      return eachTime(() => random.between(sensor.min, sensor.max));
    case 'boolean':
      return eachTime(() => random.chance(sensor.pTrue));
    case 'categorical':
      return eachTime(() => random.pick(sensor.values));
    case 'incremental':
      return walk(sensor.start, (value) => {
        const step = (Math.abs(value) * sensor.stepPct) / 100;
        return random.between(-step, step);
      });
    case 'trend':
      return walk(sensor.start, () => sensor.slope + random.between(-sensor.noise, sensor.noise));
    case 'spike':
      return eachTime(() => sensor.baseline + (random.chance(sensor.pSpike) ? sensor.spikeHeight : 0));
    case 'wave':
      return eachTime(
        (wallMs) => sensor.amplitude * Math.sin((2 * Math.PI * sensor.frequencyHz * wallMs) / 1000),
      );
    case 'noise':
      return eachTime(() => sensor.base + random.between(-sensor.noise, sensor.noise));
    case 'climate':
      return eachTime(() => ({
        temperature_c: twoDecimals(random.between(19, 24)),
        humidity_pct: twoDecimals(random.between(30, 60)),
        pressure_hpa: twoDecimals(random.between(990, 1030)),
      }));
    case 'finite_test':
      return finite(sensor);
    default:
      return unreachable(sensor);
  }
}

function eachTime(next: (wallMs: number) => Value): SensorSource {
  return { sample: (wallMs) => ({ value: next(wallMs) }) };
}

function walk(start: number, step: (value: number) => number): SensorSource {
  let value = start;
  return eachTime(() => {
    const next = value + step(value);
    // A walk whose steps exceed its value leaves the finite numbers one day, and then stays where it was.
    if (Number.isFinite(next)) value = next;
    return value;
  });
}

/** Times and values depend on the options alone, so that every start tells the same story. (IN14) */
function finite(sensor: Extract<SensorOptions, { readonly type: 'finite_test' }>): SensorSource {
  const random = new Random(sensor.seed);
  let k = 0;
  return {
    sample: () => {
      if (k === sensor.maxUpdates) return null;
      return { value: random.between(0, 100), tsMs: sensor.startTsMs + k++ * sensor.periodMs };
    },
  };
}

function twoDecimals(value: number): number {
  return Math.round(value * 100) / 100;
}
