// What the site has learned of each sensor beyond its readings: how often it speaks, and after how long its silence
// counts. Read when somebody looks, and again from time to time.

import { effect, signal } from '@preact/signals';
import { get, linkState, sensors } from './store.ts';

export interface Known {
  readonly sensor: string;
  readonly name: string;
  readonly group: string;
  readonly kind: string;
  readonly cadence_ms: number | null;
  readonly stale_after_ms: number;
  readonly first_seen_ms: number;
}

const AGAIN_MS = 30_000;

/** By sensor; empty where the node knows nothing of the kind. */
export const registry = signal<ReadonlyMap<string, Known>>(new Map());

/** Until what is returned is called. */
export function watchRegistry(): () => void {
  const ask = async () => {
    if (linkState.peek().phase !== 'live') return;
    try {
      const rows = await get<readonly Known[]>('/api/v1/sensors');
      registry.value = new Map(rows.map((row) => [row.sensor, row]));
      sensors.setStaleAfter(new Map(rows.map((row) => [row.sensor, row.stale_after_ms])));
    } catch {
      // What is known stays; the next round asks again.
    }
  };
  const timer = setInterval(ask, AGAIN_MS);
  const stopEffect = effect(() => {
    if (linkState.value.phase === 'live') void ask();
  });
  return () => {
    clearInterval(timer);
    stopEffect();
  };
}
