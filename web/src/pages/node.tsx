// One node, as it tells of itself, and as the node that is asked knows it where it does not answer. SPEC rule UI6.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { EventRow } from '../../../src/api/event-row.ts';
import type { Health, Member, Pulse } from '../../../src/api/schema.ts';
import type { Storage } from '../../../src/api/storage-routes.ts';
import type { SensorEntry } from '../live/sensor-book.ts';
import {
  events,
  getFrom,
  link,
  linkState,
  members,
  nowMs,
  orderTail,
  pulse,
  sensors,
  sensorsShown,
  view,
} from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/controls.tsx';
import { EventList } from '../parts/event-list.tsx';
import { delayText, NodeTitle, offsetText, Phi, roleOf } from '../parts/node-parts.tsx';
import { Empty, type Fact, Facts, Panel } from '../parts/panel.tsx';
import { CommitMark, ValueText } from '../parts/sensor-parts.tsx';
import { Table } from '../parts/table.tsx';
import { toneOf } from '../parts/topology-graph.tsx';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { href, route } from '../router.ts';
import { compareNames } from '../words/natural.ts';
import { ageText, bytesText, countText, dateTimeText, spanText } from '../words/text.ts';
import '../styles/node.css';

const AGAIN_MS = 2_000;
const ANSWER_MS = 1_800;
const EVENTS_SHOWN = 40;
const ROW_PX = 32;

