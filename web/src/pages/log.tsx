// The common order, line by line: its end as it grows, or any place in it; and one line at every node. SPEC rule UI21.

import { useEffect, useState } from 'preact/hooks';
import type { LogRow } from '../../../src/api/log-row.ts';
import type { LogPage as Page } from '../../../src/api/schema.ts';
import { type Answer, askable, problemText, usePolledAll } from '../live/polled.ts';
import { get, members, orderTail, pulse, sensorsShown, view } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Button, Search } from '../parts/controls.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { href, route, setParams } from '../router.ts';
import { matcher } from '../words/matcher.ts';
import { countText, dateTimeText, timeText, unitText, valueText } from '../words/text.ts';
import '../styles/log.css';

const PAGE_ROWS = 500;
/** So many lines before the one that is jumped to. */
const BEFORE = 5;
const ROW_HEIGHT = 30;
const ASK_AGAIN_MS = 2_000;

export function LogPage() {
  const { at = '', q = '' } = route.value.params;
  const place = /^[1-9]\d{0,14}$/.test(at) ? Number(at) : null;
  const [open, setOpen] = useState<number | null>(null);
  const tail = useTail(place === null);
  const around = useRowsAround(place);
  const rows = place === null ? tail : around;
  const matches = matcher(q);
  const shown =
    q === '' ? rows.rows : rows.rows.filter(({ sensor, origin }) => matches(`${sensor} ${origin}`, sensor));
  useEffect(() => setOpen(place), [place]);
  const watermark = view.value?.watermark ?? 0;

  return (
    <>
      <Panel
        title={place === null ? 'The end of the common order' : `The common order around ${countText(place)}`}
        note={`${q === '' ? '' : `${countText(shown.length)} of `}${countText(rows.rows.length)} lines · watermark ${countText(watermark)}`}
        actions={
          <>
            <Search
              label="Filter by sensor or origin"
              placeholder="Sensor, origin or bed1/#"
              value={q}
              change={(text) => setParams({ q: text })}
              hasKey
            />
            <Jump place={place} watermark={watermark} />
          </>
        }
        class="grows"
        flush
      >
        {shown.length === 0 ? (
          <NoLines isFiltered={q !== ''} problem={rows.problem} />
        ) : (
          <VirtualRows
            label="Lines of the common order"
            class="log-rows"
            count={shown.length}
            rowHeight={ROW_HEIGHT}
            followsEnd={place === null && open === null}
            head={<LogHead />}
            row={(index) => (
              <LogLine row={shown[index]} isMarked={shown[index]?.sequence === (open ?? place)} />
            )}
            rowKey={(index) => shown[index]?.sequence ?? index}
            open={(index) => setOpen(shown[index]?.sequence ?? null)}
          />
        )}
      </Panel>
      {open !== null && <AtEveryNode key={open} sequence={open} close={() => setOpen(null)} />}
    </>
  );
}

interface Rows {
  readonly rows: readonly LogRow[];
  readonly problem: string;
}

/** The stream of the order brings what comes; what was there before is asked for once. */
function useTail(isWanted: boolean): Rows {
  const [before, setBefore] = useState<Rows>({ rows: [], problem: '' });
  useEffect(() => {
    if (!isWanted) return undefined;
    const stop = new AbortController();
    const from = Math.max(1, (pulse.peek()?.view.watermark ?? 0) - PAGE_ROWS + 1);
    get<Page>(`/api/v1/log?from=${from}&limit=${PAGE_ROWS}`, stop.signal)
      .then((page) => setBefore({ rows: page.readings, problem: '' }))
      .catch((error) => !stop.signal.aborted && setBefore({ rows: [], problem: problemText(error) }));
    const unwant = orderTail.want();
    return () => {
      stop.abort();
      unwant();
    };
  }, [isWanted, pulse.value === null]);
  void sensorsShown.value;
  const [first] = orderTail.rows;
  const older =
    first === undefined ? before.rows : before.rows.filter(({ sequence }) => sequence < first.sequence);
  return { rows: [...older, ...orderTail.rows], problem: before.problem };
}

function useRowsAround(place: number | null): Rows {
  const [rows, setRows] = useState<Rows>({ rows: [], problem: '' });
  useEffect(() => {
    if (place === null) return undefined;
    const stop = new AbortController();
    get<Page>(`/api/v1/log?from=${Math.max(1, place - BEFORE)}&limit=${PAGE_ROWS}`, stop.signal)
      .then(({ first, watermark, readings }) => {
        const problem = place > watermark ? `the order ends at ${countText(watermark)}` : '';
        const gone = place < first ? `what lies before ${countText(first)} is not kept any more` : '';
        setRows({ rows: readings, problem: problem || gone });
      })
      .catch((error) => !stop.signal.aborted && setRows({ rows: [], problem: problemText(error) }));
    return () => stop.abort();
  }, [place]);
  return rows;
}

function NoLines({ isFiltered, problem }: { readonly isFiltered: boolean; readonly problem: string }) {
  if (isFiltered) return <Empty title="No line matches">Of those that are loaded.</Empty>;
  if (problem !== '') return <Empty title="Nothing to show here">{problem}</Empty>;
  return (
    <Empty title="Nothing is committed yet">Readings get their lines as soon as there is a leader.</Empty>
  );
}

