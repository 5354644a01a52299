// How a node looks wherever it stands: its name with role and status, and the suspicion against it.

import type { Member, View } from '../../../src/api/schema.ts';
import { href } from '../router.ts';
import { Dot } from './badge.tsx';
import { Icon } from './icon.tsx';
import { PHI_DEAD, PHI_SUSPECT, toneOf } from './topology-graph.tsx';

export function roleOf(id: string, view: View | null): string {
  if (view === null) return '';
  if (view.leader === id) return 'leader';
  if (view.voters.includes(id)) return 'voter';
  return view.learners.includes(id) ? 'learner' : 'not in the group';
}

export function NodeTitle({ member, isLeader }: { readonly member: Member; readonly isLeader: boolean }) {
  return (
    <span class="node-title">
      <Dot tone={toneOf(member)} />
      <a href={href('node', member.id)}>{member.id}</a>
      {isLeader && <Icon name="crown" size={14} />}
    </span>
  );
}

/** How sure the one who looks is that the other is gone: suspected from 3, dead from 8 by default. */
export function Phi({ member }: { readonly member: Member }) {
  const { phi, status, self } = member;
  if (self || phi === null || status === 'dead' || status === 'left') return <span class="phi">–</span>;
  const tone = phi >= PHI_DEAD ? 'bad' : phi >= PHI_SUSPECT ? 'warn' : 'good';
  return (
    <span class="phi" data-tone={tone}>
      <span class="phi-track" aria-hidden="true">
        <span style={{ width: `${Math.min(100, (phi / PHI_DEAD) * 100).toFixed(0)}%` }} />
      </span>
      {phi.toFixed(1)}
    </span>
  );
}

export function delayText(ms: number | null): string {
  if (ms === null) return '–';
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export function offsetText(ms: number | null): string {
  if (ms === null) return '–';
  const rounded = Math.round(ms);
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : '±'}${Math.abs(rounded)} ms`;
}
