// Elections, step by step: what several nodes tell of one election, put together in the order of time. SPEC rule UI23.

import type { SiteEvent } from '../live/site-events.ts';

export type StepTone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

export interface Step {
  readonly key: string;
  /** Since the first step. */
  readonly afterMs: number;
  readonly node: string;
  /** The name of the message, or what happened. */
  readonly step: string;
  readonly tone: StepTone;
  readonly words: string;
}

export interface Episode {
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly steps: readonly Step[];
  /** Who leads at its end; null where nobody does. */
  readonly leader: string | null;
}

/** Steps that lie further apart belong to different elections. */
const GAP_MS = 8_000;

/** Newest first. */
export function episodesOf(events: readonly SiteEvent[]): Episode[] {
  const groups: SiteEvent[][] = [];
  for (const event of events) {
    if (!Object.hasOwn(STEPS, event.event_type)) continue;
    const last = groups.at(-1);
    if (last && event.ts_ms - (last.at(-1)?.ts_ms ?? 0) <= GAP_MS) last.push(event);
    else groups.push([event]);
  }
  return groups.map(episodeOf).reverse();
}

function episodeOf(events: readonly SiteEvent[]): Episode {
  const startMs = events[0]?.ts_ms ?? 0;
  const steps = events.flatMap((event) => {
    const made = STEPS[event.event_type]?.(event);
    return made ? [{ key: event.key, afterMs: event.ts_ms - startMs, node: event.node, ...made }] : [];
  });
  return {
    key: events[0]?.key ?? '',
    startMs,
    endMs: events.at(-1)?.ts_ms ?? startMs,
    steps,
    leader: leaderAfter(events),
  };
}

function leaderAfter(events: readonly SiteEvent[]): string | null {
  let leader: string | null = null;
  for (const event of events) {
    if (event.event_type === 'became_leader') leader = event.node;
    else if (event.event_type === 'coordinator') leader = event.target_id ?? leader;
    else if (event.event_type === 'abdicated' && leader === event.node) leader = null;
  }
  return leader;
}

type Made = Pick<Step, 'step' | 'tone' | 'words'>;

function made(step: string, tone: StepTone, words: string): Made {
  return { step, tone, words };
}

const STEPS: { readonly [type: string]: (event: SiteEvent) => Made } = {
  leader_lost: (event) => made('lost', 'bad', `misses the leader ${event.target_id ?? ''}${why(event)}`),
  election_started: (event) =>
    made('ELECTION', 'warn', `stands with ballot ${detail(event, 'ballot')}${why(event)}`),
  election_ok: (event) =>
    made('OK', 'info', `stands down: ${detail(event, 'from')} is higher and runs itself`),
  election_deaf: (event) => made('deaf', 'warn', `${event.target_id ?? ''} said OK and did not lead`),
  election_synced: (event) =>
    made(
      'sync',
      'info',
      `took over ${detail(event, 'entries')} newer entries of ${detail(event, 'from')} first`,
    ),
  election_failed: (event) => made('failed', 'warn', `was not elected${why(event)}`),
  promise_given: (event) =>
    made(
      'PROMISE',
      'info',
      `promised ${event.target_id ?? ''} ballot ${detail(event, 'ballot')}, on its disk`,
    ),
  became_leader: (event) =>
    made('COORDINATOR', 'good', `leads by ${detail(event, 'how')} from entry ${detail(event, 'index')} on`),
  coordinator: (event) => made('follows', 'good', `heard COORDINATOR of ${event.target_id ?? ''}`),
  abdicated: (event) => made('abdicated', 'bad', `leads no more${why(event)}`),
  transfer: (event) =>
    made('transfer', 'info', `hands over to ${event.target_id ?? ''}: ${detail(event, 'step')}${why(event)}`),
};

function detail({ details = {} }: SiteEvent, name: string): string {
  return String(details[name] ?? '');
}

function why(event: SiteEvent): string {
  const said = detail(event, 'why');
  return said === '' ? '' : `: ${said}`;
}
