// Names in the order in which people look for them: `node-2` before `node-10`, whatever the case.

export function orderKey(name: string): string {
  return name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'));
}

/** Of few: it makes both keys anew. */
export function compareNames(a: string, b: string): number {
  const [keyA, keyB] = [orderKey(a), orderKey(b)];
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}
