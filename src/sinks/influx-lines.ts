// Readings in line protocol. A reading is a point of its own whatever else was said in the same millisecond: what is below
// the millisecond in its time is taken from its n, so that it is written to the same point however often it is written.
// Numbers keep their field's name; texts and booleans have one of their own, since a field of InfluxDB has one type for
// ever. SPEC rule SK12.

import type { LogReading } from '../hub/log-page.ts';
import { identityText } from '../model/ids.ts';
import type { Scalar } from '../model/reading.ts';

/** InfluxDB's times are 64 bits of nanoseconds: 1677-09-21 to 2262-04-11. */
const TS_MS_MIN = -9_223_372_036_853;
const TS_MS_MAX = 9_223_372_036_853;
const NS_PER_MS = 1_000_000;

/** Null where the reading's time is none that InfluxDB has. */
export function lineOf(measurement: string, reading: LogReading): string | null {
  const { sensor, origin, identity, n, sequence, tsMs, value, unit } = reading;
  if (tsMs < TS_MS_MIN || tsMs > TS_MS_MAX) return null;
  const tags = [
    `sensor=${tagText(sensor)}`,
    `origin=${tagText(origin)}`,
    ...(unit === '' ? [] : [`unit=${tagText(unit)}`]),
  ];
  const values = typeof value === 'object' ? Object.entries(value) : ([['value', value]] as const);
  const fields = values.map(([name, scalar]) => fieldOf(name, scalar));
  const place = `_n=${n}i,_sequence=${sequence}i,_identity=${quotedText(identityText(identity))}`;
  return `${measurement},${tags.join(',')} ${fields.join(',')},${place} ${nanosOf(tsMs, n)}`;
}

function fieldOf(name: string, scalar: Scalar): string {
  switch (typeof scalar) {
    case 'number':
      return `${tagText(name)}=${scalar}`;
    case 'boolean':
      return `${tagText(`${name}_boolean`)}=${scalar}`;
    default:
      return `${tagText(`${name}_text`)}=${quotedText(scalar)}`;
  }
}

export function nanosOf(tsMs: number, n: number): bigint {
  return BigInt(tsMs) * BigInt(NS_PER_MS) + BigInt(n % NS_PER_MS);
}

/** A backslash at the end would take what follows for its own. */
function tagText(text: string): string {
  const escaped = text.replaceAll(/[,= ]/g, (character) => `\\${character}`);
  return escaped.endsWith('\\') ? `${escaped}/` : escaped;
}

/** A line break would end the line at servers that read line by line. */
export function quotedText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, (character) => `\\${character}`).replaceAll('\0', '\ufffd')}"`;
}
