// Events in words, newest first. What repeats itself, such as elections in a minority, is one line with its count.

import { useMemo } from 'preact/hooks';
import type { EventRow } from '../../../src/api/event-row.ts';
import { href } from '../router.ts';
import { eventWords } from '../words/event-words.ts';
import { timeText } from '../words/text.ts';
import { Dot } from './badge.tsx';
import { Empty } from './panel.tsx';

export interface EventListProps {
  /** Oldest first. */
  readonly events: readonly EventRow[];
  readonly max: number;
}

interface Run {
  /** The latest of them. */
  event: EventRow;
  readonly kind: string;
  readonly first: number;
  count: number;
}

export function EventList({ events, max }: EventListProps) {
  const runs = useMemo(
    () =>
      runsOf(events.slice(-max * LOOKED_AT))
        .slice(-max)
        .reverse(),
    [events, max],
  );
  if (runs.length === 0) return <Empty title="Nothing has happened yet" />;
  return (
    <ol class="events">
      {runs.map((run) => (
        <EventLine key={run.first} run={run} />
      ))}
    </ol>
  );
}

/** So many events are looked at for each line that is shown. */
const LOOKED_AT = 5;
/** So far back a line is looked for that says the same: one try and its failure take turns. */
const TURNS = 2;

function runsOf(events: readonly EventRow[]): Run[] {
  const runs: Run[] = [];
  for (const event of events) {
    const { subject, words } = eventWords(event);
    const kind = `${subject} ${words}`;
    const same = runs.slice(-TURNS).find((run) => run.kind === kind);
    if (same === undefined) runs.push({ event, kind, first: event.id, count: 1 });
    else {
      same.event = event;
      same.count++;
    }
  }
  return runs;
}

function EventLine({ run: { event, count } }: { readonly run: Run }) {
  const { tone, subject, words, why } = eventWords(event);
  const page = event.category === 'data_plane' ? 'sensor' : 'node';
  return (
    <li data-tone={tone}>
      <time dateTime={new Date(event.ts_ms).toISOString()}>{timeText(event.ts_ms)}</time>
      <Dot tone={tone} />
      <span class="event-words">
        {subject !== null && <a href={href(page, subject)}>{subject}</a>} {words}
        {count > 1 && <small class="event-count">×{count}</small>}
        {why !== '' && <span class="event-why">{why}</span>}
      </span>
    </li>
  );
}
