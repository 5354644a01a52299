// The shapes in which a network falls apart, as the list of paths that are cut: partial ones are the worst (OmniPaxos,
// Ng et al., EuroSys 2023), since everybody still hears somebody. SPEC rule SM43.

import type { Random } from '../../kit/random.ts';

export type Cut = readonly [from: number, to: number];

/** Each machine falls into one of two groups, or of three. */
export function split(nodes: number, random: Random): readonly Cut[] {
  const groups = random.chance(0.8) ? 2 : 3;
  const groupOf = Array.from({ length: nodes }, () => random.below(groups));
  return both(pairs(nodes).filter(([a, b]) => groupOf[a] !== groupOf[b]));
}

/** Those in `side` see each other, the others too, and nobody sees across. */
export function apart(nodes: number, side: readonly number[]): readonly Cut[] {
  return both(pairs(nodes).filter(([a, b]) => side.includes(a) !== side.includes(b)));
}

/** Everybody sees `centre` and nobody else (quorum-loss scenario). */
export function star(nodes: number, centre: number): readonly Cut[] {
  return both(pairs(nodes).filter(([a, b]) => a !== centre && b !== centre));
}

/** Each sees the one before and the one after (chained scenario). */
export function chain(nodes: number, first: number): readonly Cut[] {
  const place = (node: number): number => (node - first + nodes) % nodes;
  return both(pairs(nodes).filter(([a, b]) => Math.abs(place(a) - place(b)) > 1));
}

export function ring(nodes: number): readonly Cut[] {
  return both(pairs(nodes).filter(([a, b]) => b - a > 1 && b - a < nodes - 1));
}

/** Two halves that see only `middle` in common. */
export function bridge(nodes: number, middle: number): readonly Cut[] {
  const half = (node: number): number => ((node - middle + nodes) % nodes <= nodes / 2 ? 0 : 1);
  return both(pairs(nodes).filter(([a, b]) => a !== middle && b !== middle && half(a) !== half(b)));
}

/** `node` hears nobody. */
export function deaf(nodes: number, node: number): readonly Cut[] {
  return others(nodes, node).map((other) => [other, node]);
}

/** Nobody hears `node`. */
export function mute(nodes: number, node: number): readonly Cut[] {
  return others(nodes, node).map((other) => [node, other]);
}

function others(nodes: number, node: number): number[] {
  return Array.from({ length: nodes }, (_, index) => index).filter((index) => index !== node);
}

function pairs(nodes: number): Cut[] {
  const all: Cut[] = [];
  for (let a = 0; a < nodes; a++) for (let b = a + 1; b < nodes; b++) all.push([a, b]);
  return all;
}

function both(cuts: readonly Cut[]): readonly Cut[] {
  return cuts.flatMap(([a, b]): Cut[] => [
    [a, b],
    [b, a],
  ]);
}
