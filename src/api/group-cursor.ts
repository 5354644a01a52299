// A place in the order as it is written outside: `<group>:<sequence>`. Sequences belong to a group, so a number alone
// would be read as another's when groups have become one. SPEC rules AP22, AP23.

export interface GroupCursor {
  readonly group: string;
  readonly sequence: number;
}

const CURSOR = /^([0-9a-f]{16}):(\d{1,16})$/;

export function cursorText(group: string | null, sequence: number): string {
  return `${group ?? NO_GROUP}:${sequence}`;
}

/** Null for what is no place in any order. */
export function parseCursor(text: string): GroupCursor | null {
  const match = CURSOR.exec(text);
  const sequence = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(sequence)) return null;
  return { group: match[1] ?? NO_GROUP, sequence };
}

/** What stands for the group of a node that is in none yet. */
const NO_GROUP = '0000000000000000';
