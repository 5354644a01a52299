// The last hour, looked back at: who was there, who led, what the sensors said, at any moment of it. SPEC rule UI26.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { SampleRow, SceneRow } from '../../../src/api/sample-routes.ts';
import { type Hour, useHour } from '../live/hour.ts';
import { type SiteEvent, useSiteEvents } from '../live/site-events.ts';
import { self } from '../live/store.ts';
import { Badge, Dot } from '../parts/badge.tsx';
import { Button, Choice } from '../parts/controls.tsx';
import { Empty, Facts, Panel } from '../parts/panel.tsx';
import { SceneDrawing } from '../parts/scene-drawing.tsx';
import { TimeChart } from '../parts/time-chart.tsx';
import { ValuesThen } from '../parts/values-then.tsx';
import { eventWords } from '../words/event-words.ts';
import { sampleAt } from '../words/samples.ts';
import { countText, spanText, timeText } from '../words/text.ts';
import '../styles/replay.css';

const SAMPLES_EVERY_MS = 4_000;
const TICK_MS = 100;
const SPEEDS = [
  { value: '1', text: '1×' },
  { value: '10', text: '10×' },
  { value: '60', text: '60×' },
] as const;
/** Events of so long before the moment are shown. */
const RECENT_MS = 30_000;
const RECENT_MAX = 40;

export function ReplayPage() {
  const hour = useHour(SAMPLES_EVERY_MS);
  const events = useSiteEvents(self.value);
  const { samples } = hour;
  const firstMs = samples[0]?.ts_ms ?? 0;
  const lastMs = samples.at(-1)?.ts_ms ?? 0;
  const [chosenMs, setChosen] = useState<number | null>(null);
  const [speed, setSpeed] = useState<'1' | '10' | '60'>('10');
  const [isPlaying, setPlaying] = useState(false);
  const atMs = Math.min(lastMs, Math.max(firstMs, chosenMs ?? lastMs));
  usePlay(isPlaying, Number(speed), atMs, lastMs, setChosen, setPlaying);

  const sample = sampleAt(samples, atMs);
  const scene = sample === null ? undefined : hour.scenes.get(sample.scene);
  if (sample === null || scene === undefined) {
    return (
      <Panel title="Replay">
        <Empty title="There is nothing to look back at yet">
          A node keeps what it looked like for an hour, from its start on.
        </Empty>
      </Panel>
    );
  }
  const play = () => {
    if (!isPlaying && atMs >= lastMs) setChosen(firstMs);
    setPlaying(!isPlaying);
  };
  const step = (forward: boolean) => {
    setPlaying(false);
    const near = forward
      ? events.find(({ ts_ms }) => ts_ms > atMs + 1)
      : events.findLast(({ ts_ms }) => ts_ms < atMs - 1);
    if (near) setChosen(near.ts_ms);
  };
  return (
    <>
      <Panel
        title={`As ${self.value ?? 'this node'} saw it at ${timeText(atMs)}`}
        note={lastMs - atMs < 1_000 ? 'the present' : `${spanText(lastMs - atMs)} ago`}
        actions={
          <>
            <Button onClick={() => step(false)} title="To the event before">
              ◂ Event
            </Button>
            <Button onClick={play} isPrimary>
              {isPlaying ? 'Pause' : 'Play'}
            </Button>
            <Button onClick={() => step(true)} title="To the next event">
              Event ▸
            </Button>
            <Choice label="Speed" options={SPEEDS} value={speed} choose={setSpeed} />
          </>
        }
      >
        <label class="replay-slider">
          <span class="unseen">The moment that is shown</span>
          <input
            type="range"
            min={firstMs}
            max={lastMs}
            step={500}
            value={atMs}
            aria-valuetext={timeText(atMs)}
            onInput={({ currentTarget }) => {
              setPlaying(false);
              setChosen(Number(currentTarget.value));
            }}
          />
        </label>
        <TimeChart
          label="Events and load of the last hour; a click goes there"
          events={events}
          samples={samples}
          fromMs={firstMs}
          toMs={Math.max(lastMs, firstMs + 1_000)}
          isCompact
          cursorMs={atMs}
          pick={(tsMs) => {
            setPlaying(false);
            setChosen(tsMs);
          }}
          open={({ events: [first] }) => first && setChosen(first.ts_ms)}
        />
      </Panel>
      <div class="replay-below">
        <SceneThen scene={scene} sample={sample} hour={hour} />
        <Panel title="Just before" note={`the last ${spanText(RECENT_MS)}`} flush>
          <Recent events={events} atMs={atMs} />
        </Panel>
      </div>
      <ValuesThen sample={sample} />
    </>
  );
}

function usePlay(
  isPlaying: boolean,
  speed: number,
  atMs: number,
  lastMs: number,
  go: (tsMs: number) => void,
  setPlaying: (isPlaying: boolean) => void,
): void {
  const at = useRef(atMs);
  at.current = atMs;
  const last = useRef(lastMs);
  last.current = lastMs;
  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setInterval(() => {
      const next = at.current + TICK_MS * speed;
      go(Math.min(next, last.current));
      if (next >= last.current) setPlaying(false);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [isPlaying, speed]);
}

interface SceneThenProps {
  readonly scene: SceneRow;
  readonly sample: SampleRow;
  readonly hour: Hour;
}

function SceneThen({ scene, sample, hour }: SceneThenProps) {
  const { leader, round, quorum, voters, members, members_left_out } = scene;
  const before = hour.samples.findLast(({ id }) => id < sample.id);
  const seconds = before === undefined ? 0 : (sample.ts_ms - before.ts_ms) / 1_000;
  const rate =
    before === undefined || seconds <= 0 ? null : Math.max(0, sample.changes - before.changes) / seconds;
  const alive = members.filter(({ status }) => status === 'alive').length;
  return (
    <Panel
      title="The site then"
      note={<Badge tone={quorum ? 'good' : 'bad'}>{quorum ? 'quorum' : 'no quorum'}</Badge>}
    >
      <SceneDrawing scene={scene} />
      <Facts
        facts={[
          { name: 'Leader', value: leader ?? 'none' },
          { name: 'Ballot', value: countText(round) },
          { name: 'Alive', value: `${alive} of ${members.length + members_left_out}` },
          { name: 'Voters', value: voters.join(', ') || '–' },
          { name: 'Watermark', value: countText(sample.watermark) },
          { name: 'Pending here', value: countText(sample.pending) },
          { name: 'Readings/s', value: rate === null ? '–' : rate.toFixed(1) },
          { name: 'Sensors', value: countText(sample.sensors) },
        ]}
      />
    </Panel>
  );
}

function Recent({ events, atMs }: { readonly events: readonly SiteEvent[]; readonly atMs: number }) {
  const recent = events.filter(({ ts_ms }) => ts_ms <= atMs && ts_ms > atMs - RECENT_MS);
  if (recent.length === 0) return <Empty title="Nothing happened" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <ol class="events" tabIndex={0}>
      {recent
        .slice(-RECENT_MAX)
        .reverse()
        .map((event) => {
          const { tone, subject, words, why } = eventWords(event);
          return (
            <li key={event.key} data-tone={tone}>
              <time dateTime={new Date(event.ts_ms).toISOString()}>{timeText(event.ts_ms)}</time>
              <Dot tone={tone} />
              <span class="event-words">
                {subject !== null && <strong>{subject}</strong>} {words}
                {why !== '' && <span class="event-why">{why}</span>}
              </span>
            </li>
          );
        })}
    </ol>
  );
}
