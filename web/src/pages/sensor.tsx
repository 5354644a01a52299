// One sensor: what it says, its history from minutes to years, and the lines with which other programs get at it.

import { useEffect, useMemo, useState } from 'preact/hooks';
import { curveOf, type PastOf, pastPath, readPast } from '../live/past.ts';
import { registry, watchRegistry } from '../live/registry.ts';
import type { SensorEntry } from '../live/sensor-book.ts';
import { isFilled, linkState, orderTail, sensors, sensorsShown } from '../live/store.ts';
import { Chart } from '../parts/chart.tsx';
import { Button, Choice } from '../parts/controls.tsx';
import { Empty, Facts, Panel } from '../parts/panel.tsx';
import { Provenance } from '../parts/provenance.tsx';
import { AgeBar, CommitMark, Flags, ValueText } from '../parts/sensor-parts.tsx';
import { TakeAlong } from '../parts/take-along.tsx';
import { href, route, setParams } from '../router.ts';
import { dateTimeText, spanText, unitText } from '../words/text.ts';
import '../styles/sensor.css';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SPANS = [
  { value: '5m', text: '5 min', ms: 5 * MINUTE },
  { value: '1h', text: '1 h', ms: HOUR },
  { value: '6h', text: '6 h', ms: 6 * HOUR },
  { value: '1d', text: '24 h', ms: DAY },
  { value: '7d', text: '7 d', ms: 7 * DAY },
  { value: '30d', text: '30 d', ms: 30 * DAY },
  { value: '1y', text: '1 y', ms: 365 * DAY },
] as const;
type SpanName = (typeof SPANS)[number]['value'];

const STEPS = 400;
const CHART_PX = 280;
/** How often the history is read again, at most and at least. */
const AGAIN_MS = { min: 2_000, max: 60_000 };

export function SensorPage() {
  useEffect(() => orderTail.want(), []);
  const name = route.value.arg;
  useEffect(() => watchRegistry(name), [name]);
  void sensorsShown.value;
  const entry = sensors.get(name);
  return (
    <>
      <SensorHead name={name} entry={entry} />
      <HistoryPanel sensor={name} entry={entry} />
      <TakeAlong sensor={name} entry={entry} />
    </>
  );
}

function SensorHead({ name, entry }: { readonly name: string; readonly entry: SensorEntry | undefined }) {
  const now = performance.now();
  const known = registry.value.get(name);
  if (entry === undefined) {
    return (
      <Panel title={name}>
        {isFilled.value ? (
          <Empty title="No such sensor here">
            It may have been forgotten. What is left of its history stands below.{' '}
            <a href="#/sensors">All sensors</a>
          </Empty>
        ) : (
          <Empty title="Asking the node" />
        )}
      </Panel>
    );
  }
  const { row } = entry;
  return (
    <Panel title={name} note={<Flags entry={entry} now={now} />} class="sensor-head">
      <div class="sensor-now">
        <ValueText row={row} />
      </div>
      <Facts
        facts={[
          { name: 'Age', value: <AgeBar entry={entry} now={now} /> },
          { name: 'Order', value: <CommitMark entry={entry} /> },
          { name: 'Origin', value: <a href={href('node', row.origin)}>{row.origin}</a> },
          { name: 'Said at', value: dateTimeText(row.ts_ms) },
          { name: 'Arrived', value: delayText(row.ingest_ts_ms - row.ts_ms) },
          { name: 'Rhythm', value: rhythmText(known?.cadence_ms ?? null, row.period_ms) },
          { name: 'Count at its origin', value: `n ${row.n}` },
          ...(known && known.name !== '' ? [{ name: 'Called', value: known.name }] : []),
          ...(known && known.group !== '' ? [{ name: 'Group', value: known.group }] : []),
        ]}
      />
    </Panel>
  );
}

function delayText(ms: number): string {
  if (Math.abs(ms) < 1) return 'at once';
  return ms > 0 ? `${spanText(ms)} later` : `${spanText(-ms)} before its own time`;
}

function rhythmText(cadenceMs: number | null, periodMs: number): string {
  if (cadenceMs !== null) return `every ${spanText(cadenceMs)}, learned`;
  return periodMs > 0 ? `every ${spanText(periodMs)}, as it says` : 'not known yet';
}

interface HistoryProps {
  readonly sensor: string;
  readonly entry: SensorEntry | undefined;
}

