// A retained topic that is no sensor is a register all the same, so that it is durable, replicated and settled by last
// write wins like any reading; its name keeps it apart from the sensors that people see. SPEC rule MQ12.

import type { SensorId } from './ids.ts';
import type { Value } from './reading.ts';

const PREFIX = '$retained/';
/** Characters of base64 in one field; a field holds at most textValueBytesMax bytes. */
const FIELD_CHARACTERS = 4_096;

export function retainedName(topic: string): string {
  return PREFIX + topic;
}

export function isRetainedTopic(sensor: SensorId | string): boolean {
  return sensor.startsWith(PREFIX);
}

/** The topic of a register for which `isRetainedTopic` holds. */
export function retainedTopicOf(sensor: SensorId | string): string {
  return sensor.slice(PREFIX.length);
}

/** Text in fields of a bounded size. */
export function retainedValue(text: string): Value {
  const fields: { [field: string]: string } = {};
  for (let from = 0, at = 0; from < text.length || at === 0; from += FIELD_CHARACTERS, at++) {
    fields[`b${at}`] = text.slice(from, from + FIELD_CHARACTERS);
  }
  return fields;
}

/** Null where the value is not what `retainedValue` makes. */
export function retainedText(value: Value): string | null {
  if (typeof value !== 'object') return null;
  let text = '';
  for (let at = 0; ; at++) {
    const field = value[`b${at}`];
    if (field === undefined) return at === 0 ? null : text;
    if (typeof field !== 'string') return null;
    text += field;
  }
}
