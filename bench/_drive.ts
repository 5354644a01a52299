// Loads for one ordered system over one connection: as much as it takes with so many batches under way, or batches
// at a steady rate whatever it does, so that a stall is counted in full by all who were sent into it.

import type { OrderedClient } from './_ordered.ts';

export interface Pushed {
  readonly perSecond: number;
}

/** Batches acknowledged a second, with `depth` of them under way all the time. */
export function pushHard(
  client: OrderedClient,
  batch: Uint8Array,
  depth: number,
  forMs: number,
): Promise<Pushed> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    let underWay = 0;
    let answered = 0;
    let isOver = false;
    const fill = (): void => {
      while (!isOver && underWay < depth) {
        underWay++;
        client.send(batch, done);
      }
      if (isOver && underWay === 0) resolve({ perSecond: (answered / forMs) * 1_000 });
    };
    const done = (): void => {
      underWay--;
      if (performance.now() - startMs < forMs) answered++;
      else isOver = true;
      fill();
    };
    fill();
  });
}

/** How long each batch took, ms, of those sent at `perSecond` after the first second. */
export function pushSteadily(
  client: OrderedClient,
  batch: Uint8Array,
  perSecond: number,
  forMs: number,
): Promise<readonly number[]> {
  const WARM_UP_MS = 1_000;
  const everyMs = 1_000 / perSecond;
  return new Promise((resolve) => {
    const tookMs: number[] = [];
    const startMs = performance.now();
    let sent = 0;
    let answered = 0;
    const total = Math.floor(forMs / everyMs);
    const turn = (): void => {
      const dueUntil = Math.min(total, Math.floor((performance.now() - startMs) / everyMs));
      for (; sent < dueUntil; sent++) {
        const sentMs = performance.now();
        const isCounted = sentMs - startMs >= WARM_UP_MS;
        client.send(batch, () => {
          if (isCounted) tookMs.push(performance.now() - sentMs);
          if (++answered === total) resolve(tookMs);
        });
      }
      // A timer, not a busy loop: the load shares the cores with what it measures.
      if (sent < total) setTimeout(turn, 1);
    };
    turn();
  });
}
