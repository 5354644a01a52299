// What the files of a sensor are called: its id, percent-encoded outside `[A-Za-z0-9_@-]`, so that no id leads out
// of the directory or into another's file. An id too long for a file name keeps its beginning and a hash. SPEC rule
// HI3.

import { createHash } from 'node:crypto';
import type { SensorId } from '../model/ids.ts';

/** A name on most file systems has at most 255 bytes; `.NN.csv` and `.tmp` come behind. */
const NAME_BYTES_MAX = 200;
const KEPT_BYTES = 150;
const PLAIN = /^[A-Za-z0-9_@-]*$/;

export function csvBase(sensor: SensorId): string {
  const encoded = PLAIN.test(sensor) ? sensor : percentEncoded(sensor);
  if (encoded.length <= NAME_BYTES_MAX) return encoded;
  // `%~` never stands in an encoded id.
  return `${encoded.slice(0, KEPT_BYTES)}%~${createHash('sha256').update(sensor).digest('hex').slice(0, 40)}`;
}

/** The first file of a sensor has no number; the one with other fields has 2, and so on. */
export function csvName(base: string, number: number): string {
  return number === 1 ? `${base}.csv` : `${base}.${number}.csv`;
}

/** Where it is told which readings are gone for good. No sensor's file has this name: it would encode the dot. */
export const GAPS_NAME = 'history.gaps.csv';

export function isCsvName(name: string): boolean {
  return name.endsWith('.csv');
}

function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte);
    encoded +=
      byte < 0x80 && PLAIN.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
