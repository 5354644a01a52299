// What a device keeps in its tables, and what its words mean. A word is 16 bits, sent high byte first (Modbus Application
// Protocol 1.1b3, 4.2); in which order the words of a longer number come is up to the device. SPEC rule MO2.

/** `coil` and `discrete` are tables of bits, `holding` and `input` of words. */
export const TABLES = ['coil', 'discrete', 'input', 'holding'] as const;
export type Table = (typeof TABLES)[number];

export const TYPES = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
] as const;
export type RegisterType = (typeof TYPES)[number];
export type WordOrder = 'big' | 'little';

export interface Register {
  readonly sensor: string;
  readonly table: Table;
  /** As it is sent: from 0. */
  readonly address: number;
  readonly type: RegisterType;
  /** Which word of a longer number comes first: the high one (`big`) or the low one. */
  readonly wordOrder: WordOrder;
  /** The value is the number times `scale` plus `offset`. */
  readonly scale: number;
  readonly offset: number;
  readonly unit: string;
}

const WORDS: { readonly [type in RegisterType]: number } = {
  bool: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
};

/** Words, or bits, from its address on. */
export function lengthOf({ type }: Register): number {
  return WORDS[type];
}

export function isBits(table: Table): boolean {
  return table === 'coil' || table === 'discrete';
}

/** Null for what is no number, or too large a one to be told exactly: unknown is never 0. */
export function meaningOf(register: Register, words: readonly number[]): number | null {
  const number = numberOf(register.type, register.wordOrder === 'big' ? words : words.toReversed());
  if (number === null) return null;
  const value = number * register.scale + register.offset;
  return Number.isFinite(value) ? value : null;
}

function numberOf(type: RegisterType, highFirst: readonly number[]): number | null {
  const view = new DataView(new ArrayBuffer(8));
  for (const [at, word] of highFirst.entries()) view.setUint16(2 * at, word);
  switch (type) {
    case 'bool':
    case 'uint16':
      return view.getUint16(0);
    case 'int16':
      return view.getInt16(0);
    case 'int32':
      return view.getInt32(0);
    case 'uint32':
      return view.getUint32(0);
    case 'int64':
      return exact(view.getBigInt64(0));
    case 'uint64':
      return exact(view.getBigUint64(0));
    case 'float32':
      return view.getFloat32(0);
    case 'float64':
      return view.getFloat64(0);
  }
}

function exact(whole: bigint): number | null {
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : null;
}
