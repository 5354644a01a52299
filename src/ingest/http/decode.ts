// From the bytes of a request to readings: one object, a list of objects, or NDJSON, told apart by their first
// character and not by their content type. An item that makes no sense is rejected alone. SPEC rules IN3-IN5.

import { ok, type Result, refused } from '../../kit/result.ts';
import { checkReading } from '../../model/check-reading.ts';
import { quoted } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import { Collected, type Decoded, decodeText, tooMany } from './decoded.ts';
import { fieldsWritten, itemsOf } from './json-items.ts';
import type { Refusal } from './refusal.ts';

const FIELDS = ['sensor', 'value', 'ts', 'unit'];
const FIELDS_TEXT = 'an item has the fields sensor, value and, if wanted, ts and unit';
const PARSER_MESSAGE_LENGTH = 160;

export function decodeBody(bytes: Uint8Array): Result<Decoded, Refusal> {
  const text = decodeText(bytes);
  if (text === null) return refused(badBody('the body is not UTF-8'));
  const start = /\S/.exec(text);
  if (start === null)
    return refused(badBody('the body is empty; send one reading, a list of them, or NDJSON'));
  if (start[0] === '[') return decodeList(text);

  const whole = parse(text);
  // A second line makes the whole no JSON and the first line an item.
  return whole.ok ? decodeOne(text, whole.value) : decodeLines(text);
}

function decodeOne(text: string, item: unknown): Result<Decoded, Refusal> {
  const collected = new Collected();
  collected.add(1, checkItem(item, fieldsWritten(text)), () => text);
  return ok(collected.result());
}

function decodeList(text: string): Result<Decoded, Refusal> {
  const list = parse(text);
  if (!list.ok || !Array.isArray(list.value)) {
    const why = list.ok ? 'it is something else' : list.problem;
    return refused(badBody(`the body begins with [ and is not a JSON list: ${why}`));
  }
  if (list.value.length === 0) return refused(badBody('the list is empty; send at least one reading'));
  if (list.value.length > LIMITS.ingestBatchMax) return refused(tooMany());

  const collected = new Collected();
  const items = itemsOf(text);
  for (const [index, value] of list.value.entries()) {
    const item = items[index];
    const checked = checkItem(value, item?.fields ?? 0);
    collected.add(index + 1, checked, () => text.slice(item?.from, item?.to));
  }
  return ok(collected.result());
}

function decodeLines(text: string): Result<Decoded, Refusal> {
  const collected = new Collected();
  let from = 0;
  for (let line = 1; from < text.length; line++) {
    const newline = text.indexOf('\n', from);
    const to = newline < 0 ? text.length : newline;
    const lineText = text.slice(from, to).trim();
    from = to + 1;
    if (lineText === '') continue;
    if (collected.size === LIMITS.ingestBatchMax) return refused(tooMany());
    const item = parse(lineText);
    const checked = item.ok
      ? checkItem(item.value, fieldsWritten(lineText))
      : refused(`not JSON: ${item.problem}`);
    collected.add(line, checked, () => lineText);
  }
  return ok(collected.result());
}

function checkItem(item: unknown, written: number): Result<Reading> {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    return refused(`an item is an object such as {"sensor": "bed1/temperature", "value": 21.5}`);
  }
  let fields = 0;
  for (const name in item) {
    fields++;
    if (!FIELDS.includes(name)) return refused(`the field ${quoted(name)} is not known; ${FIELDS_TEXT}`);
  }
  const { sensor, value, ts, unit }: { [field: string]: unknown } = { ...item };
  if (sensor === undefined || value === undefined) {
    return refused(`the field ${sensor === undefined ? 'sensor' : 'value'} is missing; ${FIELDS_TEXT}`);
  }
  const reading = checkReading({ sensor, value, tsMs: ts, unit });
  if (!reading.ok) return reading;

  // The value has passed, so it is flat, and what was written more than once is missing from the count. (IN5)
  const inValue = typeof reading.value.value === 'object' ? Object.keys(reading.value.value).length : 0;
  return written === fields + inValue ? reading : refused('a field is there twice; each is given once');
}

function parse(text: string): Result<unknown> {
  try {
    return ok(JSON.parse(text));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return refused(message.slice(0, PARSER_MESSAGE_LENGTH));
  }
}

function badBody(detail: string): Refusal {
  return { code: 'bad-body', detail };
}
