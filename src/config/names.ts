// Which names exist, and which one somebody meant who wrote another. SPEC rules CF5, CF8.

import { FILE_FLAGS } from './given.ts';
import { OPTIONS } from './options.ts';
import { parameterNames } from './sensors.ts';

const SENSOR_NAME = /^SENSOR_(0|[1-9]\d{0,5})_([A-Z0-9_]+)$/;
const OPTION_NAMES: ReadonlySet<string> = new Set(Object.values(OPTIONS).map(({ name }) => name));
const PARAMETER_NAMES: ReadonlySet<string> = new Set(parameterNames());

export interface SensorName {
  readonly index: number;
  readonly parameter: string;
}

/** `SENSOR_3_PERIOD_MS` → 3, `PERIOD_MS`. Null for what is not about one sensor. */
export function parseSensorName(name: string): SensorName | null {
  const match = SENSOR_NAME.exec(name);
  const parameter = match?.[2];
  return parameter === undefined ? null : { index: Number(match?.[1]), parameter };
}

export function isKnown(name: string): boolean {
  if (OPTION_NAMES.has(name)) return true;
  const sensor = parseSensorName(name);
  return sensor !== null && PARAMETER_NAMES.has(sensor.parameter);
}

/** The known name that is nearest to a wrong one, or null when none is near. */
export function nearest(name: string): string | null {
  const sensor = parseSensorName(name);
  if (sensor !== null) {
    const parameter = nearestOf(sensor.parameter, PARAMETER_NAMES);
    return parameter === null ? null : `SENSOR_${sensor.index}_${parameter}`;
  }
  return nearestOf(name, [...OPTION_NAMES, ...Object.values(FILE_FLAGS)]);
}

function nearestOf(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    // A name without its unit is near, however long the unit.
    const isWithoutUnit = candidate.startsWith(`${name}_`);
    // No fewer letters change than one is longer by; so a name of any length costs little.
    if (!isWithoutUnit && Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = isWithoutUnit ? 1 : editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** How many letters to add, drop, change, or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforePrevious[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}
