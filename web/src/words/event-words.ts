// Events as sentences. `subject` is a node or a sensor that a page exists for.

import type { EventRow } from '../../../src/api/event-row.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

export interface EventWords {
  readonly tone: Tone;
  readonly kind: EventKind;
  readonly subject: string | null;
  readonly words: string;
  readonly why: string;
}

/** What the timeline has a row for. */
export type EventKind = 'members' | 'election' | 'view' | 'sync' | 'log' | 'alert';

const WORDS: { readonly [type: string]: readonly [Tone, EventKind, string] } = {
  member_joined: ['info', 'members', 'joined'],
  member_moved: ['quiet', 'members', 'has another address'],
  member_alive: ['good', 'members', 'is alive'],
  member_suspected: ['warn', 'members', 'is suspected'],
  member_dead: ['bad', 'members', 'is dead'],
  member_left: ['warn', 'members', 'left'],
  rumour_refuted: ['good', 'members', 'refuted a rumour about itself'],
  incarnation_raised: ['quiet', 'members', 'raised its incarnation'],
  link_up: ['quiet', 'members', 'is linked'],
  link_down: ['quiet', 'members', 'is not linked any more'],
  duplicate_node: ['bad', 'alert', 'runs twice'],
  foreign_identity: ['warn', 'alert', 'was heard with another identity'],
  identity_taken: ['info', 'members', 'took an identity'],
  sensor_collision: ['warn', 'alert', 'comes in at several nodes'],
  alert_raised: ['bad', 'alert', 'raised an alert'],
  alert_cleared: ['good', 'alert', 'has its alert cleared'],
  peer_refused: ['warn', 'alert', 'refused somebody'],
  clock_suspect: ['warn', 'alert', 'has a clock that runs ahead'],
  clock_off: ['warn', 'alert', 'has a clock that is off'],
  full_sync_started: ['info', 'sync', 'is asked for everything'],
  full_sync_finished: ['good', 'sync', 'has sent everything'],
  converged: ['good', 'sync', 'and this node are equal'],
  message_refused: ['warn', 'alert', 'had a message refused'],
  election_started: ['warn', 'election', 'stands for election: ELECTION'],
  election_ok: ['info', 'election', 'answered OK'],
  election_deaf: ['warn', 'election', 'said OK and did not lead'],
  election_synced: ['info', 'election', 'gave the newer tail of the log'],
  election_failed: ['warn', 'election', 'was not elected'],
  promise_given: ['info', 'election', 'was given a PROMISE'],
  became_leader: ['good', 'election', 'became the leader'],
  coordinator: ['good', 'election', 'leads: COORDINATOR'],
  leader_lost: ['bad', 'election', 'is lost as the leader'],
  abdicated: ['warn', 'election', 'abdicated'],
  transfer: ['info', 'election', 'is handed the leadership'],
  penalty: ['quiet', 'election', 'may not lead for a while'],
  group_founded: ['good', 'view', 'took part in founding the group'],
  group_joined: ['good', 'view', 'joined the group'],
  group_view: ['info', 'view', 'sees another view: VIEW_CHANGE'],
  group_present: ['info', 'view', 'sees others present'],
  group_merge: ['warn', 'view', 'merges two groups'],
  log_cut: ['quiet', 'log', 'took back uncommitted entries'],
  history_gap: ['bad', 'alert', 'lacks a part of the history'],
  records_lost: ['bad', 'alert', 'passed over lost records'],
  log_damaged: ['bad', 'alert', 'found its log damaged'],
  log_mended: ['good', 'log', 'has mended its log'],
  safety_halt: ['bad', 'alert', 'stopped taking part in the order'],
  format_unknown: ['bad', 'alert', 'found entries of a format it does not know'],
};

const UNKNOWN = ['quiet', 'log'] as const;

/** Whom these are about is told in a detail. */
const SUBJECT_DETAIL: { readonly [type: string]: string } = {
  sensor_collision: 'sensor',
  clock_suspect: 'sensor',
  alert_raised: 'sensor',
  alert_cleared: 'sensor',
  election_ok: 'from',
  election_synced: 'from',
};

/** What a chart of thousands of them needs, without a word of it. */
export function eventLook({ event_type }: EventRow): Pick<EventWords, 'tone' | 'kind'> {
  const [tone, kind] = WORDS[event_type] ?? UNKNOWN;
  return { tone, kind };
}

export function eventWords(event: EventRow): EventWords {
  const { tone, kind } = eventLook(event);
  const words = WORDS[event.event_type]?.[2] ?? event.event_type.replaceAll('_', ' ');
  const named = event.details?.[SUBJECT_DETAIL[event.event_type] ?? ''];
  const subject = typeof named === 'string' ? named : (event.target_id ?? event.sender_id ?? null);
  return { tone, kind, subject, words, why: whyText(event) };
}

const UNSAID = new Set(['group', 'incarnation', 'identity', 'was', 'sensor', 'committed', 'index']);

function whyText({ event_type, details = {} }: EventRow): string {
  const said = details.why ?? details.cause ?? details.reason;
  const others = Object.entries(details)
    .filter(([name]) => !UNSAID.has(name) && !['why', 'cause', 'reason'].includes(name))
    .filter(([name]) => name !== SUBJECT_DETAIL[event_type] && name !== 'peer' && name !== 'to')
    .map(
      ([name, value]) =>
        `${name.replaceAll('_', ' ')} ${typeof value === 'object' ? value.join(', ') : value}`,
    );
  return [...(said === undefined || said === '' ? [] : [String(said)]), ...others].join(' · ');
}
