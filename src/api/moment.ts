// A moment as a query may give it: Unix milliseconds, RFC 3339, or `now` with a span before it. SPEC rule HD4.

import { ok, type Result, refused } from '../kit/result.ts';
import { TS_MS_MAX } from '../model/check-reading.ts';
import { quoted } from '../model/ids.ts';

const EPOCH = /^-?\d{1,16}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})?)?$/;
const NOW = /^now(?:-(\d{1,6})(ms|s|m|h|d|w|y))?$/;
const SPAN = /^(\d{1,9})(ms|s|m|h|d|w|y)?$/;
const UNIT_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
export const MOMENTS = 'milliseconds since 1970, a time such as 2026-02-11T08:30:00Z, now, or now-1h';
export const SPANS = 'milliseconds, or a number with ms, s, m, h, d, w or y';

/** A time without an offset is UTC, so that every node means the same. */
export function parseMoment(name: string, text: string, nowMs: number): Result<number> {
  const moment = momentOf(text, nowMs);
  if (moment !== null && Math.abs(moment) <= TS_MS_MAX) return ok(moment);
  return refused(`${name} is ${MOMENTS}; got ${quoted(text)}`);
}

export function parseSpan(name: string, text: string): Result<number> {
  const match = SPAN.exec(text);
  const span = Number(match?.[1] ?? 0) * (UNIT_MS[match?.[2] ?? 'ms'] ?? 0);
  return span >= 1 ? ok(span) : refused(`${name} is ${SPANS}; got ${quoted(text)}`);
}

function momentOf(text: string, nowMs: number): number | null {
  if (EPOCH.test(text)) return Number(text);
  const now = NOW.exec(text);
  if (now !== null) return nowMs - Number(now[1] ?? 0) * (UNIT_MS[now[2] ?? 'ms'] ?? 0);
  if (!RFC3339.test(text)) return null;
  const time = text.length > 10 ? text.replace(' ', 'T') : `${text}T00:00Z`;
  const hasOffset = /(?:[Zz]|[+-]\d{2}:\d{2})$/.test(time);
  const ms = Date.parse(hasOffset ? time : `${time}Z`);
  return Number.isNaN(ms) ? null : ms;
}
