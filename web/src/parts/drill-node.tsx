// A node of a drilled cluster in one line: how its process is, and what can be done to it. SPEC rule UI27.

import type { ActRequest, DrilledNode } from '../../../src/cli/drill/desk-state.ts';
import { members, view } from '../live/store.ts';
import { href } from '../router.ts';
import type { Tone } from '../words/event-words.ts';
import { Badge } from './badge.tsx';
import { Button } from './controls.tsx';

const SLOW_MS = 400;

const STATE_TONES: { readonly [state in DrilledNode['state']]: Tone } = {
  running: 'good',
  paused: 'warn',
  starting: 'info',
  stopped: 'bad',
};

export interface DrillNodeProps {
  readonly node: DrilledNode;
  readonly isCutOff: boolean;
  readonly isMarked: boolean;
  readonly mark: () => void;
  readonly isBusy: boolean;
  readonly send: (act: ActRequest) => void;
}

export function DrillNode({
  node: { id, state, delayMs },
  isCutOff,
  isMarked,
  mark,
  isBusy,
  send,
}: DrillNodeProps) {
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
