// The site: its nodes, who talks to whom, how suspicion builds up, and what has happened lately. SPEC rule UI6.

import type { Member } from '../../../src/api/schema.ts';
import { useEyes } from '../live/eyes.ts';
import { events, nowMs, pulse, view } from '../live/store.ts';
import { EventList } from '../parts/event-list.tsx';
import { delayText, NodeTitle, offsetText, Phi, roleOf } from '../parts/node-parts.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { TopologyGraph } from '../parts/topology-graph.tsx';
import { ageText, countText } from '../words/text.ts';

const EVENTS_SHOWN = 80;

export function SitePage() {
  const eyes = useEyes();
  const seen = pulse.value;
  return (
    <div class="site-grid">
      <Panel title="Topology" note={seen && `as ${seen.node} sees it`} class="site-graph" flush>
        {seen === null ? <Empty title="Asking the node" /> : <TopologyGraph pulse={seen} eyes={eyes} />}
      </Panel>
      <Panel title="Nodes" class="site-nodes" flush>
        {seen === null ? <Empty title="Asking the node" /> : <Nodes members={seen.members} />}
      </Panel>
      <Panel title="Events" note="latest first" class="site-events" flush>
        <EventList events={events.value} max={EVENTS_SHOWN} />
      </Panel>
    </div>
  );
}

function Nodes({ members }: { readonly members: readonly Member[] }) {
  const group = view.value;
  const now = nowMs.value;
  const origins = new Map(pulse.value?.origins.map((origin) => [origin.origin, origin]));
  return (
    <Table
      label="Nodes"
      rows={members}
      rowKey={({ id }) => id}
      columns={[
        {
          key: 'node',
          title: 'Node',
          cell: (member) => <NodeTitle member={member} isLeader={member.id === group?.leader} />,
        },
        { key: 'status', title: 'Status', cell: ({ status, self }) => (self ? 'asked' : status) },
        { key: 'role', title: 'Role', cell: ({ id }) => roleOf(id, group) },
        { key: 'phi', title: 'Suspicion φ', cell: (member) => <Phi member={member} /> },
        {
          key: 'heard',
          title: 'Heard',
          isNumber: true,
          isMinor: true,
          cell: ({ self, last_heard_ms }) =>
            self ? '' : last_heard_ms === 0 ? 'never' : ageText(now - last_heard_ms),
        },
        {
          key: 'trip',
          title: 'Round trip',
          isNumber: true,
          isMinor: true,
          cell: ({ self, round_trip_ms }) => (self ? '' : delayText(round_trip_ms)),
        },
        {
          key: 'clock',
          title: 'Clock',
          isNumber: true,
          isMinor: true,
          cell: ({ self, clock_offset_ms }) => (self ? '' : offsetText(clock_offset_ms)),
        },
        {
          key: 'waiting',
          title: 'Pending',
          isNumber: true,
          cell: ({ id }) => {
            const origin = origins.get(id);
            return origin === undefined ? '–' : countText(Math.max(0, origin.n - origin.committed_n));
          },
        },
      ]}
    />
  );
}
