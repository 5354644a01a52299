// Where the nodes of the picture stand. Few of them, and those of which each speaks to few, are drawn by force (d3-force),
// which shows who is near to whom. Where nearly all speak to all that would be a tangle: they stand on a ring, in the
// order of their names, so that no link runs beneath a node.

import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force';

export const RING = 28;
const HEIGHT = 380;
const NARROW_HEIGHT = 290;
const NARROW_PX = 480;
const TICKS = 220;

/** On a ring stand so many, and more links than these of each. */
const RING_LEAST = 7;
const RING_MOST = 24;
const RING_LINKS = 1.5;
const SIDE_ROOM = 60;
/** Beyond the circle of a node: its name and role. */
const NAME_ROOM = 44;
const WIDEST = 270;
const HIGHEST = 270;
/** From one to the next along the ring: a circle, and the name of the next one. */
const APART = 92;
const CORNERS = 720;

export interface Placed {
  readonly id: string;
  x: number;
  y: number;
  /** Its name stands above it, outside the ring. */
  isNameAbove: boolean;
}

export interface Drawn {
  readonly ids: readonly string[];
  readonly links: readonly { readonly a: string; readonly b: string }[];
  readonly width: number;
}

export function isRing({ ids, links }: Drawn): boolean {
  return ids.length >= RING_LEAST && ids.length <= RING_MOST && links.length > RING_LINKS * ids.length;
}

export function heightOf(drawn: Drawn): number {
  if (!isRing(drawn)) return drawn.width < NARROW_PX ? NARROW_HEIGHT : HEIGHT;
  const wanted = (drawn.ids.length * APART) / (2 * Math.PI);
  const high = Math.sqrt(Math.max(0, 2 * wanted ** 2 - wideOf(drawn) ** 2));
  const least = HEIGHT / 2 - RING - NAME_ROOM;
  return Math.round(2 * (Math.min(HIGHEST, Math.max(least, high)) + RING + NAME_ROOM));
}

/** `before`: where they were, so that a node that comes or goes moves the others little. */
export function placesOf(drawn: Drawn, before: ReadonlyMap<string, Placed>): ReadonlyMap<string, Placed> {
  const placed = isRing(drawn) ? onRing(drawn) : byForce(drawn, before);
  return new Map(placed.map((one) => [one.id, one]));
}

function wideOf({ width }: Drawn): number {
  return Math.min(WIDEST, width / 2 - SIDE_ROOM);
}

/** Equally far from each other along the ellipse, the first one at the top. */
function onRing(drawn: Drawn): Placed[] {
  const [wide, middle] = [wideOf(drawn), heightOf(drawn) / 2];
  const high = middle - RING - NAME_ROOM;
  const corners = Array.from({ length: CORNERS + 1 }, (_, at) => {
    const angle = (2 * Math.PI * at) / CORNERS - Math.PI / 2;
    return { x: drawn.width / 2 + wide * Math.cos(angle), y: middle + high * Math.sin(angle) };
  });
  const ways = [0];
  for (const [at, { x, y }] of corners.entries()) {
    const last = corners[at - 1];
    if (last) ways.push((ways[at - 1] ?? 0) + Math.hypot(x - last.x, y - last.y));
  }
  const round = ways.at(-1) ?? 0;
  return drawn.ids.map((id, at) => {
    const way = (round * at) / drawn.ids.length;
    const { x, y } = corners[ways.findIndex((one) => one >= way)] ?? { x: 0, y: 0 };
    return { id, x: Math.round(x), y: Math.round(y), isNameAbove: y < middle - high / 3 };
  });
}

function byForce(drawn: Drawn, before: ReadonlyMap<string, Placed>): Placed[] {
  const { ids, links, width } = drawn;
  const height = heightOf(drawn);
  const nodes: Placed[] = ids.map((id, at) => {
    const angle = (2 * Math.PI * at) / ids.length - Math.PI / 2;
    const old = before.get(id);
    return old
      ? { ...old, isNameAbove: false }
      : {
          id,
          x: width / 2 + 120 * Math.cos(angle),
          y: height / 2 + 110 * Math.sin(angle),
          isNameAbove: false,
        };
  });
  const room = Math.min(width, height * 1.7);
  const distance = Math.max(90, Math.min(260, room / Math.max(2.1, Math.sqrt(nodes.length) * 1.1)));
  forceSimulation(nodes)
    .stop()
    .force('charge', forceManyBody().strength(-distance * 5))
    .force(
      'link',
      forceLink<Placed, { source: string; target: string }>(
        links.map(({ a, b }) => ({ source: a, target: b })),
      )
        .id(({ id }) => id)
        .distance(distance)
        .strength(0.5 / Math.max(1, Math.sqrt(links.length))),
    )
    .force('x', forceX(width / 2).strength(0.07))
    .force('y', forceY(height / 2 - 14).strength(0.2))
    .force('collide', forceCollide(RING + 20))
    .tick(TICKS);
  return nodes.map(({ id, x, y, isNameAbove }) => ({
    id,
    x: Math.round(Math.max(48, Math.min(width - 48, x))),
    y: Math.round(Math.max(RING + 8, Math.min(height - RING - 40, y))),
    isNameAbove,
  }));
}
