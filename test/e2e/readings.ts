// What the nodes of a site show, and what they must show by the rule: of all readings of a sensor the one with the
// larger time wins, then the one of the larger origin. SPEC rule WS1.

import { expect } from 'vitest';
import type { SiteNode, State } from './site-node.ts';
import { until } from './until.ts';

export interface Written {
  readonly origin: string;
  readonly sensor: string;
  readonly value: number;
  readonly tsMs: number;
}

/** Value and time of each sensor's winner by its global id, from everything that was ever written. */
export function winnersOf(written: readonly Written[]): { readonly [globalId: string]: readonly unknown[] } {
  const winners = new Map<string, Written>();
  for (const one of written) {
    const best = winners.get(one.sensor);
    if (best === undefined || beats(one, best)) winners.set(one.sensor, one);
  }
  return Object.fromEntries(
    [...winners.values()].map(({ origin, sensor, value, tsMs }) => [`${origin}:${sensor}`, [value, tsMs]]),
  );
}

/** A later write of the same origin with the same time replaces the earlier. */
function beats(one: Written, best: Written): boolean {
  if (one.tsMs !== best.tsMs) return one.tsMs > best.tsMs;
  return one.origin >= best.origin;
}

/** Until every node shows the winners of `written` and nothing else, and all states are equal, value for value. */
export async function allShow(
  nodes: readonly SiteNode[],
  written: readonly Written[],
  withinMs = 20_000,
): Promise<void> {
  const wanted = winnersOf(written);
  const ids = nodes.map(({ id }) => id).join(', ');
  const states = await until(
    `${ids} show the winners`,
    () => Promise.all(nodes.map((node) => node.state())),
    (all) => all.every((state) => same(shownIn(state), wanted)),
    withinMs,
  );
  for (const state of states) expect(state).toEqual(states[0]);
}

function shownIn(state: State): { readonly [globalId: string]: readonly unknown[] } {
  return Object.fromEntries(Object.entries(state).map(([id, one]) => [id, [one.value, one.ts_ms]]));
}

function same(
  a: { readonly [globalId: string]: readonly unknown[] },
  b: { readonly [globalId: string]: readonly unknown[] },
): boolean {
  const ids = Object.keys(b);
  return (
    Object.keys(a).length === ids.length &&
    ids.every((id) => a[id]?.[0] === b[id]?.[0] && a[id]?.[1] === b[id]?.[1])
  );
}

/** Writes one reading and says what was written. */
export async function writeAt(node: SiteNode, sensor: string, value: number, tsMs: number): Promise<Written> {
  await node.write({ sensor, value, ts: tsMs });
  return { origin: node.id, sensor, value, tsMs };
}
