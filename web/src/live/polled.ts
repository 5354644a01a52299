// Asking nodes again and again for what the live stream does not carry, while a page that wants it is open and looked
// at. What was answered last stays when a node falls silent, and is marked as such. SPEC rule UI20.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Member } from '../../../src/api/schema.ts';
import { get, getFrom, isGone, link, members } from './store.ts';

export interface Answer<T> {
  /** What was answered last; null for never. */
  readonly value: T | null;
  /** Why there was no answer the last time; empty where there was one. */
  readonly problem: string;
  /** When it answered last; 0 for never. */
  readonly atMs: number;
}

export type Answers<T> = ReadonlyMap<string, Answer<T>>;

/** A page asks no more nodes than this by itself. */
export const NODES_ASKED_MAX = 32;
const ANSWER_MS = 4_000;
/** Answers that come together are shown together. */
const SHOW_MS = 60;
/** A node that is taken for dead is asked every so many turns: it may be cut off from the others only. */
const GONE_EVERY = 4;

/** One path of the node that the page is with. Null: nothing is asked. */
export function usePolled<T>(path: string | null, everyMs: number): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, problem: '', atMs: 0 });
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    const ask = async () => {
      try {
        const value = await get<T>(path, AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]));
        setAnswer({ value, problem: '', atMs: Date.now() });
      } catch (error) {
        if (!stop.signal.aborted) setAnswer((last) => ({ ...last, problem: problemText(error) }));
      }
    };
    return repeat(ask, everyMs, stop);
  }, [path, everyMs]);
  return answer;
}

/** One path of every node that is known, by node. */
export function usePolledAll<T>(path: string, everyMs: number): Answers<T> {
  const answers = useRef(new Map<string, Answer<T>>());
  const [, show] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    let showing: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    const put = (id: string, answer: Answer<T>) => {
      answers.current.set(id, answer);
      showing ??= setTimeout(() => {
        showing = undefined;
        show((count) => count + 1);
      }, SHOW_MS);
    };
    const askOne = async (member: Member) => {
      const { id } = member;
      try {
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]);
        const value = await getFrom<T>(link.baseOf(member), path, signal);
        put(id, { value, problem: '', atMs: Date.now() });
      } catch (error) {
        if (stop.signal.aborted) return;
        const last = answers.current.get(id);
        put(id, { value: last?.value ?? null, problem: problemText(error), atMs: last?.atMs ?? 0 });
      }
    };
    const askAll = async () => {
      const isLongTurn = turn++ % GONE_EVERY === 0;
      const asked = askable(members.peek()).filter((member) => isLongTurn || !isGone(member));
      await Promise.all(asked.map(askOne));
    };
    const end = repeat(askAll, everyMs, stop);
    return () => {
      clearTimeout(showing);
      end();
    };
  }, [path, everyMs]);
  return answers.current;
}

/** Those that have an API, so many of them that a browser can ask them all. */
export function askable(all: readonly Member[]): readonly Member[] {
  return all.filter(({ api_port }) => api_port > 0).slice(0, NODES_ASKED_MAX);
}

/** The next turn begins when the last one is over, and not while nobody looks. */
function repeat(ask: () => Promise<void>, everyMs: number, stop: AbortController): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = async () => {
    if (!document.hidden) await ask();
    if (!stop.signal.aborted) timer = setTimeout(turn, everyMs);
  };
  void turn();
  return () => {
    stop.abort();
    clearTimeout(timer);
  };
}

export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.message === 'Failed to fetch' ? 'does not answer' : error.message;
}
