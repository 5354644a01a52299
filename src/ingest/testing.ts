// What the tests of inputs share: a hub that remembers, and one whose disk can be held.

import { type Durability, type SubmitReceipt, SubmitRefused, type Submitted } from '../hub/hub.ts';
import { MemoryHub } from '../hub/memory-hub.ts';
import { parsePeerId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';

/** Keeps what was submitted, and answers only while its disk is not held. */
export class RecordingHub extends MemoryHub {
  readonly submitted: Reading[] = [];
  #held: Promise<void> | null = null;
  #release: () => void = () => {};
  #watchers: (() => void)[] = [];

  holdDisk(): void {
    this.#held = new Promise((release) => {
      this.#release = release;
    });
  }

  releaseDisk(): void {
    this.#held = null;
    this.#release();
  }

  override async submit(
    readings: readonly Reading[],
    until: Durability,
    receipt?: SubmitReceipt,
  ): Promise<Submitted> {
    if (this.refusal === null) this.submitted.push(...readings);
    for (const watcher of this.#watchers) watcher();
    await this.#held;
    return super.submit(readings, until, receipt);
  }

  /** Resolves when so many readings have come in, also those not yet answered. */
  async untilSubmitted(count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const watcher = () => {
        if (this.submitted.length >= count) resolve();
      };
      this.#watchers.push(watcher);
      watcher();
    });
  }
}

export function annsHub(): RecordingHub {
  const ann = parsePeerId('ann');
  if (!ann.ok) throw new Error(ann.problem);
  return new RecordingHub({ self: ann.value, wallMs: () => Date.now(), changesKept: 64 });
}

export const OVERLOADED = new SubmitRefused('too many submits are waiting for the disk', true);