function HistoryPanel({ sensor, entry }: HistoryProps) {
  const { span: spanName = '5m', from = '', to = '', field: wanted } = route.value.params;
  const span = SPANS.find(({ value }) => value === spanName) ?? SPANS[0];
  const { past, why } = usePast(sensor, span.ms, Number(from), Number(to));
  const [hovered, setHovered] = useState<number | null>(null);
  const isPicked = from !== '' && to !== '';
  const fields = past?.fields ?? [];
  const field = wanted !== undefined && fields.includes(wanted) ? wanted : (fields[0] ?? '');
  const cadence = registry.value.get(sensor)?.cadence_ms ?? null;
  const curve = useMemo(() => (past === null ? null : curveOf(past, field, cadence)), [past, field, cadence]);
  const isDrawn = curve?.data[1].some((value) => value !== null) ?? false;
  const unit = entry?.row.unit ?? '';
  const asked = past === null ? null : { sensor, from: String(past.fromMs), to: String(past.toMs) };
  return (
    <Panel
      title="History"
      note={past && countText(past)}
      class="history"
      actions={
        <>
          {fields.length > 1 && (
            <Choice
              label="Field"
              options={fields.map((value) => ({ value, text: value }))}
              value={field}
              choose={(value) => setParams({ field: value })}
            />
          )}
          <Choice<SpanName | ''>
            label="Span"
            options={SPANS}
            value={isPicked ? '' : span.value}
            choose={(value) => setParams({ span: value, from: '', to: '' })}
          />
          {isPicked && <Button onClick={() => setParams({ from: '', to: '' })}>Back to now</Button>}
          {asked && <Exports asked={asked} />}
        </>
      }
    >
      {why === null && past === null && <Empty title="Reading the history" />}
      {why !== null && <Empty title="The history cannot be read">{why}</Empty>}
      {why === null && past !== null && past.rows.length === 0 && (
        <Empty title="Nothing was committed in this span">
          What has only been stored gets here with its place in the order. A longer span may have more.
        </Empty>
      )}
      {why === null && past !== null && curve !== null && isDrawn && (
        <Chart
          label={`${field === '' ? sensor : `${sensor}, ${field}`} over time`}
          height={CHART_PX}
          unit={unitText(unit)}
          data={curve.data}
          span={[past.fromMs / 1_000, past.toMs / 1_000]}
          series={[
            { label: 'value', tone: 'series-1' },
            { label: 'least', tone: 'series-1', isHidden: true },
            { label: 'greatest', tone: 'series-1', isHidden: true },
            { label: 'marked', tone: 'warn', isPoints: true },
          ]}
          {...(past.stepMs !== null && { band: [3, 2] as const })}
          hover={setHovered}
          pick={(first, last) =>
            setParams({ from: String(Math.round(first * 1_000)), to: String(Math.round(last * 1_000)) })
          }
        />
      )}
      {why === null && past !== null && past.rows.length > 0 && (
        <Provenance
          past={past}
          field={field}
          unit={unitText(unit)}
          row={hovered === null ? null : (curve?.rows[hovered] ?? null)}
        />
      )}
    </Panel>
  );
}

function countText({ rows, stepMs }: PastOf): string {
  if (stepMs === null) return rows.length === 1 ? '1 reading' : `${rows.length} readings, each by itself`;
  return `least, average and greatest of each ${spanText(stepMs)}`;
}

function Exports({ asked }: { readonly asked: { readonly [name: string]: string } }) {
  const { base } = linkState.value;
  return (
    <span class="exports">
      {['csv', 'ndjson', 'json'].map((format) => (
        <a key={format} class="button" href={base + pastPath({ ...asked, format })} download>
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

/** Read anew while it ends with now, and at once when the page goes on with another node. */
function usePast(sensor: string, spanMs: number, from: number, to: number) {
  const [read, setRead] = useState<{ readonly past: PastOf | null; readonly why: string | null }>({
    past: null,
    why: null,
  });
  const { base, phase } = linkState.value;
  const isPicked = from > 0 && to > from;
  useEffect(() => {
    if (phase !== 'live') return undefined;
    const stop = new AbortController();
    const ask = async () => {
      const toMs = isPicked ? to : Date.now();
      const asked = { sensor, fromMs: isPicked ? from : toMs - spanMs, toMs, steps: STEPS };
      try {
        const past = await readPast(asked, stop.signal);
        if (!stop.signal.aborted) setRead({ past, why: null });
      } catch (error) {
        if (!stop.signal.aborted)
          setRead({ past: null, why: error instanceof Error ? error.message : 'no answer' });
      }
    };
    void ask();
    if (isPicked) return () => stop.abort();
    const again = Math.min(AGAIN_MS.max, Math.max(AGAIN_MS.min, spanMs / STEPS));
    const timer = setInterval(ask, again);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [sensor, spanMs, from, to, isPicked, base, phase]);
  return read;
}
