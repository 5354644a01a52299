// The way that nearly all lines go: the same fields as the line before it of that series, in the same order, all of them
// plain numbers. Then names are compared where they stand and numbers read digit by digit, without cutting the text to
// pieces; whatever else there is goes the long way. SPEC rules LP3, LP8.

import type { Scalar, Value } from '../../model/reading.ts';
import { ONLY } from './fields.ts';

/** The fields of a line of a series that was taken as it was. */
export interface Shape {
  /** `name=` as it stands in the line, and the name itself. */
  readonly starts: readonly string[];
  readonly names: readonly string[];
}

/** Whole numbers with so many digits are exact, and so are their quotients by powers of ten up to 10^22. */
const DIGITS_MAX = 15;
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, at) => 10 ** at);
const [COMMA, SPACE, RETURN, BREAK, MINUS, POINT, ZERO, NINE] = [
  0x2c, 0x20, 0x0d, 0x0a, 0x2d, 0x2e, 0x30, 0x39,
];
const [SIGNED, UNSIGNED] = [0x69, 0x75];

export class PlainFields {
  /** Where what was read last ended in the text. */
  end = 0;

  /** Null: the line goes the long way. */
  read(text: string, from: number, { starts, names }: Shape): Value | null {
    const record: { [field: string]: Scalar } = {};
    const last = starts.length - 1;
    let at = from;
    for (let field = 0; field <= last; field++) {
      const start = starts[field] as string;
      if (!text.startsWith(start, at)) return null;
      const number = this.#number(text, at + start.length);
      if (Number.isNaN(number)) return null;
      record[names[field] as string] = number;
      at = this.end;
      const isMore = text.charCodeAt(at) === COMMA;
      if (isMore !== field < last) return null;
      if (isMore) at++;
    }
    return last === 0 && names[0] === ONLY ? (record[ONLY] ?? null) : record;
  }

  /** A decimal of few digits or a whole number with i or u; NaN for all else. */
  #number(text: string, from: number): number {
    let at = from;
    const isNegative = text.charCodeAt(at) === MINUS;
    if (isNegative) at++;
    const first = at;
    let whole = 0;
    let pointAt = -1;
    let unit = text.charCodeAt(at);
    for (; (unit >= ZERO && unit <= NINE) || (unit === POINT && pointAt < 0); unit = text.charCodeAt(++at)) {
      if (unit === POINT) pointAt = at;
      else whole = whole * 10 + (unit - ZERO);
    }
    const digits = at - first - (pointAt < 0 ? 0 : 1);
    if (digits === 0 || digits > DIGITS_MAX) return Number.NaN;
    if (unit === SIGNED || (unit === UNSIGNED && !isNegative)) {
      if (pointAt >= 0) return Number.NaN;
      unit = text.charCodeAt(++at);
    }
    const isOver =
      unit === COMMA || unit === SPACE || unit === BREAK || unit === RETURN || Number.isNaN(unit);
    if (!isOver) return Number.NaN;
    this.end = at;
    const decimals = pointAt < 0 ? 0 : at - pointAt - 1;
    const size = decimals === 0 ? whole : whole / (POWERS[decimals] as number);
    return isNegative ? -size : size;
  }
}
