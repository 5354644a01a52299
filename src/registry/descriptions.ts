// What people say of sensors: a name, a group, labels. Each is a register of its own under `$sensorium/sensor/…`, so that it
// is durable, replicated and settled by last write wins like a reading, and no sensor itself. SPEC rule RE4.

import { createHash } from 'node:crypto';
import {
  type DescriptionChange,
  DescriptionRefused,
  type SensorDescription,
} from '../hub/sensor-registry.ts';
import { parseSensorId, quoted, type SensorId, utf8Length } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Scalar, Value } from '../model/reading.ts';

const PREFIX = '$sensorium/sensor/';
const LABEL = /^[A-Za-z_][A-Za-z0-9_.-]{0,55}$/;
/** Labels are fields of the register's value beside the others. */
const LABEL_FIELD = 'label.';
const NOT_SHOWN = /\p{Cc}|\p{Surrogate}/u;

export function isDescription(register: string): boolean {
  return register.startsWith(PREFIX);
}

/** A sensor's id may be as long as a register's name, so the name holds a digest of it. */
export function descriptionRegister(sensor: SensorId): SensorId {
  const digest = createHash('sha256').update(sensor).digest('hex').slice(0, 32);
  const register = parseSensorId(PREFIX + digest);
  if (!register.ok) throw new Error(register.problem);
  return register.value;
}

/** Null where the register's value is nothing that this program wrote. */
export function decodeDescription(value: Value): SensorDescription | null {
  if (typeof value !== 'object') return null;
  const { sensor, name = '', group = '' } = value;
  const id = parseSensorId(String(sensor));
  if (!id.ok || typeof name !== 'string' || typeof group !== 'string') return null;
  const labels: { [label: string]: string } = {};
  for (const [field, text] of Object.entries(value)) {
    if (field.startsWith(LABEL_FIELD)) labels[field.slice(LABEL_FIELD.length)] = String(text);
  }
  return { sensor: id.value, name, group, labels };
}

export function encodeDescription({ sensor, name, group, labels }: SensorDescription): Value {
  const value: { [field: string]: Scalar } = { sensor, name, group };
  for (const [label, text] of Object.entries(labels)) value[LABEL_FIELD + label] = text;
  return value;
}

/** Throws `DescriptionRefused`. */
export function changed(before: SensorDescription, change: DescriptionChange): SensorDescription {
  const { name = before.name, group = before.group } = change;
  checkText('name', name);
  checkText('group', group);
  const labels: { [label: string]: string } = { ...before.labels };
  for (const [label, text] of Object.entries(change.labels ?? {})) {
    if (!LABEL.test(label)) {
      throw new DescriptionRefused(
        `a label is 1 to 56 of A-Z a-z 0-9 _ . - and starts with a letter or _, got ${quoted(label)}`,
      );
    }
    checkText(`label ${label}`, text);
    if (text === '') delete labels[label];
    else labels[label] = text;
  }
  if (Object.keys(labels).length > LIMITS.labelsPerSensorMax) {
    throw new DescriptionRefused(`a sensor has at most ${LIMITS.labelsPerSensorMax} labels`);
  }
  return { sensor: before.sensor, name, group, labels };
}

export function isEmpty({ name, group, labels }: SensorDescription): boolean {
  return name === '' && group === '' && Object.keys(labels).length === 0;
}

function checkText(what: string, text: string): void {
  if (utf8Length(text) <= LIMITS.descriptionBytesMax && !NOT_SHOWN.test(text)) return;
  throw new DescriptionRefused(
    `a ${what} has at most ${LIMITS.descriptionBytesMax} bytes and no control characters, got ${quoted(text)}`,
  );
}
