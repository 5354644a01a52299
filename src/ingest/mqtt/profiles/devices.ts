// Families of devices that say the same things on topics of their own: zigbee2mqtt, Tasmota, ESPHome. What of theirs
// is a command or a description is no reading. SPEC rule MQ13.

import { jsonObject } from './json-leaves.ts';
import { leafReadings, scalarOf } from './plain.ts';
import { MESSAGE, readings, type Understood, unknown } from './profile.ts';

/** Units by the name that zigbee2mqtt and Tasmota give a measurement, in UCUM (`Cel`, `%`, `V` …). */
const UNITS: { readonly [name: string]: string | undefined } = {
  temperature: 'Cel',
  device_temperature: 'Cel',
  local_temperature: 'Cel',
  dewpoint: 'Cel',
  humidity: '%',
  soil_moisture: '%',
  battery: '%',
  pressure: 'hPa',
  illuminance: 'lx',
  illuminance_lux: 'lx',
  co2: 'ppm',
  carbondioxide: 'ppm',
  pm25: 'ug/m3',
  'pm2.5': 'ug/m3',
  voltage: 'V',
  current: 'A',
  power: 'W',
  energy: 'kW.h',
  total: 'kW.h',
  today: 'kW.h',
  yesterday: 'kW.h',
  distance: 'cm',
  linkquality: '{lqi}',
};

/** `zigbee2mqtt/<device>` carries a JSON object; `/set`, `/get` and `bridge/…` are talk with the gateway. */
export function zigbee2mqtt(topic: string, payload: Buffer): Understood {
  if (/\/(?:set|get)(?:\/|$)/.test(topic) || /^[^/]+\/bridge(?:\/|$)/.test(topic)) return MESSAGE;
  const object = jsonObject(payload);
  if (object === null) {
    // `availability` says online or offline.
    const scalar = topic.endsWith('/availability') ? scalarOf(payload) : null;
    return scalar === null ? unknown('not a JSON object') : readings({ sensor: topic, value: scalar });
  }
  const { device: _, update: __, ...said } = object;
  return leafReadings(topic, said, unitOf) ?? unknown('a JSON object without values');
}

/** `tele/<device>/SENSOR`, `STATE` and `LWT`, `stat/<device>/…`; `cmnd/…` are commands. */
export function tasmota(topic: string, payload: Buffer): Understood {
  const levels = topic.split('/');
  if (levels.includes('cmnd')) return MESSAGE;
  const said = levels.at(-1) ?? '';
  if (said === 'LWT' || levels.includes('stat')) {
    const object = jsonObject(payload);
    if (object !== null) return MESSAGE; // `RESULT` and `STATUS…` repeat what other topics say.
    const scalar = scalarOf(payload);
    return scalar === null ? unknown('not text') : readings({ sensor: topic, value: scalar });
  }
  if (!/^(?:SENSOR|STATE|ENERGY)$/.test(said)) return MESSAGE;
  const object = jsonObject(payload);
  if (object === null) return unknown('not a JSON object');
  const { Time: _, Uptime: __, Heap: ___, TempUnit: ____, PressureUnit: _____, ...measured } = object;
  return leafReadings(levels.slice(0, -1).join('/'), measured, unitOf) ?? MESSAGE;
}

/** `<node>/<component>/<object>/state`, and `<node>/status`; `command` and `debug` are no readings. */
export function esphome(topic: string, payload: Buffer): Understood {
  const levels = topic.split('/');
  const last = levels.at(-1);
  if (last === 'status' || last === 'state') {
    const sensor = last === 'state' ? levels.slice(0, -1).join('/') : topic;
    const object = jsonObject(payload);
    if (object !== null) return leafReadings(sensor, object) ?? MESSAGE;
    const scalar = scalarOf(payload);
    return scalar === null ? unknown('not text') : readings({ sensor, value: scalar });
  }
  return MESSAGE;
}

function unitOf(path: string): string | undefined {
  return UNITS[(path.split('/').at(-1) ?? '').toLowerCase()];
}
