// A file that lines are appended to. At its size it becomes FILE.1, what was FILE.1 becomes FILE.2, and so on; the last
// one goes. It can be opened again by name, after another program has moved it. SPEC rule HO12.

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface RotatingFileOptions {
  readonly path: string;
  readonly maxBytes: number | 'never';
  /** Former files kept beside it. */
  readonly keep: number;
  /** Whether it begins empty. */
  readonly clear: boolean;
}

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #file: number;
  #bytes: number;

  /** Throws where the file cannot be written. */
  constructor(options: RotatingFileOptions) {
    this.#options = options;
    mkdirSync(dirname(options.path), { recursive: true });
    this.#file = openSync(options.path, options.clear ? 'w' : 'a');
    this.#bytes = fstatSync(this.#file).size;
  }

  /** A full disk costs lines of the log, and nothing else. */
  write(line: string): void {
    const { maxBytes } = this.#options;
    try {
      if (maxBytes !== 'never' && this.#bytes > 0 && this.#bytes + line.length > maxBytes) this.#rotate();
      this.#bytes += writeSync(this.#file, line);
    } catch {
      // The line is on standard output as well.
    }
  }

  /** Goes on in the file of that name, which another program may have moved away. */
  reopen(): void {
    closeSync(this.#file);
    this.#file = openSync(this.#options.path, 'a');
    this.#bytes = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    const { path, keep } = this.#options;
    const nameOf = (number: number) => (number === 0 ? path : `${path}.${number}`);
    rmSync(nameOf(keep), { force: true });
    for (let number = keep - 1; number >= 0; number--) {
      if (existsSync(nameOf(number))) renameSync(nameOf(number), nameOf(number + 1));
    }
    this.reopen();
  }
}
