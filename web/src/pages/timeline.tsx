// What happened at the site, by kind and by time, with what waited and how much came beneath it; and each election
// step by step. SPEC rule UI23.

import { useState } from 'preact/hooks';
import { useHour } from '../live/hour.ts';
import { type SiteEvent, useSiteEvents } from '../live/site-events.ts';
import { nowMs, self } from '../live/store.ts';
import { Badge, Dot } from '../parts/badge.tsx';
import { Button, Choice } from '../parts/controls.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { TimeChart } from '../parts/time-chart.tsx';
import { href, route, setParams } from '../router.ts';
import { type Episode, episodesOf, type Step } from '../words/episodes.ts';
import { type EventKind, eventLook, eventWords } from '../words/event-words.ts';
import { KINDS, type Mark } from '../words/marks.ts';
import { countText, spanText, timeText } from '../words/text.ts';
import '../styles/timeline.css';

const SAMPLES_EVERY_MS = 2_000;
const SPANS = [
  { value: '2', text: '2 min' },
  { value: '10', text: '10 min' },
  { value: '60', text: '1 h' },
] as const;
const LEAST_MS = 60_000;
const MARGIN_MS = 3_000;
const LISTED_MAX = 200;
const EPISODES_MAX = 6;
const STEPS_MAX = 60;

type Of = 'all' | 'one';

export function TimelinePage() {
  const { of = 'all', span = '10', kinds: kindsText = '' } = route.value.params;
  const node = of === 'one' ? self.value : null;
  const events = useSiteEvents(node);
  const { samples } = useHour(SAMPLES_EVERY_MS);
  const [mark, setMark] = useState<Mark | null>(null);
  const minutes = Number(SPANS.find(({ value }) => value === span)?.value ?? 10);
  const toMs = nowMs.value;
  // A site that has just begun fills the width, too.
  const earliest = Math.min(events[0]?.ts_ms ?? toMs, samples[0]?.ts_ms ?? toMs) - MARGIN_MS;
  const fromMs = Math.max(toMs - minutes * 60_000, Math.min(earliest, toMs - LEAST_MS));
  const hidden = new Set(kindsText.split('.'));
  const kinds = new Set(KINDS.map(({ kind }) => kind).filter((kind) => !hidden.has(kind)));
  const inSight = events.filter((event) => event.ts_ms >= fromMs && kinds.has(eventLook(event).kind));
  const toggle = (kind: EventKind) => {
    const next = KINDS.map((one) => one.kind).filter((one) => (one === kind) !== hidden.has(one));
    setParams({ kinds: next.join('.') });
  };

  return (
    <>
      <Panel
        title="What happened"
        note={`${countText(inSight.length)} events${of === 'one' ? '' : ', as all nodes tell them'}`}
        actions={
          <>
            <Choice<Of>
              label="Whose events"
              options={[
                { value: 'all', text: 'All nodes' },
                { value: 'one', text: `Only ${self.value ?? 'this node'}` },
              ]}
              value={of === 'one' ? 'one' : 'all'}
              choose={(value) => setParams({ of: value === 'all' ? '' : value })}
            />
            <Choice
              label="How far back"
              options={SPANS}
              value={String(minutes) as '2' | '10' | '60'}
              choose={(value) => setParams({ span: value })}
            />
          </>
        }
      >
        <TimeChart
          label={`Events and load of the last ${minutes} minutes`}
          events={events}
          samples={samples}
          fromMs={fromMs}
          toMs={toMs}
          kinds={kinds}
          open={setMark}
        />
        <Kinds shown={kinds} toggle={toggle} />
      </Panel>
      <div class="timeline-below">
        <Elections
          episodes={episodesOf(events.filter(({ ts_ms }) => ts_ms >= fromMs)).slice(0, EPISODES_MAX)}
        />
        <Panel
          title={mark === null ? 'Events' : `${countText(mark.events.length)} events at one moment`}
          note={mark === null ? 'newest first' : undefined}
          actions={mark !== null && <Button onClick={() => setMark(null)}>Show all</Button>}
          flush
        >
          <SiteEventList events={mark?.events ?? inSight} />
        </Panel>
      </div>
    </>
  );
}

interface KindsProps {
  readonly shown: ReadonlySet<EventKind>;
  readonly toggle: (kind: EventKind) => void;
}

function Kinds({ shown, toggle }: KindsProps) {
  return (
    <fieldset class="timeline-kinds">
      <legend class="unseen">Kinds of events</legend>
      {KINDS.map(({ kind, title }) => (
        <label key={kind}>
          <input type="checkbox" checked={shown.has(kind)} onChange={() => toggle(kind)} />
          {title}
        </label>
      ))}
    </fieldset>
  );
}

function SiteEventList({ events }: { readonly events: readonly SiteEvent[] }) {
  if (events.length === 0) return <Empty title="Nothing of this happened in this time" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <ol class="events timeline-list" tabIndex={0}>
      {events
        .slice(-LISTED_MAX)
        .reverse()
        .map((event) => (
          <SiteEventLine key={event.key} event={event} />
        ))}
    </ol>
  );
}

function SiteEventLine({ event }: { readonly event: SiteEvent }) {
  const { tone, subject, words, why } = eventWords(event);
  const page = event.category === 'data_plane' ? 'sensor' : 'node';
  return (
    <li data-tone={tone}>
      <time dateTime={new Date(event.ts_ms).toISOString()}>{timeText(event.ts_ms)}</time>
      <Dot tone={tone} />
      <span class="event-words">
        {event.node !== subject && <span class="timeline-teller">{event.node}: </span>}
        {subject !== null && <a href={href(page, subject)}>{subject}</a>} {words}
        {why !== '' && <span class="event-why">{why}</span>}
      </span>
    </li>
  );
}

/** Who is cut off stands again and again: of very many steps the first and the last tell enough. */
function shownSteps({ steps }: Episode): readonly Step[] {
  if (steps.length <= STEPS_MAX) return steps;
  return [...steps.slice(0, STEPS_MAX / 2), ...steps.slice(-STEPS_MAX / 2)];
}

function Elections({ episodes }: { readonly episodes: readonly Episode[] }) {
  return (
    <Panel title="Elections, step by step" note="times count from the first step" flush>
      {episodes.length === 0 ? (
        <Empty title="No election in this time">The leader has led throughout.</Empty>
      ) : (
        episodes.map((episode, at) => (
          <details key={episode.key} class="episode" open={at === 0}>
            <summary>
              <time dateTime={new Date(episode.startMs).toISOString()}>{timeText(episode.startMs)}</time>
              <Badge tone={episode.leader === null ? 'warn' : 'good'}>
                {episode.leader === null ? 'nobody leads' : `${episode.leader} leads`}
              </Badge>
              <span class="episode-span">
                {spanText(episode.endMs - episode.startMs)}, {episode.steps.length} steps
              </span>
            </summary>
            <ol class="steps">
              {shownSteps(episode).map((step) => (
                <li key={step.key}>
                  <span class="step-after number">+{Math.round(step.afterMs)} ms</span>
                  <span class="step-node">{step.node}</span>
                  <Badge tone={step.tone}>{step.step}</Badge>
                  <span class="step-words">{step.words}</span>
                </li>
              ))}
            </ol>
          </details>
        ))
      )}
    </Panel>
  );
}
