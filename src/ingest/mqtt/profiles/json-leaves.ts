// The leaves of a JSON object: what is nested is named by its path. Lists and null are no values and are left out. SPEC
// rule MQ13.

import { LIMITS } from '../../../model/limits.ts';
import type { Scalar } from '../../../model/reading.ts';

export interface Leaf {
  readonly path: readonly string[];
  readonly value: Scalar;
}

const DEPTH_MAX = 8;

/** Null: not a JSON object. */
export function jsonObject(payload: Buffer): { readonly [name: string]: unknown } | null {
  if (payload[0] !== OPENS && payload.toString('latin1', 0, 16).trimStart()[0] !== '{') return null;
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : null;
  } catch {
    return null;
  }
}

/** At most fieldsMax of them. */
export function leavesOf(object: { readonly [name: string]: unknown }): readonly Leaf[] {
  const leaves: Leaf[] = [];
  collect(object, [], leaves);
  return leaves;
}

const OPENS = 0x7b;

function collect(object: object, path: readonly string[], leaves: Leaf[]): void {
  const entries: [string, unknown][] = Object.entries(object);
  for (const [name, value] of entries) {
    if (leaves.length >= LIMITS.fieldsMax) return;
    const below = [...path, name];
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') {
      leaves.push({ path: below, value });
    } else if (
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      path.length < DEPTH_MAX
    ) {
      collect(value, below, leaves);
    }
  }
}
