// Which registers are asked for together: those that follow each other without a gap, as many as one answer may carry
// (Modbus Application Protocol 1.1b3, 6.1-6.4). What nobody wants is not read: devices refuse whole reads for one address
// they do not have. SPEC rule MO3.

import { isBits, lengthOf, type Register, type Table } from './registers.ts';

export interface Read {
  readonly table: Table;
  readonly address: number;
  readonly length: number;
  readonly registers: readonly Register[];
}

const WORDS_MAX = 125;
const BITS_MAX = 2_000;

export function readsOf(registers: readonly Register[]): readonly Read[] {
  const sorted = registers.toSorted((a, b) => order(a, b));
  const reads: { table: Table; address: number; length: number; registers: Register[] }[] = [];
  for (const register of sorted) {
    const { table, address } = register;
    const last = reads.at(-1);
    const end = address + lengthOf(register);
    const isNext = last?.table === table && address <= last.address + last.length;
    const fits = last !== undefined && end - last.address <= (isBits(table) ? BITS_MAX : WORDS_MAX);
    if (last === undefined || !isNext || !fits) {
      reads.push({ table, address, length: end - address, registers: [register] });
      continue;
    }
    last.length = Math.max(last.length, end - last.address);
    last.registers.push(register);
  }
  return reads;
}

function order(a: Register, b: Register): number {
  if (a.table !== b.table) return a.table < b.table ? -1 : 1;
  return a.address - b.address;
}
