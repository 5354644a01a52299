// The load of a drill: one writer at every node, each reading asked to be committed before the next one. It
// remembers what was answered, so that afterwards each reading can be looked for in the history.

import { LIMITS } from '../../model/limits.ts';
import type { NodePlan } from '../cluster/topology.ts';

export interface Written {
  readonly sensor: string;
  readonly value: number;
  /** `committed` was promised; `stored` means it will be; `unknown`: no answer came, either is right. */
  readonly promise: 'committed' | 'stored' | 'unknown';
  readonly atMs: number;
}

const AFTER_FAILURE_MS = 20;
const ANSWER_MS = 15_000;

export class DrillLoad {
  readonly written: Written[] = [];
  readonly #writers: Promise<void>[];
  /** Between a reading that was committed and the next one. */
  readonly #pauseMs: number;
  #stopped = false;

  constructor(plans: readonly NodePlan[], pauseMs: number) {
    this.#pauseMs = pauseMs;
    this.#writers = plans.map((plan) => this.#write(plan));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
  }

  /** The longest time without a commit anywhere that began or ended in the span. */
  longestGapMs(fromMs: number, toMs: number): number {
    const times = this.written
      .filter(({ promise }) => promise === 'committed')
      .map(({ atMs }) => atMs)
      .sort((a, b) => a - b);
    let longest = 0;
    for (let i = 1; i < times.length; i++) {
      const before = times[i - 1] ?? 0;
      const after = times[i] ?? 0;
      if (after >= fromMs && before <= toMs) longest = Math.max(longest, after - before);
    }
    return longest;
  }

  async #write({ id, ingestPort }: NodePlan): Promise<void> {
    const sensor = `drill/${id}`;
    for (let value = 1; !this.#stopped && this.written.length < LIMITS.drillReadingsMax; value++) {
      const promise = await submit(ingestPort, sensor, value);
      if (promise === null) value--;
      else this.written.push({ sensor, value, promise, atMs: performance.now() });
      await pause(promise === 'committed' ? this.#pauseMs : AFTER_FAILURE_MS);
    }
  }
}

/** Null where the reading was surely not taken: nobody listened. */
async function submit(port: number, sensor: string, value: number): Promise<Written['promise'] | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ingest?ack=committed`, {
      method: 'POST',
      body: JSON.stringify({ sensor, value }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const { ack } = (await response.json()) as { readonly ack?: 'stored' | 'committed' };
    return ack ?? null;
  } catch (error) {
    return isRefusedConnection(error) ? null : 'unknown';
  }
}

function isRefusedConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

export function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
