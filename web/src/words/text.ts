// Numbers, times and values as people read them.

import type { Scalar, Value } from '../../../src/model/reading.ts';

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 3, useGrouping: false });
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

export function numberText(number: number): string {
  const size = Math.abs(number);
  if (size !== 0 && (size < 0.001 || size >= 1e9)) return number.toExponential(3);
  return plain.format(number);
}

/** 1,234,567 */
export function countText(count: number): string {
  return grouped.format(count);
}

export function rateText(perSecond: number): string {
  return perSecond >= 10 ? countText(perSecond) : perSecond.toFixed(1);
}

export function scalarText(value: Scalar): string {
  return typeof value === 'number' ? numberText(value) : String(value);
}

export function valueText(value: Value): string {
  if (typeof value !== 'object') return scalarText(value);
  return Object.entries(value)
    .map(([field, scalar]) => `${field} ${scalarText(scalar)}`)
    .join(' · ');
}

/** 250 ms, 4 s, 12 min, 3 h, 5 d */
export function spanText(ms: number): string {
  if (!Number.isFinite(ms)) return 'never';
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${countText(Math.round(hours / 24))} d`;
}

/** How old something is, which is read every second: without milliseconds. */
export function ageText(ms: number): string {
  return ms < 950 ? 'now' : spanText(Math.max(1_000, ms));
}

export function timeText(ms: number): string {
  return time.format(ms);
}

export function dateTimeText(ms: number): string {
  return `${day.format(ms)} ${time.format(ms)}`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let at = 0;
  for (; size >= 1_024 && at < units.length - 1; at++) size /= 1_024;
  return `${size >= 100 || at === 0 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
}

/** UCUM codes that people write otherwise. */
const UNITS: { readonly [code: string]: string } = {
  Cel: '°C',
  '[degF]': '°F',
  deg: '°',
  um: 'µm',
  'ug/m3': 'µg/m³',
  'm/s2': 'm/s²',
  m2: 'm²',
  m3: 'm³',
};

export function unitText(unit: string): string {
  return Object.hasOwn(UNITS, unit) ? (UNITS[unit] ?? unit) : unit;
}
