// When the disk will be full, from how its free space went down within the last day. Other programs fill it too, so it is
// the space that is looked at and not what this node writes. The pace is the median of many slopes, each over half the
// time looked at: a file that is deleted, or one that comes, bends it little. SPEC rule AL10.

import { statfs } from 'node:fs/promises';

const SAMPLE_MS = 60_000;
const SAMPLES_MAX = 1_440;
/** Fewer say nothing. */
const SAMPLES_MIN = 10;
/** Beyond a hundred years nobody asks. */
const FAR_MS = 100 * 365 * 86_400_000;

interface Sample {
  readonly atMs: number;
  readonly freeBytes: number;
}

export class DiskForecast {
  #samples: Sample[] = [];

  take(freeBytes: number, atMs: number): void {
    this.#samples.push({ freeBytes, atMs });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Null: too little is known, or it is not filling. */
  fullInMs(): number | null {
    const { length } = this.#samples;
    const last = this.#samples.at(-1);
    if (length < SAMPLES_MIN || last === undefined) return null;
    const half = length >> 1;
    const paces: number[] = [];
    for (const [at, before] of this.#samples.slice(0, length - half).entries()) {
      const after = this.#samples[at + half] as Sample;
      if (after.atMs > before.atMs) {
        paces.push((before.freeBytes - after.freeBytes) / (after.atMs - before.atMs));
      }
    }
    paces.sort((a, b) => a - b);
    const pace = paces[paces.length >> 1] ?? 0;
    if (pace <= 0) return null;
    const inMs = last.freeBytes / pace;
    return inMs < FAR_MS ? Math.round(inMs) : null;
  }
}

/** Looks at the file system of a directory once a minute. */
export class DiskWatch {
  readonly #directory: string;
  readonly #forecast = new DiskForecast();
  readonly #timer: NodeJS.Timeout;
  #freeBytes: number | null = null;

  constructor(directory: string) {
    this.#directory = directory;
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** What cannot be told is left out. */
  counters(): { readonly [name: string]: number } {
    const inMs = this.#forecast.fullInMs();
    return {
      ...(this.#freeBytes !== null && { disk_free_bytes: this.#freeBytes }),
      ...(inMs !== null && { disk_full_in_seconds: Math.round(inMs / 1_000) }),
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#directory);
      this.#freeBytes = bavail * bsize;
      this.#forecast.take(this.#freeBytes, Date.now());
    } catch {
      // A directory that cannot be looked at is found by whoever writes there.
      this.#freeBytes = null;
    }
  }
}
