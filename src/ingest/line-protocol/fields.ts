// The fields of a line: `temp=21.5,humidity=40i,open=t,note="a text"`. They go up to a space that is neither escaped nor
// within quotes; a text may hold line breaks. SPEC rule LP3.

import { ok, type Result, refused } from '../../kit/result.ts';
import { quoted } from '../../model/ids.ts';
import type { Scalar, Value } from '../../model/reading.ts';

export interface Fields {
  readonly value: Value;
  /** Where they end in the text: at a space, a line break or its end. */
  readonly end: number;
  /** Their names as they stand in the line. */
  readonly written: readonly string[];
}

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^-?\d+[iu]$/;
const BOOLEANS: { readonly [text: string]: boolean } = {
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
};
const ESCAPED_KEY = /\\([,= ])/g;
const ESCAPED_TEXT = /\\(["\\])/g;
/** A series that has no more than this field is one value, not a record of one. */
export const ONLY = 'value';

const [QUOTE, COMMA, EQUALS, SPACE, RETURN, BREAK, BACKSLASH] = [0x22, 0x2c, 0x3d, 0x20, 0x0d, 0x0a, 0x5c];

export function fieldsAt(text: string, from: number): Result<Fields> {
  const record: { [field: string]: Scalar } = {};
  const written: string[] = [];
  for (let at = from; ; at++) {
    const equals = endOfKey(text, at);
    if (text.charCodeAt(equals) !== EQUALS || equals === at) {
      return refused(`a field is key=value with both, got ${quoted(text.slice(at, equals))}`);
    }
    const name = text.slice(at, equals);
    const key = name.includes('\\') ? unescapedName(name) : name;
    const isText = text.charCodeAt(equals + 1) === QUOTE;
    const end = isText ? endOfText(text, equals + 1) : endOfWord(text, equals + 1);
    if (end < 0) return refused(`the text of the field ${quoted(key)} does not end`);
    const given = text.slice(equals + 1, end);
    const scalar = isText ? ok(given.slice(1, -1).replace(ESCAPED_TEXT, '$1')) : scalarOf(key, given);
    if (!scalar.ok) return scalar;
    if (Object.hasOwn(record, key)) return refused(`the field ${quoted(key)} is there twice`);
    // It would set the prototype of an object instead of a field of it.
    if (key === '__proto__') return refused('a field is not named __proto__');
    record[key] = scalar.value;
    written.push(name);
    at = end;
    if (text.charCodeAt(end) === COMMA) continue;
    const only = written.length === 1 ? record[ONLY] : undefined;
    return ok({ value: only ?? record, end, written });
  }
}

export function unescapedName(name: string): string {
  return name.replace(ESCAPED_KEY, '$1');
}

function scalarOf(key: string, text: string): Result<Scalar> {
  if (FLOAT.test(text)) return ok(Number(text));
  if (INTEGER.test(text)) {
    const whole = Number(text.slice(0, -1));
    if (Number.isSafeInteger(whole)) return ok(whole);
    return refused(
      `the field ${quoted(key)} is a whole number beyond ±${Number.MAX_SAFE_INTEGER}, got ${text}`,
    );
  }
  const truth = Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
  if (truth !== undefined) return ok(truth);
  return refused(
    `the field ${quoted(key)} is a number, a whole number with i or u, a boolean or a quoted text, got ${quoted(text)}`,
  );
}

function endOfKey(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === EQUALS || unit === SPACE || unit === COMMA || unit === BREAK) return at;
  }
  return text.length;
}

/** Behind the closing quote; below 0 where there is none. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH) at++;
    else if (unit === QUOTE) return at + 1;
  }
  return -1;
}

function endOfWord(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === COMMA || unit === SPACE || unit === RETURN || unit === BREAK) return at;
  }
  return text.length;
}
