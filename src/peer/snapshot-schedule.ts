// When the next snapshot is due: every interval if anything changed, earlier after many changes, one at a time.
// SPEC rule PR10.

import { NEVER } from '../model/time.ts';

export class SnapshotSchedule {
  readonly #intervalMs: number;
  readonly #afterRecords: number;
  #nextMs: number;
  #underWay = false;
  #changed = 0;

  constructor(intervalMs: number, afterRecords: number, steadyMs: number) {
    this.#intervalMs = intervalMs;
    this.#afterRecords = afterRecords;
    this.#nextMs = steadyMs + intervalMs;
  }

  /** Past when it is due at once. */
  get dueAt(): number {
    if (this.#underWay || this.#changed === 0) return NEVER;
    return this.#changed >= this.#afterRecords ? 0 : this.#nextMs;
  }

  get anyChange(): boolean {
    return this.#changed > 0;
  }

  changed(records: number): void {
    this.#changed += records;
  }

  hurry(): void {
    this.#changed = Math.max(this.#changed, this.#afterRecords);
  }

  begin(steadyMs: number): void {
    this.#nextMs = steadyMs + this.#intervalMs;
    this.#underWay = true;
    this.#changed = 0;
  }

  saved(): void {
    this.#underWay = false;
  }
}
