// What was committed stays: the floor of one identity never goes back, and nothing at or below it, nor at or below
// what the peer knows committed, is ever cut. SPEC rule SM52.

import { identityText } from '../../../model/ids.ts';
import type { OrderWrite } from '../image.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

export class FloorHolds extends OrderChecker {
  readonly rule = 'nothing committed is cut';
  /** By identity and group: the highest floor that was durable, or commit index that was known. */
  readonly #floors = new Map<string, number>();

  override asked(at: OrderPlace, write: OrderWrite): void {
    const floor = this.#floors.get(nameOf(at)) ?? 0;
    if (write.type === 'cut' && write.after < Math.min(floor, at.asked.last)) {
      this.complain(at, `cuts its log above ${write.after}, below its floor ${floor}`);
    }
  }

  override durable(at: OrderPlace, write: OrderWrite): void {
    if (write.type === 'state') this.#saw(at, write.state.floor, 'the floor');
    if (write.type === 'append') this.#raise(at, write.floor);
  }

  override committed(at: OrderPlace, _from: number, to: number): void {
    this.#raise(at, to);
  }

  /** A saved floor may lag behind what is known, but not behind an earlier saved one. */
  #saw(at: OrderPlace, floor: number, what: string): void {
    const name = `${nameOf(at)}/saved`;
    const before = this.#floors.get(name) ?? 0;
    if (floor < before) this.complain(at, `${what} goes back from ${before} to ${floor}`);
    this.#floors.set(name, Math.max(before, floor));
    this.#raise(at, floor);
  }

  #raise(at: OrderPlace, floor: number): void {
    const name = nameOf(at);
    this.#floors.set(name, Math.max(this.#floors.get(name) ?? 0, floor));
  }
}

function nameOf(at: OrderPlace): string {
  return `${at.peer}/${identityText(at.identity)}/${at.group ?? ''}`;
}
