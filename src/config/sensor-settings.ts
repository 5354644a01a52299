// Reads SENSOR_<i>_… for every sensor that SENSORS counts. SPEC rules CF8, CF9.

import { parseSensorId, utf8Length } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { parseSensorName } from './names.ts';
import type { Table } from './option.ts';
import {
  COMMON_PARAMETERS,
  SENSOR_TYPES,
  type SensorOptions,
  type SensorShape,
  type SensorType,
} from './sensors.ts';
import type { Settings } from './settings.ts';

const DEFAULT_PERIOD_MS = 1_000;
/** Reading the machine's own counters costs a little, and they move slowly. */
const HOST_PERIOD_MS = 5_000;

export function readSensors(
  settings: Settings,
  count: number,
  climatePeriodMs: number,
): readonly SensorOptions[] {
  const sensors: SensorOptions[] = [];
  for (let index = 0; index < count; index++) {
    const sensor = readSensor(settings, index, climatePeriodMs);
    if (sensor !== null) sensors.push(sensor);
  }
  return sensors;
}

/** Sensor parameters that were given and mean nothing: for a sensor beyond SENSORS, or not of its type. */
export function unusedParameters(settings: Settings, count: number): readonly string[] {
  const notes: string[] = [];
  for (const { name, from } of settings.unread()) {
    const sensor = parseSensorName(name);
    if (sensor === null) continue;
    notes.push(
      sensor.index >= count
        ? `${name} (${from}) is not used: SENSORS is ${count}`
        : `${name} (${from}) is not used: a sensor of that type has no ${sensor.parameter}`,
    );
  }
  return notes;
}

function readSensor(settings: Settings, index: number, climatePeriodMs: number): SensorOptions | null {
  const prefix = `SENSOR_${index}_`;
  const common = settings.readTable(COMMON_PARAMETERS, prefix, 'local');
  if (settings.hasFailed(`${prefix}TYPE`)) return null;

  const name = common.name ?? `sensor_${index}`;
  const id = parseSensorId(`${name}@${index}`);
  if (!id.ok) {
    settings.problems.push(`${settings.quote(`${prefix}NAME`)}: ${id.problem}`);
    return null;
  }
  if (utf8Length(common.unit) > LIMITS.unitBytesMax) {
    settings.problems.push(
      `${settings.quote(`${prefix}UNIT`)}: must be at most ${LIMITS.unitBytesMax} bytes`,
    );
  }
  const periodMs = common.periodMs ?? defaultPeriodMs(common.type, climatePeriodMs);
  settings.derive(`${prefix}NAME`, name);
  settings.derive(`${prefix}PERIOD_MS`, String(periodMs));

  const { unit, latencyMs, latencyJitterMs } = common;
  const rest = { index, id: id.value, periodMs, unit, latencyMs, latencyJitterMs };
  return { ...rest, ...readShape(settings, prefix, common.type) };
}

/** The type's own parameters. */
function readShape(settings: Settings, prefix: string, type: SensorType): SensorShape {
  const own = settings.readTable<Table>(SENSOR_TYPES[type].parameters, prefix, 'local');
  // The table of this very type gave the values their keys and kinds.
  return { type, ...own } as SensorShape;
}

function defaultPeriodMs(type: SensorType, climatePeriodMs: number): number {
  if (type === 'climate') return climatePeriodMs;
  return type === 'host' ? HOST_PERIOD_MS : DEFAULT_PERIOD_MS;
}
