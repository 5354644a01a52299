// Nodes on a circle with their links, as they stood at one moment: the same place for the same node, so that only what
// changed moves. SPEC rule UI26.

import type { SceneRow } from '../../../src/api/sample-routes.ts';
import { compareNames } from '../words/natural.ts';
import '../styles/scene.css';

const SIZE = 320;
const RADIUS = 112;
const NODE = 17;
const MARGIN = 44;
/** Of more nodes the names would lie on one another. */
const NAMED_MAX = 24;

export function SceneDrawing({ scene }: { readonly scene: SceneRow }) {
  const { links, leader } = scene;
  const members = scene.members.toSorted((a, b) => compareNames(a.id, b.id));
  const places = new Map(members.map(({ id }, at) => [id, placeOf(at, members.length)]));
  // A few nodes leave the lower part of the circle empty.
  const height = Math.max(120, ...[...places.values()].map(({ y }) => y + MARGIN));
  const status = new Map(members.map((member) => [member.id, member.status]));
  const isThere = (id: string) => status.get(id) === 'alive';
  const label = `${members.length} nodes, ${links.length} links, ${leader === null ? 'no leader' : `${leader} leads`}`;
  return (
    <svg class="scene" viewBox={`0 0 ${SIZE} ${height}`} role="img" aria-label={label}>
      {links.map(([a = '', b = '']) => {
        const from = places.get(a);
        const to = places.get(b);
        if (from === undefined || to === undefined) return null;
        return (
          <line
            key={`${a} ${b}`}
            x1={from.x}
            y1={from.y}
            x2={to.x}
            y2={to.y}
            data-there={isThere(a) && isThere(b)}
          />
        );
      })}
      {members.map(({ id, status: state }) => {
        const { x = 0, y = 0 } = places.get(id) ?? {};
        const isVoter = scene.voters.includes(id);
        return (
          <g
            key={id}
            transform={`translate(${x} ${y})`}
            class="scene-node"
            data-status={state}
            data-leader={leader === id}
          >
            <circle r={members.length > NAMED_MAX ? 6 : NODE} data-voter={isVoter} />
            {leader === id && <path d="M-7 3.5-8-4.5l4 3L0-7l4 5.5 4-3-1 8z" />}
            <text y={y < SIZE / 2 ? -NODE - 7 : NODE + 16}>{members.length > NAMED_MAX ? '' : id}</text>
            <title>
              {id}: {state}
              {leader === id ? ', leads' : ''}
            </title>
          </g>
        );
      })}
    </svg>
  );
}

function placeOf(at: number, count: number): { readonly x: number; readonly y: number } {
  if (count === 1) return { x: SIZE / 2, y: SIZE / 2 };
  const angle = (at / count) * 2 * Math.PI - Math.PI / 2;
  return { x: SIZE / 2 + RADIUS * Math.cos(angle), y: SIZE / 2 + RADIUS * Math.sin(angle) };
}
