// What the history log does that no append has to wait for, one after the other.

import { run, type StorageProblem, type Task } from '../task.ts';

export interface ChoreEvents {
  failed(problem: StorageProblem): void;
  /** One has ended. */
  ended(): void;
}

export class Chores {
  readonly #events: ChoreEvents;
  /** Bounded by what the log was asked for and by its segments. */
  #waiting: (() => Task<unknown>)[] = [];
  #isWorking = false;
  #isClosed = false;

  constructor(events: ChoreEvents) {
    this.#events = events;
  }

  get isWorking(): boolean {
    return this.#isWorking;
  }

  get isResting(): boolean {
    return !this.#isWorking && this.#waiting.length === 0;
  }

  add(chore: () => Task<unknown>): void {
    if (this.#isClosed) return;
    this.#waiting.push(chore);
    this.#work();
  }

  /** What waits is still done; no more is taken. */
  close(): void {
    this.#isClosed = true;
  }

  /** What waits is not done any more. */
  stop(): void {
    this.close();
    this.#waiting = [];
  }

  #work(): void {
    const chore = this.#isWorking ? undefined : this.#waiting.shift();
    if (chore === undefined) return;
    this.#isWorking = true;
    run(
      chore(),
      () => {
        this.#isWorking = false;
        this.#work();
        this.#events.ended();
      },
      (problem) => {
        this.#isWorking = false;
        this.#events.failed(problem);
        this.#events.ended();
      },
    );
  }
}
