// The series that a line begins with: `measurement,tag=value,…`, with escapes. SPEC rule LP2.

import { ok, type Result, refused } from '../../kit/result.ts';
import { quoted, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { seriesId } from '../series-id.ts';
import { PlainFields, type Shape } from './plain-fields.ts';

const ESCAPED = /\\([,= ])/g;

export interface Series {
  readonly sensor: SensorId;
  /** The fields of the line that was taken last; null before there was one. */
  shape: Shape | null;
}

/** Series are few and their points many: each is taken apart once. */
export class SeriesNames {
  readonly #byText = new Map<string, Series>();
  /** For all lines, one after the other. */
  readonly plain = new PlainFields();

  /** `text` as it stands in a line, before the first space that is not escaped. */
  seriesOf(text: string): Result<Series> {
    const known = this.#byText.get(text);
    if (known !== undefined) return ok(known);
    const sensor = sensorOf(text);
    if (!sensor.ok) return sensor;
    if (this.#byText.size >= LIMITS.lineSeriesKeptMax) this.#byText.clear();
    const series = { sensor: sensor.value, shape: null };
    this.#byText.set(text, series);
    return ok(series);
  }
}

function sensorOf(text: string): Result<SensorId> {
  const [measurement = '', ...parts] = splitAt(text, ',');
  if (measurement === '') return refused('a line begins with a measurement');
  const tags: [string, string][] = [];
  for (const part of parts) {
    const [key = '', value = '', ...more] = splitAt(part, '=');
    if (key === '' || value === '' || more.length > 0) {
      return refused(`a tag is key=value with both, got ${quoted(part)}`);
    }
    tags.push([unescaped(key), unescaped(value)]);
  }
  return seriesId(unescaped(measurement), tags);
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

function unescaped(text: string): string {
  return text.replace(ESCAPED, '$1');
}
