// What the site has learned of each sensor beyond its readings: how often it speaks, and after how long its silence
// counts. Read when somebody looks, and again from time to time.

import { effect, signal } from '@preact/signals';
import type { Sensors } from '../../../src/api/sensor-routes.ts';
import { get, isFilled, linkState, sensors } from './store.ts';

type Known = Sensors[number];

const AGAIN_MS = 30_000;
/** An answer about very many sensors costs its node something, so it is asked for less often. */
const SHARE_OF_TIME = 100;

/** By sensor; empty where the node knows nothing of the kind. */
export const registry = signal<ReadonlyMap<string, Known>>(new Map());

/** Of one sensor, or null for all; until what is returned is called. */
export function watchRegistry(sensor: string | null): () => void {
  const path = sensor === null || hasWildcard(sensor) ? '' : `?match=${encodeURIComponent(sensor)}`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = new AbortController();
  const ask = async () => {
    const fromMs = performance.now();
    try {
      const rows = await get<Sensors>(`/api/v1/sensors${path}`, stop.signal);
      const others = path === '' ? [] : registry.peek();
      registry.value = new Map([...others, ...rows.map((row) => [row.sensor, row] as const)]);
      sensors.setStaleAfter(registry.value);
    } catch {
      // What is known stays; the next round asks again.
    }
    if (stop.signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(ask, Math.max(AGAIN_MS, SHARE_OF_TIME * (performance.now() - fromMs)));
  };
  const stopEffect = effect(() => {
    clearTimeout(timer);
    // What everybody sees first comes first.
    if (linkState.value.phase === 'live' && isFilled.value) void ask();
  });
  return () => {
    stop.abort();
    clearTimeout(timer);
    stopEffect();
  };
}

/** A name with such a sign in it cannot be asked for alone. */
function hasWildcard(sensor: string): boolean {
  return /[+#]/.test(sensor);
}