export function NodePage() {
  useEffect(() => orderTail.want(), []);
  const id = route.value.arg;
  const member = members.value.find((one) => one.id === id);
  const told = useTold(member);
  if (member === undefined) {
    return (
      <Panel title={id}>
        <Empty title={pulse.value === null ? 'Asking the node' : 'No such node is known here'}>
          <a href="#/site">All nodes</a>
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <NodeHead member={member} told={told} />
      <div class="node-grid">
        <SeenByIt member={member} told={told} />
        <EventsOf id={id} />
        <SensorsOf id={id} />
      </div>
    </>
  );
}

/** What a node says of itself; null for what it has not said. */
interface Told {
  readonly isSilent: boolean;
  readonly health: Health | null;
  readonly pulse: Pulse | null;
  readonly storage: Storage | null;
}

const NOTHING: Told = { isSilent: false, health: null, pulse: null, storage: null };

function useTold(member: Member | undefined): Told {
  const [told, setTold] = useState<Told>(NOTHING);
  const base = member === undefined ? null : link.baseOf(member);
  const isAsked = linkState.value.phase === 'live';
  useEffect(() => {
    setTold(NOTHING);
    if (base === null || !isAsked) return undefined;
    let isOver = false;
    const ask = async () => {
      const get = <T,>(path: string) =>
        getFrom<T>(base, path, AbortSignal.timeout(ANSWER_MS)).catch(() => null);
      const [health, itsPulse, storage] = await Promise.all([
        get<Health>('/healthz'),
        get<Pulse>('/api/v1/pulse'),
        get<Storage>('/api/v1/storage'),
      ]);
      if (!isOver) setTold({ isSilent: health === null, health, pulse: itsPulse, storage });
    };
    void ask();
    const timer = setInterval(ask, AGAIN_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [base, isAsked]);
  return told;
}

function NodeHead({ member, told }: { readonly member: Member; readonly told: Told }) {
  const { id, status, self } = member;
  const role = roleOf(id, view.value);
  return (
    <Panel
      title={id}
      class="node-head"
      note={
        <>
          <Badge tone={toneOf(member)}>{status}</Badge>{' '}
          <Badge tone={role === 'leader' ? 'good' : 'quiet'}>{role}</Badge>{' '}
          {self && <Badge tone="info">asked by this page</Badge>}
          {told.isSilent && <Badge tone="bad">does not answer</Badge>}
        </>
      }
      actions={
        !self && (
          <Button disabled={told.isSilent} onClick={() => link.moveTo(member)}>
            Look through its eyes
          </Button>
        )
      }
    >
      <Facts facts={[...ownFacts(told), ...knownFacts(member)]} />
    </Panel>
  );
}

function ownFacts({ health, pulse: its, storage }: Told): Fact[] {
  const space = storage?.space ?? null;
  const lag = its?.origins.reduce((sum, origin) => sum + origin.lag, 0);
  return [
    { name: 'Version', value: health?.version ?? '–' },
    { name: 'Up for', value: health === null ? '–' : spanText(health.uptime_ms) },
    {
      name: 'Lag behind the others',
      value: lag === undefined ? '–' : lag === 0 ? 'none' : `${countText(lag)} readings`,
    },
    { name: 'Watermark', value: its === null ? '–' : countText(its.view.watermark) },
    { name: 'Own readings waiting', value: its === null ? '–' : countText(its.view.outbox) },
    {
      name: 'Disk free',
      value: space === null ? '–' : `${bytesText(space.free_bytes)} of ${bytesText(space.total_bytes)}`,
    },
    { name: 'Log on disk', value: storage === null ? '–' : bytesText(storage.log.bytes) },
    {
      name: 'Sync to disk, 99 %',
      value: storage === null ? '–' : `${storage.syncs.p99_ms.toFixed(1)} ms`,
      title: 'So long takes a write that lasts, in 99 of 100',
    },
  ];
}

function knownFacts(member: Member): Fact[] {
  const { self, host, port, api_port, zone, incarnation, identity, last_heard_ms, status_since_ms } = member;
  return [
    ...(self
      ? []
      : [
          { name: 'Suspicion φ', value: <Phi member={member} /> },
          { name: 'Clock against ours', value: offsetText(member.clock_offset_ms) },
          { name: 'Round trip', value: delayText(member.round_trip_ms) },
          { name: 'Heard', value: last_heard_ms === 0 ? 'never' : ageText(nowMs.value - last_heard_ms) },
        ]),
    { name: 'Status since', value: status_since_ms === 0 ? '–' : dateTimeText(status_since_ms) },
    { name: 'Peer address', value: `${host}:${port}` },
    { name: 'API port', value: api_port === 0 ? 'none' : String(api_port) },
    ...(zone === '' ? [] : [{ name: 'Zone', value: zone }]),
    { name: 'Incarnation', value: String(incarnation), title: `Identity ${identity}` },
  ];
}

function SeenByIt({ member, told }: { readonly member: Member; readonly told: Told }) {
  const others = told.pulse?.members.filter(({ id }) => id !== member.id) ?? [];
  const seen = others.sort((a, b) => compareNames(a.id, b.id));
  return (
    <Panel title={`How ${member.id} sees the others`} class="node-seen" flush>
      {told.pulse === null ? (
        <Empty title={told.isSilent ? `${member.id} does not answer` : 'Asking the node'} />
      ) : seen.length === 0 ? (
        <Empty title="It knows of no other node" />
      ) : (
        <Table
          label={`How ${member.id} sees the others`}
          rows={seen}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'node',
              title: 'Node',
              cell: (one) => <NodeTitle member={one} isLeader={one.id === told.pulse?.view.leader} />,
            },
            { key: 'status', title: 'Status', cell: ({ status }) => status },
            { key: 'phi', title: 'Suspicion φ', cell: (one) => <Phi member={one} /> },
            {
              key: 'clock',
              title: 'Clock',
              isNumber: true,
              cell: ({ clock_offset_ms }) => offsetText(clock_offset_ms),
            },
            {
              key: 'trip',
              title: 'Round trip',
              isNumber: true,
              isMinor: true,
              cell: ({ round_trip_ms }) => delayText(round_trip_ms),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function EventsOf({ id }: { readonly id: string }) {
  const its = events.value.filter((event) => isAbout(event, id));
  return (
    <Panel title="Recent events" note={`about ${id}`} class="node-events" flush>
      <EventList events={its} max={EVENTS_SHOWN} />
    </Panel>
  );
}

function isAbout({ sender_id, target_id, details = {} }: EventRow, id: string): boolean {
  return sender_id === id || target_id === id || details.from === id || details.peer === id;
}

function SensorsOf({ id }: { readonly id: string }) {
  void sensorsShown.value;
  const { names } = sensors;
  const its = useMemo(
    () =>
      [...sensors.entries()].filter(({ row }) => row.origin === id).sort((a, b) => (a.key < b.key ? -1 : 1)),
    [id, names],
  );
  return (
    <Panel title="Its sensors" note={countText(its.length)} class="node-sensors" flush>
      {its.length === 0 ? (
        <Empty title="No sensor speaks at this node" />
      ) : (
        <VirtualRows
          label={`Sensors of ${id}`}
          class="node-sensor-rows"
          count={its.length}
          rowHeight={ROW_PX}
          head={
            <>
              <span role="columnheader">Sensor</span>
              <span role="columnheader" class="number">
                Value
              </span>
              <span role="columnheader">Order</span>
            </>
          }
          rowKey={(index) => its[index]?.name ?? index}
          row={(index) => <OwnSensor entry={its[index]} />}
          open={(index) => {
            location.hash = href('sensor', its[index]?.name ?? '');
          }}
        />
      )}
    </Panel>
  );
}

function OwnSensor({ entry }: { readonly entry: SensorEntry | undefined }) {
  if (entry === undefined) return null;
  return (
    <>
      <span role="gridcell">
        <a href={href('sensor', entry.name)} tabIndex={-1}>
          {entry.name}
        </a>
      </span>
      <span role="gridcell" class="number">
        <ValueText row={entry.row} />
      </span>
      <span role="gridcell">
        <CommitMark entry={entry} />
      </span>
    </>
  );
}
