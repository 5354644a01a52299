// Sensors for tests, with what every sensor has filled in.

import type { SensorOptions, SensorShape } from '../../config/sensors.ts';
import { parseSensorId } from '../../model/ids.ts';

export function sensorOf<S extends SensorShape>(
  given: S & Partial<Pick<SensorOptions, 'periodMs' | 'latencyMs' | 'latencyJitterMs' | 'unit'>>,
) {
  const id = parseSensorId(`${given.type}@0`);
  if (!id.ok) throw new Error(id.problem);
  return { index: 0, id: id.value, periodMs: 20, unit: '', latencyMs: 0, latencyJitterMs: 0, ...given };
}
