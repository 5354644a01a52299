// What devices say of themselves by Home Assistant's MQTT discovery: `homeassistant/<component>/…/config`, JSON with long
// or short names. Unit, name and class of a sensor are known from there. SPEC rule MQ15.

import { LIMITS } from '../../../model/limits.ts';
import type { Reading } from '../../../model/reading.ts';
import { jsonObject } from './json-leaves.ts';

export interface Description {
  readonly name: string;
  readonly unit: string;
  readonly deviceClass: string;
}

const PREFIX = 'homeassistant/';
const CONFIG = /^homeassistant\/[^/]+\/(?:[^/]+\/)?[^/]+\/config$/;
const PATH = /value_json((?:\.[A-Za-z_]\w*|\[\s*'[^']+'\s*\]|\[\s*"[^"]+"\s*\])+)/;
const STEP = /\.([A-Za-z_]\w*)|\[\s*['"]([^'"]+)['"]\s*\]/g;
/** As UCUM has them; others stay as they are. */
const UNITS: { readonly [unit: string]: string | undefined } = {
  '°C': 'Cel',
  '°F': '[degF]',
  kWh: 'kW.h',
  Wh: 'W.h',
  'µg/m³': 'ug/m3',
  'm³': 'm3',
};

export class Discovered {
  /** By the sensor as the profiles name it. Oldest first. */
  readonly #descriptions = new Map<string, Description>();

  of(sensor: string): Description | null {
    return this.#descriptions.get(sensor) ?? null;
  }

  /** A reading that says no unit has the one described. */
  withUnit(reading: Reading): Reading {
    if (reading.unit !== undefined) return reading;
    const unit = this.of(reading.sensor)?.unit ?? '';
    return unit === '' ? reading : { ...reading, unit };
  }

  /** Takes any message; those that are no description are passed over. */
  learn(topic: string, payload: Buffer): void {
    if (!topic.startsWith(PREFIX) || !CONFIG.test(topic)) return;
    const config = jsonObject(payload);
    if (config === null) return;
    const text = (long: string, short: string): string => {
      const value = config[long] ?? config[short];
      return typeof value === 'string' ? value : '';
    };
    const base = typeof config['~'] === 'string' ? config['~'] : '';
    const stateTopic = text('state_topic', 'stat_t').replace(/^~|~$/, () => base);
    if (stateTopic === '') return;
    const given = text('unit_of_measurement', 'unit_of_meas');
    const description: Description = {
      name: text('name', 'name'),
      unit: UNITS[given] ?? given,
      deviceClass: text('device_class', 'dev_cla'),
    };
    const path = pathOf(text('value_template', 'val_tpl'));
    if (path.length > 0) this.#keep(`${stateTopic}/${path.join('/')}`, description);
    else {
      this.#keep(stateTopic, description);
      if (stateTopic.endsWith('/state')) this.#keep(stateTopic.slice(0, -'/state'.length), description);
    }
  }

  #keep(sensor: string, description: Description): void {
    this.#descriptions.delete(sensor);
    this.#descriptions.set(sensor, description);
    if (this.#descriptions.size <= LIMITS.discoveredMax) return;
    for (const oldest of this.#descriptions.keys()) {
      this.#descriptions.delete(oldest);
      return;
    }
  }
}

function pathOf(template: string): readonly string[] {
  const found = PATH.exec(template)?.[1];
  if (found === undefined) return [];
  return [...found.matchAll(STEP)].map((step) => step[1] ?? step[2] ?? '');
}
