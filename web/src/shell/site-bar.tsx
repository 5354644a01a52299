// The state of the site in one row, on every page. SPEC rule UI3.

import type { ComponentChildren } from 'preact';
import { isGone, members, pending, pulse, readingsPerSecond, trail, view } from '../live/store.ts';
import { Dot } from '../parts/badge.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { href } from '../router.ts';
import type { Tone } from '../words/event-words.ts';
import { countText, rateText, spanText } from '../words/text.ts';

const SPARK_SECONDS = 60;
/** Older than that, what waits is worth a look. */
const OLD_PENDING_MS = 5_000;

export function SiteBar() {
  const group = view.value;
  const all = members.value;
  const present = all.filter(({ status }) => status === 'alive').length;
  const gone = all.filter(isGone).length;
  const oldest = pulse.value?.oldest_pending_ms ?? null;
  const last = trail.value.slice(-SPARK_SECONDS);
  if (pulse.value === null || group === null) return <SiteBarBefore />;
  return (
    <section class="site-bar" aria-label="The site at a glance">
      <dl>
        <Figure
          name="Nodes"
          tone={gone > 0 ? 'bad' : present < all.length ? 'warn' : undefined}
          id="bar-nodes"
          hint="Nodes that are taken for alive, of all that are known"
        >
          {present}
          <small> of {all.length}</small>
        </Figure>
        <Figure name="Leader" id="bar-leader" hint="Who gives readings their places, and by which ballot">
          {group.leader === null ? (
            <span data-tone="warn">none</span>
          ) : (
            <a href={href('node', group.leader)}>{group.leader}</a>
          )}
          <small> ballot {group.ballot === null ? '–' : `${group.ballot.round}.${group.ballot.peer}`}</small>
        </Figure>
        <Figure
          name="Quorum"
          id="bar-quorum"
          hint="Whether more than half of the voters hold the order together"
        >
          <Dot tone={group.quorum ? 'good' : 'bad'} />
          {group.quorum ? 'yes' : 'no'}
          <small> {countText(group.voters.length)} voters</small>
        </Figure>
        <Figure name="Watermark" id="bar-watermark" hint="The highest sequence that is committed">
          {countText(group.watermark)}
        </Figure>
        <Figure
          name="Pending"
          id="bar-pending"
          hint="Readings known here that have no place in the order yet"
          tone={group.quorum ? undefined : 'warn'}
          points={last.map((point) => point.pending)}
        >
          {countText(pending.value)}
        </Figure>
        <Figure
          name="Readings/s"
          id="bar-rate"
          hint="Of all nodes, over the last five seconds"
          points={last.map(({ perSecond }) => perSecond)}
        >
          {rateText(readingsPerSecond.value)}
        </Figure>
        <Figure
          name="Oldest pending"
          id="bar-oldest"
          hint="How long the oldest reading known here has been waiting for its place"
          tone={oldest !== null && oldest > OLD_PENDING_MS ? 'warn' : undefined}
        >
          {oldest === null ? '–' : oldest < 1_000 ? '< 1 s' : spanText(oldest)}
        </Figure>
        <Figure name="Sensors" id="bar-sensors" hint="Sensors known to this node">
          {countText(pulse.value.sensors)}
        </Figure>
      </dl>
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly id: string;
  readonly hint: string;
  readonly tone?: Tone | undefined;
  readonly points?: readonly number[];
  readonly children: ComponentChildren;
}

function Figure({ name, id, hint, tone, points, children }: FigureProps) {
  return (
    <div class="figure" title={hint} data-tone={tone}>
      <dt>{name}</dt>
      <dd id={id}>
        <span class="figure-value">{children}</span>
        {points && <Sparkline points={points} capacity={SPARK_SECONDS} width={64} height={18} />}
      </dd>
    </div>
  );
}

const NAMES = [
  'Nodes',
  'Leader',
  'Quorum',
  'Watermark',
  'Pending',
  'Readings/s',
  'Oldest pending',
  'Sensors',
];

/** Takes the same room, so that nothing jumps. */
function SiteBarBefore() {
  return (
    <section class="site-bar" aria-label="The site at a glance" aria-busy="true">
      <dl>
        {NAMES.map((name) => (
          <div key={name} class="figure">
            <dt>{name}</dt>
            <dd>–</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
