// From the bytes of a write to readings: one a line, `measurement,tag=x field=1,other=2 time`. A line that makes no sense
// is rejected alone, by its number. The syntax is that of InfluxDB's line protocol reference. SPEC rules LP1-LP4.

import { ok, type Result, refused } from '../../kit/result.ts';
import { checkReading, TS_MS_MAX } from '../../model/check-reading.ts';
import { quoted } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import { Collected, type Decoded, decodeText, tooMany } from '../http/decoded.ts';
import type { Refusal } from '../http/refusal.ts';
import { fieldsAt, unescapedName } from './fields.ts';
import { type Precision, tsMsOf } from './precision.ts';
import type { SeriesNames } from './series.ts';

const [SPACE, BREAK, BACKSLASH] = [0x20, 0x0a, 0x5c];

interface Line {
  readonly reading: Result<Reading>;
  /** Where its last character is followed by a line break or nothing. */
  readonly end: number;
}

export function decodeLines(
  bytes: Uint8Array,
  precision: Precision,
  series: SeriesNames,
): Result<Decoded, Refusal> {
  const text = decodeText(bytes);
  if (text === null) return refused({ code: 'bad-body', detail: 'the body is not UTF-8' });

  const collected = new Collected();
  let number = 1;
  for (let at = 0; at < text.length; at++) {
    const from = skipSpaces(text, at);
    const isEmpty = from >= text.length || text[from] === '\n' || text[from] === '\r' || text[from] === '#';
    if (isEmpty) at = endOfLine(text, from);
    else {
      if (collected.size === LIMITS.ingestBatchMax) return refused(tooMany());
      const { reading, end } = lineAt(text, from, precision, series);
      collected.add(number, reading, () => text.slice(from, end));
      number += breaksIn(text, from, end);
      at = end;
    }
    number++;
  }
  if (collected.size === 0) return refused({ code: 'bad-body', detail: 'the body has no line with a point' });
  return ok(collected.result());
}

function lineAt(text: string, from: number, precision: Precision, series: SeriesNames): Line {
  const wrong = (why: string): Line => ({ reading: refused(why), end: endOfLine(text, from) });
  const space = endOfSeries(text, from);
  if (text[space] !== ' ') return wrong('a line is measurement[,tag=value…] field=value[,…] [time]');
  const known = series.seriesOf(text.slice(from, space));
  if (!known.ok) return wrong(known.problem);
  const { sensor, shape } = known.value;
  const fieldsFrom = skipSpaces(text, space);
  const plain = shape === null ? null : series.plain.read(text, fieldsFrom, shape);
  if (plain !== null) return plainLine(text, series.plain.end, { sensor, value: plain }, precision);

  const fields = fieldsAt(text, fieldsFrom);
  if (!fields.ok) return wrong(fields.problem);
  const { value, end: endOfFields, written } = fields.value;
  const end = endOfLine(text, endOfFields);
  const time = text.slice(endOfFields, end).trim();
  const tsMs = time === '' ? undefined : tsMsOf(time, precision);
  if (tsMs === null) return { reading: refused(notATime(time, precision)), end };
  const reading = checkReading({ sensor, value, tsMs });
  if (reading.ok) {
    const starts = written.map((name) => `${name}=`);
    known.value.shape = { starts, names: written.map(unescapedName) };
  }
  return { reading, end };
}

/** Its sensor and the names of its fields were checked with the line before it, and its values are numbers. (LP8) */
function plainLine(
  text: string,
  endOfFields: number,
  { sensor, value }: Reading,
  precision: Precision,
): Line {
  const end = endOfLine(text, endOfFields);
  const time = text.slice(endOfFields, end).trim();
  if (time === '') return { reading: ok({ sensor, value }), end };
  const tsMs = tsMsOf(time, precision);
  if (tsMs === null) return { reading: refused(notATime(time, precision)), end };
  const isPlain = Number.isSafeInteger(tsMs) && Math.abs(tsMs) <= TS_MS_MAX;
  return { reading: isPlain ? ok({ sensor, value, tsMs }) : checkReading({ sensor, value, tsMs }), end };
}

function notATime(time: string, precision: Precision): string {
  return `a time is whole units of ${precision} since 1970, got ${quoted(time)}`;
}

/** The first space that is not escaped, or the end of the line. */
function endOfSeries(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === SPACE || unit === BREAK) return at;
  }
  return text.length;
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === SPACE) at++;
  return at;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

/** Within quotes a line goes on. */
function breaksIn(text: string, from: number, to: number): number {
  let breaks = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) breaks++;
  return breaks;
}
