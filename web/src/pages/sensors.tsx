// All sensors, ten thousand as smoothly as ten: only the rows in sight exist. SPEC rules UI4, UI5.

import { useEffect, useMemo, useRef } from 'preact/hooks';
import { watchRegistry } from '../live/registry.ts';
import { POINTS_MAX, type SensorEntry } from '../live/sensor-book.ts';
import { isFilled, orderTail, readingsPerSecond, sensors, sensorsShown } from '../live/store.ts';
import { Choice, Search } from '../parts/controls.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { AgeBar, CommitMark, Flags, ValueText } from '../parts/sensor-parts.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { href, route, setParams } from '../router.ts';
import { matcher } from '../words/matcher.ts';
import { countText } from '../words/text.ts';
import '../styles/sensors.css';
import { useNarrow } from '../parts/narrow.ts';

const ROW_PX = 34;
const NARROW_ROW_PX = 56;
/** Above so many readings a second everything would glow all the time. */
const GLOW_BELOW_PER_SECOND = 60;
const GLOW_MS = 500;

const COLUMNS = [
  { key: 'sensor', title: 'Sensor' },
  { key: 'value', title: 'Value' },
  { key: 'trend', title: 'Trend' },
  { key: 'age', title: 'Age' },
  { key: 'origin', title: 'Origin' },
  { key: 'order', title: 'Order' },
] as const;
type ColumnKey = (typeof COLUMNS)[number]['key'];

const SHOWS = [
  { value: 'all', text: 'All' },
  { value: 'stale', text: 'Stale' },
  { value: 'stored', text: 'Not committed' },
  { value: 'flagged', text: 'Flagged' },
] as const;
type Show = (typeof SHOWS)[number]['value'];

export function SensorsPage() {
  useEffect(() => orderTail.want(), []);
  useEffect(() => watchRegistry(null), []);
  const isNarrow = useNarrow();
  const { q = '', sort: sorted = 'sensor', show: shown = 'all' } = route.value.params;
  const show = SHOWS.find(({ value }) => value === shown)?.value ?? 'all';
  // Every tick shows the rows in sight; the list itself is made anew when it can have changed.
  const tick = sensorsShown.value;
  const list = useList(q, sorted, show, tick);
  const now = performance.now();
  const glows = readingsPerSecond.value < GLOW_BELOW_PER_SECOND;
  const open = (index: number) => {
    const entry = list[index];
    if (entry) location.hash = href('sensor', entry.name);
  };
  const count =
    list.length === sensors.size
      ? countText(sensors.size)
      : `${countText(list.length)} of ${countText(sensors.size)}`;
  return (
    <Panel
      title="Sensors"
      note={count}
      class="grows sensors-panel"
      flush
      actions={
        <>
          <Choice label="Show" options={SHOWS} value={show} choose={(value) => setParams({ show: value })} />
          <Search
            label="Filter sensors by text, or by wildcard such as bed1/# or +/temperature"
            placeholder="Text, or bed1/#, +/temperature"
            value={q}
            change={(value) => setParams({ q: value })}
            hasKey
          />
        </>
      }
    >
      {list.length === 0 ? (
        <Nothing />
      ) : (
        <VirtualRows
          label="Sensors"
          class="sensor-rows"
          count={list.length}
          rowHeight={isNarrow ? NARROW_ROW_PX : ROW_PX}
          head={<Head sort={sorted} />}
          rowKey={(index) => list[index]?.name ?? index}
          row={(index) => {
            const entry = list[index];
            return entry && <SensorRow entry={entry} now={now} glows={glows} />;
          }}
          open={open}
        />
      )}
    </Panel>
  );
}

function Nothing() {
  if (!isFilled.value) return <Empty title="Asking the node for all sensors" />;
  if (sensors.size > 0) return <Empty title="No sensor matches">Another text, or fewer wildcards?</Empty>;
  return (
    <Empty title="No sensor has said anything yet">
      Send a reading to any node: by MQTT, by HTTP to <code>/ingest</code>, in line protocol, or let it poll
      Modbus devices.
    </Empty>
  );
}

