// Hurting a local cluster and watching what it does: kill, pause, cut, slow, heal; and afterwards the report of what
// it cost. Only where the link of the cluster's parent process was opened. SPEC rule UI27.

import { useEffect, useState } from 'preact/hooks';
import type { SceneRow } from '../../../src/api/sample-routes.ts';
import type { ActRequest, DeskState } from '../../../src/cli/drill/desk-state.ts';
import { act, askDrills, drillDoor } from '../live/drill.ts';
import { problemText } from '../live/polled.ts';
import { members, pulse, self, trail, view } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/controls.tsx';
import { DrillNode } from '../parts/drill-node.tsx';
import { Reports, Story, TITLES } from '../parts/drill-reports.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { SceneDrawing } from '../parts/scene-drawing.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import '../styles/drill.css';

const LOOK_MS = 700;

const WATCHED_SECONDS = 60;

export function DrillPage() {
  const { desk, problem, busyAct, send } = useDesk();
  const [side, setSide] = useState<ReadonlySet<string>>(new Set());
  if (drillDoor.value === null) return <NoDoor />;
  if (desk === null) {
    return (
      <Panel title="Drill">
        <Empty title={problem === '' ? 'Asking …' : 'The cluster’s parent process does not answer'}>
          {problem}
        </Empty>
      </Panel>
    );
  }
  const isBusy = desk.busy !== '' || busyAct;
  const cutOff = [...side].filter((id) => desk.nodes.some((node) => node.id === id));
  const toggle = (id: string) => {
    const next = new Set(side);
    if (!next.delete(id)) next.add(id);
    setSide(next);
  };
  return (
    <>
      {problem !== '' && (
        <p class="notice drill-problem" data-tone="bad" role="alert">
          {problem}
        </p>
      )}
      <Panel
        title="Drills"
        note={desk.busy === '' ? 'with load at every node, and a report' : `${desk.busy} is under way`}
        actions={
          desk.measuring ? (
            <Button isPrimary disabled={isBusy} onClick={() => send({ act: 'end' })}>
              End and count
            </Button>
          ) : (
            <Button disabled={isBusy} onClick={() => send({ act: 'begin' })}>
              Measure what I do
            </Button>
          )
        }
      >
        <div class="drill-scripts">
          {desk.drills.map((name) => (
            <button
              key={name}
              type="button"
              class="drill-script"
              disabled={isBusy || desk.measuring}
              onClick={() => send({ act: 'drill', drill: name })}
            >
              <strong>{TITLES[name] ?? name}</strong>
              <span>{WORDS[name] ?? ''}</span>
            </button>
          ))}
        </div>
      </Panel>
      <div class="drill-watch">
        <div>
          <Panel
            title="Nodes"
            note={
              desk.side.length === 0 ? 'nobody is cut off' : `${desk.side.join(', ')} cut off from the others`
            }
            actions={
              <>
                <Button
                  disabled={isBusy || cutOff.length === 0 || cutOff.length === desk.nodes.length}
                  onClick={() => send({ act: 'cut', side: cutOff })}
                  title="What goes between the marked nodes and the others is dropped"
                >
                  {cutOff.length === 0 ? 'Cut off the marked' : `Cut off ${cutOff.join(', ')}`}
                </Button>
                <Button isPrimary disabled={isBusy} onClick={() => send({ act: 'heal' })}>
                  Heal everything
                </Button>
              </>
            }
            flush
          >
            <ul class="drill-nodes">
              {desk.nodes.map((node) => (
                <DrillNode
                  key={node.id}
                  node={node}
                  isCutOff={desk.side.includes(node.id)}
                  isMarked={side.has(node.id)}
                  mark={() => toggle(node.id)}
                  isBusy={isBusy}
                  send={send}
                />
              ))}
            </ul>
          </Panel>
          <Panel title="Reports" flush>
            <Reports reports={desk.reports} />
          </Panel>
        </div>
        <div>
          <Watch />
          <Panel title="Story" note="newest first" flush>
            <Story story={desk.story} />
          </Panel>
        </div>
      </div>
    </>
  );
}

const WORDS: { readonly [drill: string]: string } = {
  'kill-leader': 'kill −9, three seconds without it, then it is started again',
  'pause-leader': 'SIGSTOP, three seconds of standing still, then it goes on',
  partition: 'nothing goes between it and the others for three seconds',
};

/** What the node that this page is with sees of it, as it happens. */
function Watch() {
  const group = view.value;
  const last = trail.value.slice(-WATCHED_SECONDS);
  const commits = last
    .slice(1)
    .map(({ watermark }, at) => Math.max(0, watermark - (last[at]?.watermark ?? 0)));
  const quiet = commits.length - 1 - commits.findLastIndex((count) => count > 0);
  return (
    <Panel
      title="Meanwhile"
      note={`as ${self.value ?? 'the node'} sees it`}
      actions={
        <Badge tone={group?.quorum ? 'good' : 'bad'}>
          {group?.leader ? `${group.leader} leads` : 'no leader'}
        </Badge>
      }
    >
      <SceneDrawing scene={sceneNow()} />
      <p class="drill-commits">
        <span>Commits per second</span>
        <Sparkline points={commits} capacity={WATCHED_SECONDS} width={130} height={34} />
        <strong>{commits.at(-1) ?? 0}</strong>
        {quiet > 1 && <Badge tone="warn">none for {quiet} s</Badge>}
      </p>
    </Panel>
  );
}

function sceneNow(): SceneRow {
  const group = view.value;
  const links = Object.entries(pulse.value?.links ?? {}).flatMap(([node, others]) =>
    others.map((other) => (node < other ? [node, other] : [other, node])),
  );
  return {
    leader: group?.leader ?? null,
    round: group?.ballot?.round ?? 0,
    quorum: group?.quorum ?? false,
    view_id: group?.view_id ?? 0,
    voters: group?.voters ?? [],
    learners: group?.learners ?? [],
    present: group?.present ?? [],
    members: members.value.map(({ id, status, linked }) => ({ id, status, linked })),
    members_left_out: 0,
    links: [...new Map(links.map((ends) => [ends.join(' '), ends])).values()],
  };
}

function useDesk() {
  const [desk, setDesk] = useState<DeskState | null>(null);
  const [problem, setProblem] = useState('');
  const [busyAct, setBusyAct] = useState(false);
  const door = drillDoor.value;
  useEffect(() => {
    if (door === null) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      try {
        if (!document.hidden) setDesk(await askDrills(stop.signal));
      } catch (error) {
        if (!stop.signal.aborted) setProblem(problemText(error));
      }
      if (!stop.signal.aborted) timer = setTimeout(look, LOOK_MS);
    };
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [door]);
  const send = async (wanted: ActRequest) => {
    setBusyAct(true);
    setProblem('');
    try {
      setDesk(await act(wanted));
    } catch (error) {
      setProblem(problemText(error));
    }
    setBusyAct(false);
  };
  return { desk, problem, busyAct, send };
}

function NoDoor() {
  return (
    <Panel title="Drill">
      <Empty title="This page was opened without the link of a local cluster">
        <code>sensorium demo</code> and <code>sensorium cluster</code> print a link “break it and watch”. It
        carries what this page needs to kill, pause, cut off and slow down the nodes of that cluster. Nodes
        that are not started by them can not be drilled.
      </Empty>
    </Panel>
  );
}
