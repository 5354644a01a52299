// The sensor of a series: its measurement, and then each tag as a level `key=value`, sorted by key. So a filter such as
// `cpu/+/host=roof` finds them, one series is one sensor whatever the order of its tags, and two never share one.
// SPEC rule LP2.

import { ok, type Result, refused } from '../../kit/result.ts';
import { parseSensorId, quoted, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';

/** What has a meaning in a sensor id or a filter, and what marks an encoded one. */
const IN_MEASUREMENT = /[%+#]/g;
const IN_TAG = /[%+#/]/g;
const ESCAPED = /\\([,= ])/g;

/** Series are few and their points many: each is taken apart once. */
export class SeriesNames {
  readonly #byText = new Map<string, SensorId>();

  /** `text` as it stands in a line, before the first space that is not escaped. */
  sensorOf(text: string): Result<SensorId> {
    const known = this.#byText.get(text);
    if (known !== undefined) return ok(known);
    const sensor = sensorOf(text);
    if (!sensor.ok) return sensor;
    if (this.#byText.size >= LIMITS.lineSeriesKeptMax) this.#byText.clear();
    this.#byText.set(text, sensor.value);
    return sensor;
  }
}

function sensorOf(text: string): Result<SensorId> {
  const [measurement = '', ...tags] = splitAt(text, ',');
  if (measurement === '') return refused('a line begins with a measurement');
  const levels: string[] = [];
  for (const tag of tags) {
    const [key = '', value = '', ...more] = splitAt(tag, '=');
    if (key === '' || value === '' || more.length > 0) {
      return refused(`a tag is key=value with both, got ${quoted(tag)}`);
    }
    levels.push(`${encoded(key, IN_TAG)}=${encoded(value, IN_TAG)}`);
  }
  levels.sort();
  const keys = levels.map((level) => level.slice(0, level.indexOf('=')));
  const twice = keys.find((key, at) => key === keys[at + 1]);
  if (twice !== undefined) return refused(`the tag ${quoted(twice)} is there twice`);

  const sensor = parseSensorId([encoded(measurement, IN_MEASUREMENT), ...levels].join('/'));
  return sensor.ok ? sensor : refused(`its measurement and tags make no sensor id: ${sensor.problem}`);
}

/** At each mark that is not escaped. */
function splitAt(text: string, mark: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (text[at - 1] === '\\') continue;
    parts.push(text.slice(from, at));
    from = at + 1;
  }
  parts.push(text.slice(from));
  return parts;
}

function encoded(escaped: string, marks: RegExp): string {
  return escaped
    .replace(ESCAPED, '$1')
    .replace(marks, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
