// Disks and clocks of all nodes: what they hold, how fast they are, how far apart they go. SPEC rule UI25.

import type { Member } from '../../../src/api/schema.ts';
import type { Storage } from '../../../src/api/storage-routes.ts';
import { type Answers, askable, usePolledAll } from '../live/polled.ts';
import { members, self } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { href } from '../router.ts';
import { bytesText, countText, numberText, spanText } from '../words/text.ts';
import '../styles/storage.css';

interface Row {
  readonly node: string;
  readonly problem: string;
  readonly storage: Storage | null;
}

const EVERY_MS = 3_000;
/** Above it a sync holds up whoever waits for it. */
const SLOW_SYNC_MS = 100;
const LITTLE_SPACE = 0.1;
/** A clock that is off by more makes an origin correct its times. */
const CLOCK_OFF_MS = 5_000;

export function StoragePage() {
  const answers = usePolledAll<Storage>('/api/v1/storage', EVERY_MS);
  const rows = rowsOf(answers, askable(members.value));
  return (
    <>
      <Panel title="Disks" note="as each node tells it" class="storage" flush>
        {answers.size === 0 ? (
          <Empty title="Asking all nodes …" />
        ) : (
          <Table label="Disks" rows={rows} rowKey={({ node }) => node} columns={DISK_COLUMNS} />
        )}
      </Panel>
      <Panel
        title="What follows the order"
        note="files and database of each node, behind its watermark"
        flush
      >
        <Table
          label="What follows the order"
          rows={rows}
          rowKey={({ node }) => node}
          columns={FOLLOWER_COLUMNS}
        />
      </Panel>
      <Panel title="Clocks" note={`compared with that of ${self.value ?? 'this node'}`} flush>
        <Clocks all={members.value} />
      </Panel>
    </>
  );
}

function rowsOf(answers: Answers<Storage>, asked: readonly Member[]): Row[] {
  return asked.map(({ id }) => {
    const answer = answers.get(id);
    return { node: id, problem: answer?.problem ?? '', storage: answer?.value ?? null };
  });
}

function of<Value>(row: Row, value: (storage: Storage) => Value) {
  return row.storage === null ? '–' : value(row.storage);
}

const NODE_COLUMN: Column<Row> = {
  key: 'node',
  title: 'Node',
  cell: ({ node, problem }) => (
    <>
      <a href={href('node', node)}>{node}</a>
      {problem !== '' && <span class="storage-silent">{problem}</span>}
    </>
  ),
};

const DISK_COLUMNS: readonly Column<Row>[] = [
  NODE_COLUMN,
  { key: 'space', title: 'Free', cell: (row) => of(row, ({ space }) => <Space space={space} />) },
  { key: 'log', title: 'Log', isNumber: true, cell: (row) => of(row, ({ log }) => bytesText(log.bytes)) },
  {
    key: 'extent',
    title: 'Sequences',
    isNumber: true,
    cell: (row) => of(row, ({ log }) => `${countText(log.first_sequence)} – ${countText(log.watermark)}`),
  },
  {
    key: 'entries',
    title: 'Entries',
    isNumber: true,
    isMinor: true,
    cell: (row) => of(row, ({ log }) => `${countText(log.first_index)} – ${countText(log.last_index)}`),
  },
  {
    key: 'outbox',
    title: 'Outbox',
    isNumber: true,
    cell: (row) => of(row, ({ outbox }) => `${countText(outbox.records)} · ${bytesText(outbox.bytes)}`),
  },
  {
    key: 'p50',
    title: 'Sync p50',
    isNumber: true,
    isMinor: true,
    cell: (row) => of(row, ({ syncs }) => `${numberText(Number(syncs.p50_ms.toFixed(1)))} ms`),
  },
  {
    key: 'p99',
    title: 'Sync p99',
    isNumber: true,
    cell: (row) =>
      of(row, ({ syncs }) => {
        const text = `${numberText(Number(syncs.p99_ms.toFixed(1)))} ms`;
        return syncs.p99_ms > SLOW_SYNC_MS ? <Badge tone="warn">{text}</Badge> : text;
      }),
  },
  {
    key: 'stalled',
    title: 'Stood still',
    isNumber: true,
    isMinor: true,
    cell: (row) => of(row, ({ stalled_ms }) => (stalled_ms === 0 ? '0' : spanText(stalled_ms))),
  },
  { key: 'health', title: 'Health', cell: (row) => <Health row={row} /> },
];

