// The last hour, looked back at: who was there, who led, what the sensors said, at any moment of it. SPEC rule UI26.

import { useEffect, useRef, useState } from 'preact/hooks';
import { type Hour, useHour } from '../live/hour.ts';
import { problemText } from '../live/polled.ts';
import type { LogPage, LogRow } from '../live/shapes.ts';
import { type SiteEvent, useSiteEvents } from '../live/site-events.ts';
import { get, self } from '../live/store.ts';
import { Badge, Dot } from '../parts/badge.tsx';
import { Button, Choice } from '../parts/controls.tsx';
import { Empty, Facts, Panel } from '../parts/panel.tsx';
import { SceneDrawing } from '../parts/scene-drawing.tsx';
import { Table } from '../parts/table.tsx';
import { TimeChart } from '../parts/time-chart.tsx';
import { href } from '../router.ts';
import { eventWords } from '../words/event-words.ts';
import { type Sample, type Scene, sampleAt } from '../words/samples.ts';
import { ageText, countText, spanText, timeText, unitText, valueText } from '../words/text.ts';
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
const VALUES_BACK = 4_000;
const VALUES_MAX = 300;
/** While the slider moves, the values are not asked for. */
const SETTLE_MS = 250;

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
  readonly scene: Scene;
  readonly sample: Sample;
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

interface Values {
  readonly watermark: number;
  readonly rows: readonly LogRow[];
  readonly isWhole: boolean;
  readonly problem: string;
}

/** The last line of each sensor in the order as it ended then: the same at every node. */
function ValuesThen({ sample }: { readonly sample: Sample }) {
  const { watermark, ts_ms: atMs } = sample;
  const [values, setValues] = useState<Values | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      readValues(watermark, stop.signal)
        .then(setValues)
        .catch((error) => {
          if (!stop.signal.aborted)
            setValues({ watermark, rows: [], isWhole: true, problem: problemText(error) });
        });
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [watermark]);
  const rows = values?.rows ?? [];
  const note =
    values === null
      ? 'reading …'
      : `${countText(rows.length)} sensors, as the order ended with ${countText(values.watermark)}${values.isWhole ? '' : `, of the last ${countText(VALUES_BACK)} readings`}`;
  return (
    <Panel title="Values then" note={note} flush>
      {values !== null && rows.length === 0 ? (
        <Empty title="No reading was committed by then">{values.problem}</Empty>
      ) : (
        <Table
          label="Values then"
          rows={rows.slice(0, VALUES_MAX)}
          rowKey={({ sensor }) => sensor}
          columns={[
            {
              key: 'sensor',
              title: 'Sensor',
              cell: ({ sensor }) => <a href={href('sensor', sensor)}>{sensor}</a>,
            },
            {
              key: 'value',
              title: 'Value',
              cell: ({ value, unit }) => (
                <>
                  {valueText(value)} <small>{unitText(unit)}</small>
                </>
              ),
            },
            { key: 'origin', title: 'Origin', cell: ({ origin }) => origin, isMinor: true },
            {
              key: 'age',
              title: 'Age then',
              isNumber: true,
              cell: ({ ts_ms }) => ageText(Math.max(0, atMs - ts_ms)),
            },
            {
              key: 'sequence',
              title: 'Sequence',
              isNumber: true,
              cell: ({ sequence }) => countText(sequence),
            },
          ]}
        />
      )}
    </Panel>
  );
}

async function readValues(watermark: number, stop: AbortSignal): Promise<Values> {
  if (watermark === 0) return { watermark, rows: [], isWhole: true, problem: '' };
  const from = Math.max(1, watermark - VALUES_BACK + 1);
  const page = await get<LogPage>(`/api/v1/log?from=${from}&limit=${VALUES_BACK}`, stop);
  const last = new Map<string, LogRow>();
  for (const row of page.readings) {
    // What the site itself keeps in the order, such as alerts, is no sensor.
    if (row.sequence <= watermark && !row.sensor.startsWith('$')) last.set(row.sensor, row);
  }
  const rows = [...last.values()].sort((a, b) => (a.sensor < b.sensor ? -1 : 1));
  return { watermark, rows, isWhole: page.first >= from, problem: '' };
}
