// What a reading must be, whoever brings it: every input asks here before it submits. SPEC rules IN1, IN2.

import { ok, type Result, refused } from '../kit/result.ts';
import { parseSensorId, quoted, utf8Length } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { Reading, Scalar, Value } from './reading.ts';

/** As an input found it. What is undefined was not there. */
export interface Candidate {
  readonly sensor: unknown;
  readonly value: unknown;
  readonly tsMs?: unknown;
  readonly unit?: unknown;
  readonly periodMs?: unknown;
}

/** The times a calendar can show (ECMAScript's time range). */
export const TS_MS_MAX = 8.64e15;
const PERIOD_MS_MAX = 1e12;

/** A half of a surrogate pair alone: no UTF-8 says it, so it would not be the same text at another node. */
const LONE_SURROGATE = /\p{Surrogate}/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in a name
const CONTROL = /[\u0000-\u001f\u007f]/;

export function checkReading(candidate: Candidate): Result<Reading> {
  if (typeof candidate.sensor !== 'string')
    return refused(`a sensor is a string, got ${kindOf(candidate.sensor)}`);
  const sensor = parseSensorId(candidate.sensor);
  if (!sensor.ok) return sensor;
  // What nodes keep for themselves, and what MQTT retains, has names that no input may write. (AC1)
  if (sensor.value.startsWith('$')) {
    return refused(`names that begin with $ are the node's own, got ${quoted(sensor.value)}`);
  }
  const value = checkValue(candidate.value);
  if (!value.ok) return value;

  const { tsMs, unit, periodMs } = candidate;
  if (tsMs !== undefined && !isTime(tsMs)) {
    return refused(
      `a time is whole milliseconds since 1970, at most ${TS_MS_MAX} before or after, got ${shown(tsMs)}`,
    );
  }
  if (unit !== undefined && !isUnit(unit)) {
    return refused(
      `a unit is a string of at most ${LIMITS.unitBytesMax} bytes without control characters, got ${shown(unit)}`,
    );
  }
  if (periodMs !== undefined && !isPeriod(periodMs)) {
    return refused(`a period is whole milliseconds from 0 to ${PERIOD_MS_MAX}, got ${shown(periodMs)}`);
  }
  return ok({
    sensor: sensor.value,
    value: value.value,
    ...(tsMs !== undefined && { tsMs }),
    ...(unit !== undefined && { unit }),
    ...(periodMs !== undefined && { periodMs }),
  });
}

export function checkValue(value: unknown): Result<Value> {
  if (typeof value !== 'object') return checkScalar(value, null);
  if (value === null || Array.isArray(value)) {
    return refused(`a value is a number, boolean, string or flat record of those, got ${kindOf(value)}`);
  }
  return checkRecord(value);
}

function checkRecord(record: object): Result<Value> {
  const fields: [string, unknown][] = Object.entries(record);
  if (fields.length === 0) return refused('a record has at least one field');
  if (fields.length > LIMITS.fieldsMax) {
    return refused(`a record has at most ${LIMITS.fieldsMax} fields, got ${fields.length}`);
  }
  let bytes = 0;
  const checked: { [field: string]: Scalar } = {};
  for (const [name, field] of fields) {
    const problem = fieldNameProblem(name);
    if (problem !== null) return refused(problem);
    const scalar = checkScalar(field, name);
    if (!scalar.ok) return scalar;
    bytes += utf8Length(name) + (typeof scalar.value === 'string' ? utf8Length(scalar.value) : 0);
    checked[name] = scalar.value;
  }
  if (bytes > LIMITS.recordValueBytesMax) {
    return refused(
      `the names and texts of a record have at most ${LIMITS.recordValueBytesMax} bytes, got ${bytes}`,
    );
  }
  return ok(checked);
}

/** `field`: the name of the field that it is of; null for a value that is no record. Most are fine and never named. */
function checkScalar(scalar: unknown, field: string | null): Result<Scalar> {
  switch (typeof scalar) {
    case 'number':
      return Number.isFinite(scalar)
        ? ok(scalar)
        : refused(`${called(field)} is a finite number, got ${scalar}`);
    case 'boolean':
      return ok(scalar);
    case 'string':
      return checkText(scalar, field);
    default:
      return refused(`${called(field)} is a number, boolean or string, got ${kindOf(scalar)}`);
  }
}

function checkText(text: string, field: string | null): Result<string> {
  const tooLong = text.length > LIMITS.textValueBytesMax || utf8Length(text) > LIMITS.textValueBytesMax;
  if (tooLong) return refused(`${called(field)} has at most ${LIMITS.textValueBytesMax} bytes as a text`);
  if (LONE_SURROGATE.test(text)) {
    return refused(`${called(field)} is not valid Unicode text, got ${quoted(text)}`);
  }
  return ok(text);
}

function called(field: string | null): string {
  return field === null ? 'a value' : `the field ${quoted(field)}`;
}

function fieldNameProblem(name: string): string | null {
  const fits = name.length <= LIMITS.fieldNameBytesMax && utf8Length(name) <= LIMITS.fieldNameBytesMax;
  if (name === '' || !fits || CONTROL.test(name) || LONE_SURROGATE.test(name)) {
    return `a field's name has 1 to ${LIMITS.fieldNameBytesMax} bytes and no control characters, got ${quoted(name)}`;
  }
  // It would set the prototype of an object instead of a field of it.
  return name === '__proto__' ? 'a field is not named __proto__' : null;
}

function isTime(tsMs: unknown): tsMs is number {
  return Number.isSafeInteger(tsMs) && Math.abs(Number(tsMs)) <= TS_MS_MAX;
}

function isUnit(unit: unknown): unit is string {
  if (typeof unit !== 'string' || unit.length > LIMITS.unitBytesMax) return false;
  return utf8Length(unit) <= LIMITS.unitBytesMax && !CONTROL.test(unit) && !LONE_SURROGATE.test(unit);
}

function isPeriod(periodMs: unknown): periodMs is number {
  return Number.isSafeInteger(periodMs) && Number(periodMs) >= 0 && Number(periodMs) <= PERIOD_MS_MAX;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? quoted(value) : kindOf(value);
}
