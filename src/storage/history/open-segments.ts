// Segments that are open for reading, the least used of them closed when there are too many. SPEC rule ST38.

import type { Disk, DiskFile } from '../disk.ts';
import { need, type Task } from '../task.ts';
import { segmentName } from './segment.ts';

interface Open {
  readonly file: DiskFile;
  readers: number;
  /** To be closed by its last reader. */
  dropped: boolean;
}

export class OpenSegments {
  readonly #disk: Disk;
  readonly #max: number;
  /** Least recently used first. */
  readonly #open = new Map<number, Open>();
  /** Counts what makes a file that is being opened an old one. */
  #drops = 0;

  constructor(disk: Disk, max: number) {
    this.#disk = disk;
    this.#max = max;
  }

  /** Reads; fewer bytes than asked where the file ends before. */
  *read(number: number, offset: number, bytes: number): Task<Uint8Array> {
    const open = this.#open.get(number) ?? (yield* this.#opened(number));
    this.#open.delete(number);
    if (!open.dropped) this.#open.set(number, open);
    open.readers++;
    try {
      return yield* need<Uint8Array>((done) => open.file.read(offset, bytes, done));
    } finally {
      open.readers--;
      if (open.dropped && open.readers === 0) open.file.close(() => {});
    }
  }

  /** The file of that name is another one, or gone. */
  drop(number: number): void {
    this.#drops++;
    const open = this.#open.get(number);
    if (open === undefined) return;
    this.#open.delete(number);
    open.dropped = true;
    if (open.readers === 0) open.file.close(() => {});
  }

  close(): void {
    for (const number of [...this.#open.keys()]) this.drop(number);
  }

  *#opened(number: number): Task<Open> {
    for (;;) {
      const drops = this.#drops;
      const file = yield* need<DiskFile>((done) => this.#disk.open(segmentName(number), done));
      const other = this.#open.get(number);
      if (other === undefined && drops === this.#drops) return this.#keep(number, file);
      file.close(() => {});
      if (other !== undefined) return other;
    }
  }

  #keep(number: number, file: DiskFile): Open {
    const open = { file, readers: 0, dropped: false };
    this.#open.set(number, open);
    const [oldest] = this.#open.keys();
    if (this.#open.size > this.#max && oldest !== undefined) this.drop(oldest);
    return open;
  }
}
