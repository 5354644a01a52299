// What comes in at this node and what goes on from it: how much, what was refused and why, topics that nobody
// understands, and who follows the order how closely. SPEC rule UI24.

import type { Inbox, Refusals } from '../../../src/api/input-routes.ts';
import type { Sinks } from '../../../src/api/sink-routes.ts';
import { usePolled } from '../live/polled.ts';
import { type Rates, useRates } from '../live/rates.ts';
import { nowMs, self, view } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { type FollowerRow, followersOf, inputsOf } from '../words/edges.ts';
import { ageText, countText, dateTimeText, rateText } from '../words/text.ts';
import '../styles/inputs.css';

const EVERY_MS = 2_000;
const MUCH_BEHIND = 1_000;

export function InputsPage() {
  const rates = useRates(EVERY_MS);
  const refusals = usePolled<Refusals>('/api/v1/refusals', EVERY_MS);
  const inbox = usePolled<Inbox>('/api/v1/inbox', EVERY_MS);
  const sinks = usePolled<Sinks>('/api/v1/sinks', EVERY_MS);
  const node = self.value ?? 'this node';
  return (
    <>
      <div class="inputs-above">
        <Panel title="Inputs" note={`of ${node}, since it started`} flush>
          <InputTable rates={rates} />
        </Panel>
        <Panel title="Who follows the order" note={`at ${node}`} flush>
          <FollowerTable rates={rates} sinks={sinks.value ?? []} />
        </Panel>
      </div>
      <Panel title="Refused" note={noteOf(refusals.value, refusals.problem)} flush>
        <RefusalTable rows={refusals.value ?? []} />
      </Panel>
      <Panel title="Topics of which no reading could be made" note={noteOf(inbox.value, inbox.problem)} flush>
        <InboxTable rows={inbox.value ?? []} />
      </Panel>
    </>
  );
}

function noteOf(rows: readonly { readonly count: number }[] | null, problem: string) {
  if (problem !== '') return <Badge tone="bad">{problem}</Badge>;
  const count = (rows ?? []).reduce((sum, row) => sum + row.count, 0);
  return count === 0 ? 'none' : countText(count);
}

function InputTable({ rates }: { readonly rates: Rates }) {
  const rows = inputsOf(rates.counters);
  if (rows.length === 0) return <Empty title="Asking …">{rates.problem}</Empty>;
  return (
    <Table
      label="Inputs"
      rows={rows}
      rowKey={({ name }) => name}
      columns={[
        { key: 'name', title: 'Input', cell: ({ name, note }) => <span title={note}>{name}</span> },
        {
          key: 'rate',
          title: 'Readings/s',
          isNumber: true,
          cell: ({ accepted }) => {
            const rate = rates.perSecond(accepted);
            return rate === null ? '–' : rateText(rate);
          },
        },
        {
          key: 'accepted',
          title: 'Accepted',
          isNumber: true,
          cell: ({ accepted }) => countText(rates.counters[accepted] ?? 0),
        },
        {
          key: 'rejected',
          title: 'Refused',
          isNumber: true,
          cell: ({ rejected }) => {
            const count = rejected === null ? 0 : (rates.counters[rejected] ?? 0);
            return count === 0 ? '0' : <Badge tone="warn">{countText(count)}</Badge>;
          },
        },
      ]}
    />
  );
}

interface Follower extends FollowerRow {
  readonly state: string;
  readonly title: string;
}

function FollowerTable({ rates, sinks }: { readonly rates: Rates; readonly sinks: Sinks }) {
  const own = followersOf(rates.counters, view.value?.watermark ?? 0);
  const rows: Follower[] = [
    ...own.map((row) => ({ ...row, state: row.failures > 0 ? 'failing' : 'writing', title: '' })),
    ...sinks.map(({ name, type, target, state, sequence, lag_readings, failures, last_error }) => ({
      name: `${name} (${type})`,
      sequence,
      lag: lag_readings,
      failures,
      state,
      title: last_error === '' ? target : `${target}: ${last_error}`,
    })),
  ];
  if (rows.length === 0) return <Empty title="Nobody follows the order here" />;
  return (
    <Table
      label="Who follows the order"
      rows={rows}
      rowKey={({ name }) => name}
      columns={[
        { key: 'name', title: 'Follower', cell: ({ name, title }) => <span title={title}>{name}</span> },
        {
          key: 'state',
          title: 'State',
          cell: ({ state }) => (
            <Badge tone={state === 'failing' ? 'bad' : state === 'writing' ? 'good' : 'quiet'}>{state}</Badge>
          ),
        },
        { key: 'sequence', title: 'Reached', isNumber: true, cell: ({ sequence }) => countText(sequence) },
        {
          key: 'lag',
          title: 'Behind',
          isNumber: true,
          cell: ({ lag }) =>
            lag > MUCH_BEHIND ? <Badge tone="warn">{countText(lag)}</Badge> : countText(lag),
        },
        {
          key: 'failures',
          title: 'Failures',
          isNumber: true,
          isMinor: true,
          cell: ({ failures }) => countText(failures),
        },
      ]}
    />
  );
}

function RefusalTable({ rows }: { readonly rows: Refusals }) {
  if (rows.length === 0) return <Empty title="Nothing was refused" />;
  return (
    <Table
      label="Refused input"
      rows={rows}
      rowKey={({ input, reason }) => `${input} ${reason}`}
      columns={[
        { key: 'input', title: 'Input', cell: ({ input }) => input },
        { key: 'reason', title: 'Reason', cell: ({ reason }) => <Badge tone="warn">{reason}</Badge> },
        { key: 'count', title: 'Count', isNumber: true, cell: ({ count }) => countText(count) },
        { key: 'last', title: 'Last', cell: ({ last_ts_ms }) => <Ago tsMs={last_ts_ms} /> },
        {
          key: 'why',
          title: 'The last one',
          cell: ({ last_why, last_payload }) => <Payload why={last_why} payload={last_payload} />,
        },
      ]}
    />
  );
}

function InboxTable({ rows }: { readonly rows: Inbox }) {
  if (rows.length === 0) return <Empty title="Every topic was understood" />;
  return (
    <Table
      label="Topics of which no reading could be made"
      rows={rows}
      rowKey={({ input, topic }) => `${input} ${topic}`}
      columns={[
        { key: 'topic', title: 'Topic', cell: ({ topic }) => <code>{topic}</code> },
        { key: 'input', title: 'Input', cell: ({ input }) => input, isMinor: true },
        { key: 'count', title: 'Count', isNumber: true, cell: ({ count }) => countText(count) },
        { key: 'last', title: 'Last', cell: ({ last_ts_ms }) => <Ago tsMs={last_ts_ms} /> },
        {
          key: 'why',
          title: 'The last one',
          cell: ({ why, last_payload }) => <Payload why={why} payload={last_payload} />,
        },
      ]}
    />
  );
}

function Ago({ tsMs }: { readonly tsMs: number }) {
  const age = ageText(Math.max(0, nowMs.value - tsMs));
  return (
    <time dateTime={new Date(tsMs).toISOString()} title={dateTimeText(tsMs)}>
      {age === 'now' ? age : `${age} ago`}
    </time>
  );
}

function Payload({ why, payload }: { readonly why: string; readonly payload: string }) {
  return (
    <div class="payload">
      <span>{why}</span>
      {payload !== '' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
        <pre tabIndex={0}>{payload}</pre>
      )}
    </div>
  );
}
