// A plain decimal number, read from the bytes it is written in and written as it stood there: `21.50` is 21.5 with two
// places. No text is made of it. What has a sign plus, an exponent, zeros in front or more digits than a double holds for
// sure is no plain decimal here, and read as text. SPEC rules MQ4, MQ13.
//
// Why it is exact: up to fifteen digits are a whole number that a double holds, and so is the power of ten, so that their
// quotient is the double next to what was written, as `Number` finds it (Clinger 1990, the fast path). Back again,
// `toFixed` rounds to the same digits, as no two decimals of fifteen digits share a double.

const DIGITS_MAX = 15;
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, places) => 10 ** places);

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

export class Decimal {
  value = 0;
  /** Digits behind the point. */
  places = 0;

  /** Whether the bytes from `from` to before `to` are such a number; it is here then. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const isNegative = bytes[from] === MINUS;
    const first = isNegative ? from + 1 : from;
    if (first >= to || to - first > DIGITS_MAX + 1) return false;
    let whole = 0;
    let point = -1;
    for (let at = first; at < to; at++) {
      const byte = bytes[at] as number;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) whole = whole * 10 + digit;
      else if (byte === POINT && point < 0) point = at;
      else return false;
    }
    const end = point < 0 ? to : point;
    const places = point < 0 ? 0 : to - point - 1;
    const hasZeroInFront = bytes[first] === ZERO && end - first > 1;
    const isWhole = end > first && (point < 0 || places > 0) && !hasZeroInFront;
    // A double has a zero below zero, and `toFixed` does not show it.
    if (!isWhole || end - first + places > DIGITS_MAX || (isNegative && whole === 0)) return false;
    const size = places === 0 ? whole : whole / (POWERS[places] as number);
    this.value = isNegative ? -size : size;
    this.places = places;
    return true;
  }
}

/** As it was written. */
export function decimalText(value: number, places: number): string {
  return value.toFixed(places);
}
