// Hurting a local cluster and watching what it does: kill, pause, cut, slow, heal; and afterwards the report of what
// it cost. Only where the link of the cluster's parent process was opened. SPEC rule UI27.

import { useEffect, useState } from 'preact/hooks';
import {
  type Act,
  act,
  askDrills,
  type DeskState,
  type DrilledNode,
  type DrillReport,
  drillDoor,
} from '../live/drill.ts';
import { problemText } from '../live/polled.ts';
import { members, pulse, self, trail, view } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/controls.tsx';
import { Empty, Facts, Panel } from '../parts/panel.tsx';
import { SceneDrawing } from '../parts/scene-drawing.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { href } from '../router.ts';
import type { Tone } from '../words/event-words.ts';
import type { Scene } from '../words/samples.ts';
import { countText, spanText, timeText } from '../words/text.ts';
import '../styles/drill.css';

const LOOK_MS = 700;
const SLOW_MS = 400;
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
                <NodeLine
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

const TITLES: { readonly [drill: string]: string } = {
  'kill-leader': 'Kill the leader',
  'pause-leader': 'Pause the leader',
  partition: 'Cut the leader off',
};

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

function sceneNow(): Scene {
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
  const send = async (wanted: Act) => {
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

const STATE_TONES: { readonly [state in DrilledNode['state']]: Tone } = {
  running: 'good',
  paused: 'warn',
  starting: 'info',
  stopped: 'bad',
};

interface NodeLineProps {
  readonly node: DrilledNode;
  readonly isCutOff: boolean;
  readonly isMarked: boolean;
  readonly mark: () => void;
  readonly isBusy: boolean;
  readonly send: (act: Act) => void;
}

function NodeLine({ node: { id, state, delayMs }, isCutOff, isMarked, mark, isBusy, send }: NodeLineProps) {
  const runs = state === 'running';
  const seen = members.value.find((member) => member.id === id)?.status;
  return (
    <li data-node={id}>
      <label class="drill-mark">
        <input type="checkbox" checked={isMarked} onChange={mark} />
        <span class="unseen">Mark {id}</span>
      </label>
      <span class="drill-name">
        <a href={href('node', id)}>{id}</a>
        {view.value?.leader === id && <Badge tone="info">leader</Badge>}
      </span>
      <span class="drill-state">
        <Badge tone={STATE_TONES[state]}>{state}</Badge>
        {isCutOff && <Badge tone="bad">cut off</Badge>}
        {delayMs > 0 && <Badge tone="warn">{delayMs} ms late</Badge>}
        {seen !== undefined && seen !== 'alive' && <Badge>seen as {seen}</Badge>}
      </span>
      <span class="drill-acts">
        <Button
          disabled={isBusy || state === 'stopped' || state === 'starting'}
          onClick={() => send({ act: 'kill', node: id })}
        >
          Kill
        </Button>
        <Button disabled={isBusy || !runs} onClick={() => send({ act: 'stop', node: id })}>
          Stop
        </Button>
        {state === 'paused' ? (
          <Button disabled={isBusy} onClick={() => send({ act: 'resume', node: id })}>
            Resume
          </Button>
        ) : (
          <Button disabled={isBusy || !runs} onClick={() => send({ act: 'pause', node: id })}>
            Pause
          </Button>
        )}
        <Button
          disabled={isBusy || !runs}
          onClick={() => send({ act: 'slow', node: id, delay_ms: delayMs > 0 ? 0 : SLOW_MS })}
        >
          {delayMs > 0 ? 'In time' : 'Slow'}
        </Button>
        <Button disabled={isBusy || state !== 'stopped'} onClick={() => send({ act: 'start', node: id })}>
          Start
        </Button>
      </span>
    </li>
  );
}

function Story({ story }: { readonly story: DeskState['story'] }) {
  if (story.length === 0) return <Empty title="Nothing was done yet" />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <ol class="drill-story" tabIndex={0}>
      {story.toReversed().map(({ at_ms, text }, at) => (
        <li key={`${at_ms} ${story.length - at}`}>
          <time dateTime={new Date(at_ms).toISOString()}>{timeText(at_ms)}</time>
          {text}
        </li>
      ))}
    </ol>
  );
}

function Reports({ reports }: { readonly reports: readonly DrillReport[] }) {
  if (reports.length === 0) {
    return <Empty title="No report yet">A drill, or what you measure yourself, ends with one.</Empty>;
  }
  return (
    <ol class="drill-reports">
      {reports.toReversed().map((one) => (
        <li key={one.at_ms}>
          <h3>
            {TITLES[one.title] ?? one.title} <small>{timeText(one.at_ms)}</small>
            <ReportBadge one={one} />
          </h3>
          {one.report === null ? <p>{one.failed}</p> : <Facts facts={factsOf(one.report)} />}
        </li>
      ))}
    </ol>
  );
}

function ReportBadge({ one: { report } }: { readonly one: DrillReport }) {
  if (report === null) return <Badge tone="bad">failed</Badge>;
  const isSound = report.lost === 0 && report.doubled === 0 && report.equal;
  return (
    <Badge tone={isSound ? 'good' : 'bad'}>{isSound ? 'nothing lost, all equal' : 'NOT AS IT MUST BE'}</Badge>
  );
}

function factsOf(report: NonNullable<DrillReport['report']>) {
  const {
    leader_before,
    leader_after,
    outage_ms,
    committed,
    pending,
    unanswered,
    lost,
    doubled,
    recovered_ms,
  } = report;
  return [
    {
      name: 'Leader',
      value: leader_before === leader_after ? leader_after : `${leader_before} → ${leader_after}`,
    },
    {
      name: 'Outage',
      value: spanText(outage_ms),
      title: 'The longest time in which nothing was committed anywhere',
    },
    { name: 'Equal again after', value: spanText(recovered_ms) },
    { name: 'Answered as committed', value: countText(committed) },
    { name: 'Answered as stored', value: countText(pending) },
    { name: 'Unanswered', value: countText(unanswered) },
    { name: 'Lost', value: countText(lost) },
    { name: 'Doubled', value: countText(doubled) },
  ];
}
