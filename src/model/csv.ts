// How values stand in CSV (RFC 4180), once for files and answers. One row is one line, always: a line break in a
// text is written `\n` or `\r`, and so a backslash is two. SPEC rule HI4.

import type { Scalar } from './reading.ts';

const TO_QUOTE = /[",]/;
const TO_ESCAPE = /[\\\n\r]/g;
const ESCAPED: { readonly [character: string]: string } = { '\\': '\\\\', '\n': '\\n', '\r': '\\r' };

export function csvValue(value: Scalar): string {
  return typeof value === 'string' ? csvText(value) : String(value);
}

/** An empty text is quoted, to be told from no value at all. */
export function csvText(text: string): string {
  if (text === '') return '""';
  const line = text.replace(TO_ESCAPE, (character) => ESCAPED[character] ?? character);
  return TO_QUOTE.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}

const DAY_MS = 86_400_000;

/** The day of the last time that was written: most readings are of one day. */
let day = Number.NaN;
let dayText = '';

/** ISO 8601 in UTC, to the millisecond: `2026-02-11T08:30:00.000Z`. */
export function csvTime(tsMs: number): string {
  const days = Math.floor(tsMs / DAY_MS);
  if (days !== day) {
    day = days;
    dayText = dateText(days);
  }
  const ms = tsMs - days * DAY_MS;
  const hours = two(Math.floor(ms / 3_600_000));
  const minutes = two(Math.floor(ms / 60_000) % 60);
  const seconds = two(Math.floor(ms / 1_000) % 60);
  return `${dayText}${hours}:${minutes}:${seconds}.${three(ms % 1_000)}Z`;
}

/** `2026-02-11T`, by the calendar's rules counted in eras of 400 years that begin on 1 March. */
function dateText(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const date = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${yearText(year)}-${two(month)}-${two(date)}T`;
}

/** Beyond four digits with a sign and six, as ECMA-262 has them. */
function yearText(year: number): string {
  if (year >= 0 && year <= 9_999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;
}

const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

function two(number: number): string {
  return TWO[number] ?? String(number);
}

function three(number: number): string {
  return number < 100 ? (number < 10 ? `00${number}` : `0${number}`) : String(number);
}
