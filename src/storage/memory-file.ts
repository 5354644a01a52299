// A file of the disk in memory, whatever it is called: what is on the disk, and what only the system's cache holds.
// Sectors that are not in a map are zeros. SPEC rule ST3.

import type { Random } from '../kit/random.ts';

const SECTOR_BYTES = 512;

export class Inode {
  cachedBytes = 0;
  #durable = new Map<number, Uint8Array>();
  #durableBytes = 0;
  #cached = new Map<number, Uint8Array>();
  #dirty = new Set<number>();

  write(offset: number, data: Uint8Array): void {
    for (let at = 0; at < data.length; ) {
      const sector = Math.floor((offset + at) / SECTOR_BYTES);
      const inside = (offset + at) % SECTOR_BYTES;
      const part = data.subarray(at, at + SECTOR_BYTES - inside);
      const bytes = this.#cached.get(sector)?.slice() ?? new Uint8Array(SECTOR_BYTES);
      bytes.set(part, inside);
      this.#cached.set(sector, bytes);
      this.#dirty.add(sector);
      at += part.length;
    }
    this.cachedBytes = Math.max(this.cachedBytes, offset + data.length);
  }

  read(offset: number, bytes: number): Uint8Array {
    const end = Math.min(offset + bytes, this.cachedBytes);
    const read = new Uint8Array(Math.max(0, end - offset));
    for (let at = offset; at < end; ) {
      const inside = at % SECTOR_BYTES;
      const until = Math.min(end, at - inside + SECTOR_BYTES);
      const sector = this.#cached.get(Math.floor(at / SECTOR_BYTES));
      if (sector) read.set(sector.subarray(inside, inside + until - at), at - offset);
      at = until;
    }
    return read;
  }

  /** What a sync that starts here makes durable when it ends. */
  beginSync(): () => void {
    const sectors = [...this.#dirty].map((sector) => [sector, this.#cached.get(sector)] as const);
    const bytes = this.cachedBytes;
    return () => {
      for (const [sector, content] of sectors) {
        if (content) this.#durable.set(sector, content);
        if (this.#cached.get(sector) === content) this.#dirty.delete(sector);
      }
      this.#durableBytes = Math.max(this.#durableBytes, bytes);
    };
  }

  /** All that is cached is on the disk, also what an earlier sync left out. */
  settle(): void {
    for (const [sector, content] of this.#cached) this.#durable.set(sector, content);
    this.#dirty.clear();
    this.#durableBytes = this.cachedBytes;
  }

  /** A failed sync: the system believes its pages clean, though they are not on the disk. */
  failSync(): void {
    this.#dirty.clear();
  }

  crash(random: Random): void {
    for (const sector of this.#dirty) {
      const content = this.#cached.get(sector);
      if (content) this.#tear(sector, content, random);
    }
    if (this.#durableBytes !== this.cachedBytes && random.chance(0.5)) this.#durableBytes = this.cachedBytes;
    this.#cached = new Map(this.#durable);
    this.cachedBytes = this.#durableBytes;
    this.#dirty.clear();
  }

  #tear(sector: number, content: Uint8Array, random: Random): void {
    const fate = random.below(8);
    if (fate < 3) return;
    const old = this.#durable.get(sector) ?? new Uint8Array(SECTOR_BYTES);
    const torn = fate < 7 ? content : old.slice();
    if (fate === 7) torn.set(content.subarray(0, random.below(SECTOR_BYTES)));
    this.#durable.set(sector, torn);
  }

  flipBit(offset: number, bit: number): void {
    const sector = Math.floor(offset / SECTOR_BYTES);
    const bytes = this.#cached.get(sector)?.slice() ?? new Uint8Array(SECTOR_BYTES);
    const inside = offset % SECTOR_BYTES;
    bytes[inside] = (bytes[inside] ?? 0) ^ (1 << bit);
    this.#cached.set(sector, bytes);
    this.#durable.set(sector, bytes);
  }
}
