// A few small blank segments that only entries without readings may take when the disk is full, so that a group
// can still elect, change and trim. SPEC rule ST42.

import { must } from '../../kit/assert.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { createSegment } from '../spare-segment.ts';
import { need, run, type StorageProblem, type Task } from '../task.ts';
import { segmentName } from './segment.ts';

export interface ReserveEvents {
  failed(problem: StorageProblem): void;
  ended(): void;
}

export function reserveName(place: number): string {
  return `history-reserve-${place}.log`;
}

export class Reserve {
  readonly #disk: Disk;
  readonly #bytes: number;
  readonly #events: ReserveEvents;
  /** By place; null where there is none. */
  readonly #files: (DiskFile | null)[];
  #isMaking = false;

  constructor(disk: Disk, bytes: number, files: readonly (DiskFile | null)[], events: ReserveEvents) {
    this.#disk = disk;
    this.#bytes = bytes;
    this.#events = events;
    this.#files = [...files];
  }

  get count(): number {
    return this.#files.filter((file) => file !== null).length;
  }

  get isMaking(): boolean {
    return this.#isMaking;
  }

  get files(): readonly DiskFile[] {
    return this.#files.filter((file) => file !== null);
  }

  /** Makes those that are missing, one after the other, as far as there is space. */
  fill(): void {
    const place = this.#files.indexOf(null);
    if (place < 0 || this.#isMaking) return;
    this.#isMaking = true;
    run(
      createSegment(this.#disk, reserveName(place), this.#bytes),
      (file) => {
        this.#isMaking = false;
        this.#files[place] = file;
        this.fill();
        this.#events.ended();
      },
      (problem) => {
        if (problem.kind !== 'full') {
          this.#isMaking = false;
          this.#events.failed(problem);
          return;
        }
        this.#disk.remove(reserveName(place), () => {
          this.#isMaking = false;
          this.#events.ended();
        });
      },
    );
  }

  /** One of them under this number, its name durable. To be called while there is one and none is made. */
  take(number: number, done: (file: DiskFile) => void): void {
    const place = this.#files.findIndex((file) => file !== null);
    const file = must(this.#files[place], 'a reserve is there');
    this.#files[place] = null;
    run(
      renamed(this.#disk, reserveName(place), segmentName(number)),
      () => done(file),
      (problem) => this.#events.failed(problem),
    );
  }
}

function* renamed(disk: Disk, from: string, to: string): Task<null> {
  yield* need<null>((done) => disk.rename(from, to, done));
  return yield* need<null>((done) => disk.syncDirectory(done));
}
