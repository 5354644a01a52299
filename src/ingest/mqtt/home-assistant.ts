// Sensors as Home Assistant's MQTT discovery describes them, so that it finds them by itself: one description for each
// value, a record's fields each with a template of its own. SPEC rule MQ18.

import { crc32 } from 'node:zlib';
import type { Scalar, Value } from '../../model/reading.ts';

export const DISCOVERY = 'homeassistant';

export interface Described {
  readonly topic: string;
  readonly config: { readonly [name: string]: unknown };
}

const ID_LENGTH = 48;
/** UCUM as people write it. */
const UNITS: { readonly [ucum: string]: string | undefined } = {
  Cel: '°C',
  '[degF]': '°F',
  'kW.h': 'kWh',
  'W.h': 'Wh',
  'ug/m3': 'µg/m³',
  m3: 'm³',
};
const CLASSES: { readonly [unit: string]: string | undefined } = {
  '°C': 'temperature',
  '°F': 'temperature',
  hPa: 'pressure',
  V: 'voltage',
  A: 'current',
  W: 'power',
  kWh: 'energy',
  lx: 'illuminance',
};

export function descriptionsOf(sensor: string, value: Value, unit: string): readonly Described[] {
  if (typeof value !== 'object') return [describedOf(sensor, sensor, value, unit, null)];
  return Object.entries(value).map(([field, scalar]) =>
    describedOf(sensor, `${sensor}/${field}`, scalar, '', `{{ value_json['${field.replaceAll("'", '')}'] }}`),
  );
}

function describedOf(
  sensor: string,
  name: string,
  value: Scalar,
  ucum: string,
  template: string | null,
): Described {
  const id = `sensorium_${idOf(name)}`;
  const unit = UNITS[ucum] ?? ucum;
  const deviceClass = CLASSES[unit];
  const isSwitch = typeof value === 'boolean';
  const config = {
    name,
    unique_id: id,
    object_id: id,
    state_topic: sensor,
    ...(template !== null && { value_template: template }),
    ...(isSwitch && {
      payload_on: template === null ? 'true' : 'True',
      payload_off: template === null ? 'false' : 'False',
    }),
    ...(typeof value === 'number' && { state_class: 'measurement' }),
    ...(unit !== '' && !isSwitch && { unit_of_measurement: unit }),
    ...(deviceClass !== undefined && { device_class: deviceClass }),
    device: { identifiers: ['sensorium'], name: 'Sensorium' },
  };
  return { topic: `${DISCOVERY}/${isSwitch ? 'binary_sensor' : 'sensor'}/sensorium/${id}/config`, config };
}

/** Letters that an id may have, and a sum that keeps apart what they no longer do. */
function idOf(name: string): string {
  const readable = name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, ID_LENGTH);
  return `${readable}_${crc32(name).toString(16).padStart(8, '0')}`;
}
