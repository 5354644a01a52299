// All that the pages show, as signals, fed by the live stream of one node. Readings are thousands a second, so they go
// into a book and `sensorsShown` counts up a few times a second for whoever shows them. SPEC rules UI2-UI4.

import { computed, signal } from '@preact/signals';
import type { EventRow } from '../../../src/api/event-row.ts';
import type { LatestRow } from '../../../src/api/latest-row.ts';
import type { Member, Pulse } from '../../../src/api/schema.ts';
import type { LiveHello as Hello } from '../../../src/api/stream-shapes.ts';
import { compareNames } from '../words/natural.ts';
import { Link, type LinkState, TIMING } from './link.ts';
import { OrderTail } from './order-tail.ts';
import { SensorBook } from './sensor-book.ts';

const EVENTS_MAX = 1_000;
/** So many seconds are kept of what the site bar shows. */
const TRAIL_MAX = 300;
const RATE_WINDOW = 5;
/** More often nobody can read it. */
const SHOW_EVERY_MS = 200;
/** A page that nobody looks at takes nothing from its node after this long. */
const HIDDEN_PAUSE_MS = 20_000;

export interface TrailPoint {
  readonly tsMs: number;
  /** Readings said since the first pulse, of all origins. */
  readonly said: number;
  readonly perSecond: number;
  readonly pending: number;
  readonly watermark: number;
}

export const sensors = new SensorBook();
/** Counts up a few times a second while readings come, and every second for their ages. */
export const sensorsShown = signal(0);
export const linkState = signal<LinkState>({
  phase: 'connecting',
  node: null,
  base: '',
  home: null,
  lostAt: null,
});
export const hello = signal<Hello | null>(null);
export const pulse = signal<Pulse | null>(null);
/** Oldest first, of the node that is asked. */
export const events = signal<readonly EventRow[]>([]);
/** The last minutes, a point a second, oldest first. */
export const trail = signal<readonly TrailPoint[]>([]);
/** Whether everything has been read once. */
export const isFilled = signal(false);
/** Wall clock, every second. */
export const nowMs = signal(Date.now());
/** Counts what `orderTail` took. */
export const tailShown = signal(0);

export const members = computed<readonly Member[]>(() => pulse.value?.members ?? []);
export const view = computed(() => pulse.value?.view ?? null);
/** The node that is asked. */
export const self = computed(() => pulse.value?.node ?? linkState.value.node);
export const pending = computed(() =>
  (pulse.value?.origins ?? []).reduce((sum, { n, committed_n }) => sum + Math.max(0, n - committed_n), 0),
);
export const readingsPerSecond = computed(() => trail.value.at(-1)?.perSecond ?? 0);

export const orderTail = new OrderTail((rows) => {
  sensors.ordered(rows);
  plan();
  tailShown.value++;
});

export const link = new Link(
  {
    hello: (said) => {
      hello.value = said;
    },
    all: (rows, past) => {
      sensors.replace(rows);
      // What got its place while everything was read.
      sensors.ordered(orderTail.rows);
      events.value = past;
      unshown = [];
      isFilled.value = true;
      plan();
    },
    readings: (rows: readonly LatestRow[]) => {
      for (const row of rows) sensors.update(row);
      plan();
    },
    forgotten: (sensor) => {
      sensors.forget(sensor);
      plan();
    },
    fact: (event) => {
      unshown.push(event);
      plan();
    },
    pulse: takePulse,
    state: (state) => {
      if (state.node !== linkState.value.node) trail.value = [];
      linkState.value = state;
      orderTail.readFrom(state.phase === 'live' ? state.base : null);
    },
  },
  TIMING,
  location.hostname,
);

/** Asks the API of the node that the page is with. */
export async function get<T>(path: string, stop?: AbortSignal): Promise<T> {
  return getFrom(linkState.value.base, path, stop);
}

/** Asks the API of any member: `link.baseOf(member)`. */
export async function getFrom<T>(base: string, path: string, stop?: AbortSignal): Promise<T> {
  const response = await fetch(base + path, { signal: stop ?? AbortSignal.timeout(10_000) });
  if (response.ok) return response.json();
  const { detail } = await response.json().catch(() => ({ detail: `answered ${response.status}` }));
  throw new Error(detail);
}

export function start(): void {
  link.start('');
  // A mark that was missed would be missed until its sensor speaks again.
  orderTail.want();
  setInterval(() => {
    nowMs.value = Date.now();
    plan();
  }, 1_000);
  let hidden: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(() => link.pause(), HIDDEN_PAUSE_MS);
    else link.resume();
  });
}

function takePulse(taken: Pulse): void {
  sensors.setCommitted(new Map(taken.origins.map(({ origin, committed_n }) => [origin, committed_n])));
  sensors.setGone(new Set(taken.members.filter(isGone).map(({ id }) => id)));
  // As people look for them, on every page.
  pulse.value = { ...taken, members: taken.members.toSorted((a, b) => compareNames(a.id, b.id)) };
  trail.value = [...trail.value.slice(1 - TRAIL_MAX), pointOf(taken)];
}

function pointOf({ ts_ms, origins, view: { watermark } }: Pulse): TrailPoint {
  const said = origins.reduce((sum, { n }) => sum + n, 0);
  const from = trail.value.at(-RATE_WINDOW) ?? trail.value[0];
  const seconds = from === undefined ? 0 : (ts_ms - from.tsMs) / 1_000;
  const perSecond = from === undefined || seconds <= 0 ? 0 : Math.max(0, said - from.said) / seconds;
  return { tsMs: ts_ms, said, perSecond, pending: pending.value, watermark };
}

export function isGone({ status }: Member): boolean {
  return status === 'dead' || status === 'left';
}

let isPlanned = false;
/** Events since they were shown last; a bad minute has hundreds a second. */
let unshown: EventRow[] = [];

/** What changes together is shown together. */
function plan(): void {
  if (isPlanned) return;
  isPlanned = true;
  setTimeout(() => {
    isPlanned = false;
    showEvents();
    sensorsShown.value++;
  }, SHOW_EVERY_MS);
}

function showEvents(): void {
  const last = events.value.at(-1)?.id ?? 0;
  const fresh = unshown.filter(({ id }) => id > last);
  unshown = [];
  if (fresh.length > 0) events.value = [...events.value, ...fresh].slice(-EVENTS_MAX);
}
