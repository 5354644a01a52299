// Who still reads the log behind everybody else, and until when the log waits for him: a reader that stalled must
// not hold it for days. SPEC rule ST44.

import { assert } from '../../kit/assert.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER } from '../../model/time.ts';

interface Pin {
  readonly from: number;
  readonly untilMs: number;
}

export class Pins {
  readonly #pins = new Map<string, Pin>();

  /** A later call of the same name replaces the pin. */
  set(name: string, from: number, untilMs: number): void {
    assert(this.#pins.has(name) || this.#pins.size < LIMITS.historyPinsMax, 'there are few pins');
    this.#pins.set(name, { from, untilMs });
  }

  drop(name: string): void {
    this.#pins.delete(name);
  }

  /** The lowest index that is held. */
  get from(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#pins.values()].map(({ from }) => from));
  }

  get wakeAt(): number {
    return Math.min(NEVER, ...[...this.#pins.values()].map(({ untilMs }) => untilMs));
  }

  /** Forgets those whose time is up, and names them. */
  expire(nowMs: number): readonly string[] {
    const names = [...this.#pins].filter(([, { untilMs }]) => untilMs <= nowMs).map(([name]) => name);
    for (const name of names) this.#pins.delete(name);
    return names;
  }
}