interface JumpProps {
  readonly place: number | null;
  readonly watermark: number;
}

function Jump({ place, watermark }: JumpProps) {
  const [text, setText] = useState('');
  const jump = (event: Event) => {
    event.preventDefault();
    const to = Number(text);
    if (Number.isInteger(to) && to >= 1) setParams({ at: String(to) });
  };
  return (
    <form class="log-jump" onSubmit={jump}>
      <label>
        <span class="unseen">Jump to a sequence</span>
        <input
          type="text"
          inputMode="numeric"
          pattern="[0-9]*"
          placeholder="sequence"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value.replace(/\D/g, ''))}
        />
      </label>
      <button type="submit" class="button" disabled={text === ''}>
        Jump
      </button>
      {place !== null && (
        <>
          <Button
            onClick={() => setParams({ at: String(Math.max(1, place - PAGE_ROWS)) })}
            disabled={place <= 1}
          >
            Older
          </Button>
          <Button
            onClick={() => setParams({ at: String(Math.min(watermark, place + PAGE_ROWS)) })}
            disabled={place >= watermark}
          >
            Newer
          </Button>
          <Button onClick={() => setParams({ at: '' })} isPrimary>
            To the end
          </Button>
        </>
      )}
    </form>
  );
}

function LogHead() {
  return (
    <>
      <span role="columnheader" class="number">
        Sequence
      </span>
      <span role="columnheader">Sensor</span>
      <span role="columnheader">Value</span>
      <span role="columnheader">Origin</span>
      <span role="columnheader" class="number minor">
        n
      </span>
      <span role="columnheader" class="number minor">
        Time
      </span>
    </>
  );
}

function LogLine({ row, isMarked }: { readonly row: LogRow | undefined; readonly isMarked: boolean }) {
  if (row === undefined) return null;
  const { sequence, sensor, value, unit, origin, n, ts_ms, flags } = row;
  return (
    <>
      <span role="gridcell" class="number log-sequence" data-marked={isMarked}>
        {sequence}
      </span>
      <span role="gridcell">
        {sensor.startsWith('$') ? sensor : <a href={href('sensor', sensor)}>{sensor}</a>}
      </span>
      <span role="gridcell" title={valueText(value)}>
        {valueText(value)} <small>{unitText(unit)}</small>
        {flags.includes('clock') && <Badge tone="warn">clock</Badge>}
      </span>
      <span role="gridcell">{origin}</span>
      <span role="gridcell" class="number minor">
        {n}
      </span>
      <span role="gridcell" class="number minor" title={dateTimeText(ts_ms)}>
        {timeText(ts_ms)}
      </span>
    </>
  );
}

interface LineAt {
  readonly node: string;
  /** Undefined until it is there. */
  readonly answer: Answer<Page> | undefined;
}

/** What stands at this place in the history of each node, read from that node's own disk; who is behind may get it. */
function AtEveryNode({ sequence, close }: { readonly sequence: number; readonly close: () => void }) {
  const answers = usePolledAll<Page>(`/api/v1/log?from=${sequence}&limit=1`, ASK_AGAIN_MS);
  const lines = askable(members.value).map(({ id }): LineAt => ({ node: id, answer: answers.get(id) }));
  const texts = lines.flatMap((line) => lineText(line, sequence) ?? []);
  const isEqual = new Set(texts).size <= 1;
  const isAsking = texts.length === 0 && lines.some(({ answer }) => answer === undefined);
  const note = isAsking
    ? 'asking …'
    : isEqual
      ? `the same line at ${texts.length} of ${lines.length} nodes`
      : 'NOT THE SAME LINE EVERYWHERE';
  return (
    <Panel
      title={`Line ${countText(sequence)} at every node`}
      note={<Badge tone={isAsking ? 'quiet' : isEqual ? 'good' : 'bad'}>{note}</Badge>}
      actions={<Button onClick={close}>Close</Button>}
      class="log-everywhere"
      flush
    >
      <Table
        label={`Line ${sequence} at every node`}
        rows={lines}
        rowKey={({ node }) => node}
        columns={[
          { key: 'node', title: 'Node', cell: ({ node }) => <a href={href('node', node)}>{node}</a> },
          {
            key: 'line',
            title: 'Line',
            cell: (line) => <code>{lineText(line, sequence) ?? absence(line, sequence)}</code>,
          },
        ]}
      />
    </Panel>
  );
}

/** Null where the node has no such line. */
function lineText({ answer }: LineAt, sequence: number): string | null {
  const row = answer?.value?.readings.find((reading) => reading.sequence === sequence);
  if (row === undefined) return null;
  const { sensor, value, unit, origin, identity, n, ts_ms } = row;
  return `${answer?.value?.group}:${sequence}  ${sensor}  ${valueText(value)} ${unit}  ${origin} ${identity} n=${n}  ${new Date(ts_ms).toISOString()}`;
}

function absence({ answer }: LineAt, sequence: number): string {
  if (answer === undefined) return '…';
  if (answer.value === null) return answer.problem;
  const { first, watermark } = answer.value;
  if (sequence > watermark) return `not there yet: its order ends at ${watermark}`;
  return sequence < first ? `not kept any more: its order begins at ${first}` : 'not there';
}