function Space({ space }: { readonly space: Storage['space'] }) {
  if (space === null) return <>–</>;
  const share = space.total_bytes === 0 ? 0 : space.free_bytes / space.total_bytes;
  return (
    <span class="space" data-tone={share < LITTLE_SPACE ? 'bad' : 'good'}>
      <meter min={0} max={1} value={1 - share} aria-label={`${Math.round((1 - share) * 100)} % in use`} />
      {bytesText(space.free_bytes)}
    </span>
  );
}

function Health({ row: { storage } }: { readonly row: Row }) {
  if (storage === null) return <Badge>unknown</Badge>;
  if (storage.log.full || storage.outbox.full) return <Badge tone="bad">disk full</Badge>;
  if (storage.log.damaged_entries > 0) return <Badge tone="bad">{storage.log.damaged_entries} damaged</Badge>;
  return <Badge tone="good">sound</Badge>;
}

const FOLLOWER_COLUMNS: readonly Column<Row>[] = [
  NODE_COLUMN,
  { key: 'csv', title: 'CSV files', isNumber: true, cell: (row) => of(row, (all) => behind(all, all.csv)) },
  {
    key: 'database',
    title: 'History database',
    isNumber: true,
    cell: (row) => of(row, (all) => behind(all, all.database)),
  },
  {
    key: 'snapshot',
    title: 'Snapshot',
    isNumber: true,
    isMinor: true,
    cell: (row) => of(row, ({ snapshot_bytes }) => bytesText(snapshot_bytes)),
  },
];

function behind({ log }: Storage, follower: Storage['csv']) {
  if (follower === null) return 'off';
  if (follower.failures > 0) return <Badge tone="bad">{countText(follower.failures)} failures</Badge>;
  const lag = Math.max(0, log.watermark - follower.sequence);
  return lag === 0 ? 'up to date' : `${countText(lag)} behind`;
}

function Clocks({ all }: { readonly all: readonly Member[] }) {
  const others = all.filter((member) => !member.self);
  if (others.length === 0) return <Empty title="There is no other clock to compare with" />;
  return (
    <Table
      label="Clocks"
      rows={others}
      rowKey={({ id }) => id}
      columns={[
        { key: 'node', title: 'Node', cell: ({ id }) => <a href={href('node', id)}>{id}</a> },
        {
          key: 'offset',
          title: 'Ahead by',
          isNumber: true,
          cell: ({ clock_offset_ms: offset }) => {
            if (offset === null) return '–';
            const text = `${numberText(Number(offset.toFixed(1)))} ms`;
            return Math.abs(offset) > CLOCK_OFF_MS ? <Badge tone="bad">{text}</Badge> : text;
          },
        },
        {
          key: 'round',
          title: 'Round trip',
          isNumber: true,
          cell: ({ round_trip_ms: round }) =>
            round === null ? '–' : `${numberText(Number(round.toFixed(1)))} ms`,
        },
        {
          key: 'axis',
          title: 'From −1 s to +1 s',
          isMinor: true,
          cell: ({ clock_offset_ms: offset }) => <Offset ms={offset} />,
        },
      ]}
    />
  );
}

const AXIS = 200;
const AXIS_MS = 1_000;

function Offset({ ms }: { readonly ms: number | null }) {
  const x = AXIS / 2 + (Math.min(AXIS_MS, Math.max(-AXIS_MS, ms ?? 0)) / AXIS_MS) * (AXIS / 2 - 6);
  return (
    <svg class="offset" width={AXIS} height={16} aria-hidden="true">
      <line x2={AXIS} y1={8} y2={8} />
      <line x1={AXIS / 2} x2={AXIS / 2} y1={3} y2={13} />
      {ms !== null && <circle cx={x} cy={8} r={4} />}
    </svg>
  );
}