function Head({ sort }: { readonly sort: string }) {
  const [by, isDown] = sort.startsWith('-') ? [sort.slice(1), true] : [sort, false];
  return (
    <>
      {COLUMNS.map(({ key, title }) => (
        <span
          key={key}
          class={`cell-${key}`}
          role="columnheader"
          aria-sort={key !== by ? undefined : isDown ? 'descending' : 'ascending'}
        >
          {key === 'trend' ? (
            title
          ) : (
            <button
              type="button"
              class="sort"
              onClick={() => setParams({ sort: key === by && !isDown ? `-${key}` : key })}
            >
              {title}
              <span aria-hidden="true">{key !== by ? '' : isDown ? ' ↓' : ' ↑'}</span>
            </button>
          )}
        </span>
      ))}
    </>
  );
}

interface SensorRowProps {
  readonly entry: SensorEntry;
  readonly now: number;
  readonly glows: boolean;
}

function SensorRow({ entry, now, glows }: SensorRowProps) {
  const { name, row, points, changedAt } = entry;
  return (
    <>
      <span role="gridcell" class="cell-sensor">
        <a href={href('sensor', name)} tabIndex={-1} title={name}>
          {name}
        </a>
        <Flags entry={entry} now={now} />
      </span>
      <span role="gridcell" class="cell-value" data-fresh={glows && now - changedAt < GLOW_MS}>
        <ValueText row={row} />
      </span>
      <span role="gridcell" class="cell-trend">
        <Sparkline points={points} capacity={POINTS_MAX} />
      </span>
      <span role="gridcell" class="cell-age">
        <AgeBar entry={entry} now={now} />
      </span>
      <span role="gridcell" class="cell-origin">
        {row.origin}
      </span>
      <span role="gridcell" class="cell-order">
        <CommitMark entry={entry} />
      </span>
    </>
  );
}

/** What changes with every reading is looked at once a second. */
const LIVELY: readonly string[] = ['value', '-value', 'age', '-age', 'order', '-order'];
const RELIST_MS = 1_000;

function useList(q: string, sort: string, show: Show, tick: number): readonly SensorEntry[] {
  const listedAt = useRef({ at: 0, round: 0 });
  const isLively = LIVELY.includes(sort) || show !== 'all';
  const now = performance.now();
  if (isLively && now - listedAt.current.at > RELIST_MS) {
    listedAt.current = { at: now, round: listedAt.current.round + 1 };
  }
  const { round } = listedAt.current;
  const { names } = sensors;
  void tick;
  return useMemo(() => {
    const fits = matcher(q);
    const wanted = [...sensors.entries()].filter(
      (entry) =>
        fits(`${entry.name}\n${entry.row.origin}\n${entry.row.unit}`, entry.name) && isOf(entry, show),
    );
    const isDown = sort.startsWith('-');
    const by = COLUMNS.find(({ key }) => key === (isDown ? sort.slice(1) : sort))?.key ?? 'sensor';
    wanted.sort(COMPARE[by] ?? byName);
    return isDown ? wanted.reverse() : wanted;
  }, [q, sort, show, names, round]);
}

function isOf(entry: SensorEntry, show: Show): boolean {
  switch (show) {
    case 'all':
      return true;
    case 'stale':
      return sensors.isStale(entry, performance.now());
    case 'stored':
      return !sensors.isCommitted(entry);
    case 'flagged':
      return entry.row.flags.length > 0;
  }
}

type Compare = (a: SensorEntry, b: SensorEntry) => number;

const byName: Compare = (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

const COMPARE: { readonly [key in ColumnKey]: Compare } = {
  sensor: byName,
  trend: byName,
  value: (a, b) => sortNumber(a) - sortNumber(b) || byName(a, b),
  age: (a, b) => b.bornAt - a.bornAt || byName(a, b),
  origin: (a, b) => (a.row.origin < b.row.origin ? -1 : a.row.origin > b.row.origin ? 1 : byName(a, b)),
  order: (a, b) => (a.sequence ?? Number.MAX_VALUE) - (b.sequence ?? Number.MAX_VALUE) || byName(a, b),
};

/** Texts and records after all numbers. */
function sortNumber({ row: { value } }: SensorEntry): number {
  return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : Number.MAX_VALUE;
}
