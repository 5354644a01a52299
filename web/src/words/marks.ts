// Events as marks on an axis of time: those of one kind that would stand on one another are one mark. SPEC rule UI23.

import type { SiteEvent } from '../live/site-events.ts';
import { type EventKind, eventLook, type Tone } from './event-words.ts';

export const KINDS: readonly { readonly kind: EventKind; readonly title: string }[] = [
  { kind: 'members', title: 'Members' },
  { kind: 'election', title: 'Elections' },
  { kind: 'view', title: 'Views' },
  { kind: 'sync', title: 'Syncs' },
  { kind: 'log', title: 'Log' },
  { kind: 'alert', title: 'Alerts' },
];

export interface Mark {
  readonly key: string;
  readonly kind: EventKind;
  readonly x: number;
  readonly tone: Tone;
  readonly events: readonly SiteEvent[];
}

export interface Axis {
  readonly fromMs: number;
  readonly toMs: number;
  readonly width: number;
}

const MARK_WIDTH = 9;
/** What is worse is what a mark of many shows. */
const WORSE: readonly Tone[] = ['quiet', 'info', 'good', 'warn', 'bad'];

export function xOf({ fromMs, toMs, width }: Axis, tsMs: number): number {
  return ((tsMs - fromMs) / Math.max(1, toMs - fromMs)) * width;
}

export function timeAt({ fromMs, toMs, width }: Axis, x: number): number {
  return fromMs + (Math.min(Math.max(x, 0), width) / Math.max(1, width)) * (toMs - fromMs);
}

/** Oldest first within each kind. */
export function marksOf(events: readonly SiteEvent[], axis: Axis): Mark[] {
  const places = new Map<string, { kind: EventKind; events: SiteEvent[]; tone: Tone }>();
  for (const event of events) {
    if (event.ts_ms < axis.fromMs || event.ts_ms > axis.toMs) continue;
    const { kind, tone } = eventLook(event);
    const key = `${kind} ${Math.floor(xOf(axis, event.ts_ms) / MARK_WIDTH)}`;
    const place = places.get(key) ?? { kind, events: [], tone: 'quiet' };
    places.set(key, place);
    place.events.push(event);
    if (WORSE.indexOf(tone) > WORSE.indexOf(place.tone)) place.tone = tone;
  }
  return [...places].map(([key, { kind, tone, events: own }]) => {
    const middle = own.reduce((sum, { ts_ms }) => sum + xOf(axis, ts_ms), 0) / own.length;
    return { key, kind, tone, x: middle, events: own };
  });
}

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800].map((seconds) => seconds * 1_000);

/** Round times, so many that their words do not touch. */
export function ticksOf(axis: Axis, gap: number): number[] {
  const span = axis.toMs - axis.fromMs;
  const count = Math.max(1, Math.floor(axis.width / gap));
  const step = STEPS_MS.find((one) => span / one <= count) ?? 3_600_000;
  const ticks: number[] = [];
  for (let tick = Math.ceil(axis.fromMs / step) * step; tick <= axis.toMs; tick += step) ticks.push(tick);
  return ticks;
}
