// Nodes and who talks to whom. The ring around a node is the suspicion that builds up (phi),
// full where it counts as dead; the crown is the leader's. SPEC rule UI6.

import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Member, Pulse } from '../../../src/api/schema.ts';
import type { Eyes } from '../live/eyes.ts';
import { href } from '../router.ts';
import type { Tone } from '../words/event-words.ts';
import { heightOf, isRing, type Placed, placesOf, RING } from './topology-places.ts';
import '../styles/topology.css';

/** Full scale of the ring, and the default threshold of suspicion on it. */
export const PHI_DEAD = 8;
export const PHI_SUSPECT = 3;

const RADIUS = 22;
/** Of more links only those of the asked node tell their delay: all of them would cover the picture. */
const FEW_LINKS = 6;
/** From the middle of a node to where the delay of a link to it is written. */
const BEFORE_END = RING + 25;

interface Link {
  readonly a: string;
  readonly b: string;
  readonly delayMs: number | null;
}

export interface TopologyGraphProps {
  readonly pulse: Pulse;
  readonly eyes: Eyes;
}

export function TopologyGraph({ pulse, eyes }: TopologyGraphProps) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.max(280, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const links = linksOf(pulse, eyes);
  const drawn = { ids: pulse.members.map(({ id }) => id), links, width };
  const height = heightOf(drawn);
  const shape = `${drawn.ids.join(' ')}|${links.map(({ a, b }) => `${a} ${b}`).join('|')}|${width}`;
  const before = useRef<ReadonlyMap<string, Placed>>(new Map());
  // `shape` says everything that the places depend on.
  const places = useMemo(() => {
    before.current = placesOf(drawn, before.current);
    return before.current;
  }, [shape]);
  const { leader, voters } = pulse.view;
  return (
    <div ref={place} class="topology">
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label="Nodes and links"
      >
        <g class="links">
          {links.map((link) => (
            <LinkLine
              key={`${link.a} ${link.b}`}
              link={link}
              places={places}
              isFew={links.length <= FEW_LINKS}
              tells={link.a === pulse.node ? 'a' : link.b === pulse.node ? 'b' : null}
              isNearEnd={isRing(drawn)}
            />
          ))}
        </g>
        {pulse.members.map((member) => (
          <NodeSign
            key={member.id}
            member={member}
            place={places.get(member.id)}
            isLeader={member.id === leader}
            isVoter={voters.includes(member.id)}
            isSelf={member.id === pulse.node}
          />
        ))}
      </svg>
    </div>
  );
}

interface LinkLineProps {
  readonly link: Link;
  readonly places: ReadonlyMap<string, Placed>;
  /** Whether there is room for the delays of all links. */
  readonly isFew: boolean;
  /** Which of its ends is the asked node. */
  readonly tells: 'a' | 'b' | null;
  /** Whether its delay is written near the other end, where no other one is; in the middle otherwise. */
  readonly isNearEnd: boolean;
}

function LinkLine({ link, places, isFew, tells, isNearEnd }: LinkLineProps) {
  const a = places.get(link.a);
  const b = places.get(link.b);
  if (a === undefined || b === undefined) return null;
  const rest = BEFORE_END / Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  const share = !isNearEnd || tells === null ? 0.5 : tells === 'a' ? 1 - rest : rest;
  const isTold = isFew || tells !== null;
  return (
    <g>
      <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} data-far={!isTold} />
      {isTold && link.delayMs !== null && (
        <text x={a.x + (b.x - a.x) * share} y={a.y + (b.y - a.y) * share + 4}>
          {link.delayMs < 10 ? link.delayMs.toFixed(1) : Math.round(link.delayMs)} ms
        </text>
      )}
    </g>
  );
}

interface NodeSignProps {
  readonly member: Member;
  readonly place: Placed | undefined;
  readonly isLeader: boolean;
  readonly isVoter: boolean;
  readonly isSelf: boolean;
}

function NodeSign({ member, place, isLeader, isVoter, isSelf }: NodeSignProps) {
  if (place === undefined) return null;
  const { id, status } = member;
  const phi = isSelf || status === 'dead' || status === 'left' ? 0 : (member.phi ?? 0);
  const share = Math.min(1, phi / PHI_DEAD);
  const turn = 2 * Math.PI * RING;
  const tone = toneOf(member);
  const role = isLeader ? 'leader' : isVoter ? 'voter' : 'learner';
  const words = `${id}, ${role}, ${status}${isSelf ? ', asked by this page' : `, suspicion ${phi.toFixed(1)} of ${PHI_DEAD}`}`;
  return (
    <a
      class="node-sign"
      href={href('node', id)}
      data-tone={tone}
      data-status={status}
      data-role={role}
      data-self={isSelf}
      data-phi={phi.toFixed(2)}
      style={{ transform: `translate(${place.x}px, ${place.y}px)` }}
    >
      <title>{words}</title>
      <circle class="node-ring" r={RING} />
      {share > 0.01 && (
        <circle
          class="node-phi"
          data-tone={phi >= PHI_DEAD ? 'bad' : phi >= PHI_SUSPECT ? 'warn' : 'good'}
          r={RING}
          transform="rotate(-90)"
          stroke-dasharray={`${share * turn} ${turn}`}
        />
      )}
      <circle class="node-body" r={RADIUS} />
      {isLeader && <path class="node-crown" d="M-9 5l-2-10 6 4.5L0-8l5 7.5 6-4.5-2 10z" />}
      {!isLeader && <circle class="node-dot" r="4.5" />}
      <text class="node-name" y={place.isNameAbove ? -RING - 21 : RING + 17}>
        {id.length > 18 ? `${id.slice(0, 17)}…` : id}
      </text>
      <text class="node-role" y={place.isNameAbove ? -RING - 7 : RING + 31}>
        {status === 'alive' ? (isSelf ? `${role}, asked` : role) : status}
      </text>
    </a>
  );
}

export function toneOf({ status }: Member): Tone {
  return status === 'alive' ? 'good' : status === 'suspected' ? 'warn' : status === 'dead' ? 'bad' : 'quiet';
}

/** Each pair once, with the shorter of the two round trips that are known of it. */
function linksOf({ node, members, links }: Pulse, eyes: Eyes): Link[] {
  const known = new Set(members.map(({ id }) => id));
  const gone = new Set(
    members.filter(({ status }) => status === 'dead' || status === 'left').map(({ id }) => id),
  );
  const found = new Map<string, Link>();
  for (const [a, others] of Object.entries(links)) {
    for (const b of others) {
      if (a === b || !known.has(a) || !known.has(b) || gone.has(a) || gone.has(b)) continue;
      const [first, second] = a < b ? [a, b] : [b, a];
      const seen = [delayOf(first, second), delayOf(second, first)].filter((ms) => ms !== null);
      found.set(`${first} ${second}`, {
        a: first,
        b: second,
        delayMs: seen.length === 0 ? null : Math.min(...seen),
      });
    }
  }
  return [...found.values()].sort((x, y) => (x.a + x.b < y.a + y.b ? -1 : 1));

  function delayOf(from: string, to: string): number | null {
    const seen = from === node ? members : eyes.get(from);
    return seen?.find(({ id }) => id === to)?.round_trip_ms ?? null;
  }
}
