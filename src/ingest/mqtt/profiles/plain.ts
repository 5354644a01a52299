// Plain payloads: a number, true or false, a word, or a JSON object of those, the topic being the sensor. SPEC rule MQ13.

import type { Candidate } from '../../../model/check-reading.ts';
import { LIMITS } from '../../../model/limits.ts';
import type { Scalar } from '../../../model/reading.ts';
import { jsonObject, leavesOf } from './json-leaves.ts';
import { MESSAGE, readings, type Understood, unknown } from './profile.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NUMBER_LENGTH_MAX = 64;
/** Words by which devices tell their state. */
const WORD = /^(?:on|off|open|opened|closed|online|offline|yes|no|idle|locked|unlocked|detected|clear)$/i;
/** The last level of topics that tell somebody to do something, or describe a device. */
const NO_READING =
  /(?:^|\/)(?:set|get|cmd|cmnd|command|commands|config|configuration|request|response|ota|rpc|desired)(?:\/|$)/;

/** What any topic may say unasked. Free text is no reading unless somebody says so. */
export function automatic(topic: string, payload: Buffer): Understood {
  if (payload.length === 0 || NO_READING.test(topic)) return MESSAGE;
  const scalar = scalarOf(payload);
  if (scalar !== null && (typeof scalar !== 'string' || WORD.test(scalar))) {
    return readings({ sensor: topic, value: scalar });
  }
  return fromJson(topic, payload) ?? unknown('neither a number, true, false, a known word nor a JSON object');
}

/** As `automatic`, but any text is a reading, and any topic a sensor. */
export function plain(topic: string, payload: Buffer): Understood {
  if (payload.length === 0) return MESSAGE;
  const json = fromJson(topic, payload);
  if (json !== null) return json;
  const scalar = scalarOf(payload);
  return scalar === null ? unknown('not UTF-8 text') : readings({ sensor: topic, value: scalar });
}

/** Each leaf of a JSON object is a sensor of its own, below the topic. */
export function leaves(topic: string, payload: Buffer): Understood {
  const object = jsonObject(payload);
  if (object === null) return plain(topic, payload);
  return leafReadings(topic, object) ?? unknown('a JSON object without values');
}

export function leafReadings(
  topic: string,
  object: { readonly [name: string]: unknown },
  unitOf: (path: string) => string | undefined = () => undefined,
): Understood | null {
  const found = leavesOf(object).map(({ path, value }): Candidate => {
    const unit = unitOf(path.join('/'));
    return { sensor: `${topic}/${path.map(levelOf).join('/')}`, value, ...(unit !== undefined && { unit }) };
  });
  return found.length === 0 ? null : readings(...found);
}

/** Null: not text. */
export function scalarOf(payload: Buffer): Scalar | null {
  if (payload.length > LIMITS.textValueBytesMax) return null;
  const text = payload.toString('utf8');
  const trimmed = text.trim();
  if (trimmed.length <= NUMBER_LENGTH_MAX && NUMBER.test(trimmed)) return Number(trimmed);
  if (trimmed === 'true' || trimmed === 'True') return true;
  if (trimmed === 'false' || trimmed === 'False') return false;
  return text.includes('\ufffd') ? null : text;
}

/** One record, nested names joined by dots; an object with `value` may say time and unit as over HTTP. */
function fromJson(topic: string, payload: Buffer): Understood | null {
  const object = jsonObject(payload);
  if (object === null) return null;
  const { value, ts, unit } = object;
  const isItem = value !== undefined && Object.keys(object).every((name) => ITEM.includes(name));
  if (isItem) {
    const tsMs = typeof ts === 'number' ? ts : undefined;
    return readings({ sensor: topic, value, tsMs, ...(unit !== undefined && { unit }) });
  }
  const found = leavesOf(object);
  if (found.length === 0) return unknown('a JSON object without values');
  return readings({
    sensor: topic,
    value: Object.fromEntries(found.map((leaf) => [leaf.path.join('.'), leaf.value])),
  });
}

const ITEM: readonly string[] = ['value', 'ts', 'unit'];

/** A name as one level of a topic. */
function levelOf(name: string): string {
  return name.replaceAll(/[/+#]/g, '_');
}
