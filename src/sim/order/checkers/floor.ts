// What was committed stays: the floor of one identity never goes back, and nothing at or below it, nor at or below
// what the process knows committed, is ever cut. What an earlier process knew and its disk did not is forgotten.
// SPEC rule SM52.

import { identityText } from '../../../model/ids.ts';
import type { OrderWrite } from '../image.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

export class FloorHolds extends OrderChecker {
  readonly rule = 'nothing committed is cut';
  /** By identity and group: the highest floor that was durable. */
  readonly #durable = new Map<string, number>();
  /** The same, of saved words alone. */
  readonly #saved = new Map<string, number>();
  /** The commit index that the present process knows. */
  readonly #known = new Map<string, number>();

  /** What each write was about when it was asked for: the peer may be in another group by the answer. */
  readonly #about = new WeakMap<OrderWrite, string>();

  override started(at: OrderPlace): void {
    this.#known.delete(nameOf(at));
  }

  override asked(at: OrderPlace, write: OrderWrite): void {
    const name = nameOf(at);
    this.#about.set(write, name);
    if (write.type !== 'cut' || write.after >= at.asked.last) return;
    const floor = Math.max(this.#durable.get(name) ?? 0, this.#known.get(name) ?? 0);
    if (write.after < Math.min(floor, at.asked.last)) {
      this.complain(at, `cuts its log above ${write.after}, below its floor ${floor}`);
    }
  }

  override durable(at: OrderPlace, write: OrderWrite): void {
    const name = this.#about.get(write) ?? nameOf(at);
    if (write.type === 'state') this.#saw(at, name, write.state.floor);
    if (write.type === 'append') raise(this.#durable, name, write.floor);
  }

  override committed(at: OrderPlace, _from: number, to: number): void {
    raise(this.#known, nameOf(at), to);
  }

  /** A saved floor may lag behind what is known, but not behind an earlier saved one. */
  #saw(at: OrderPlace, name: string, floor: number): void {
    const before = this.#saved.get(name) ?? 0;
    if (floor < before) this.complain(at, `the floor goes back from ${before} to ${floor}`);
    raise(this.#saved, name, floor);
    raise(this.#durable, name, floor);
  }
}

function raise(floors: Map<string, number>, name: string, floor: number): void {
  if (floor > (floors.get(name) ?? 0)) floors.set(name, floor);
}

function nameOf(at: OrderPlace): string {
  return `${at.peer}/${identityText(at.identity)}/${at.group ?? ''}`;
}
