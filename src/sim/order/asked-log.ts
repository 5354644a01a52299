// What a simulated process has asked its disk to keep: its log as it believes it to be, durable or not yet.
// SPEC rule SM40.

import type { Base } from '../../model/entry.ts';
import type { GroupId } from '../../model/group-view.ts';
import { EntryLog } from './entry-log.ts';
import { foundedBase, type OrderImage, type OrderWrite } from './image.ts';

export class AskedLog {
  #log = new EntryLog();
  /** The last base it was started with or has asked to save. */
  #base: Base | null = null;
  #group: GroupId | null = null;

  get log(): EntryLog {
    return this.#log;
  }

  get base(): Base | null {
    return this.#base;
  }

  get group(): GroupId | null {
    return this.#group;
  }

  /** A process starts with what its disk has. */
  start(image: OrderImage): void {
    this.#log = image.log.copy();
    this.#base = baseOf(image);
    this.#group = image.state?.group ?? image.base?.group ?? null;
  }

  /** What is wrong with it; null: nothing. */
  ask(write: OrderWrite): string | null {
    switch (write.type) {
      case 'append':
        for (const entry of write.entries) {
          const { last } = this.#log;
          if (entry.index !== last + 1) return `appends ${entry.index} behind ${last}`;
          this.#log.append(entry);
        }
        break;
      case 'cut':
        this.#log.cut(write.after);
        break;
      case 'trim':
        this.#log.trim(Math.min(write.upto, this.#log.last));
        break;
      case 'base':
        this.#begin(write.base);
        break;
      case 'state':
        this.#group = write.state.group;
        break;
      default:
    }
    return null;
  }

  /** Behind a base beyond the log, or of another group, the log begins anew. */
  #begin(base: Base): void {
    if (this.#base?.group !== base.group || base.index > this.#log.last) this.#log.restart(base.index);
    this.#base = base;
    this.#group = base.group;
  }
}

/** Where the log on a disk begins. */
export function baseOf(image: OrderImage): Base | null {
  return image.base ?? foundedBase(image.state);
}
