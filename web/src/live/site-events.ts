// What happened, as every node tells it: each knows only its own part of an election. Asked with the id of the last
// event known of each, so that nothing comes twice. SPEC rule UI23.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { EventRow } from '../../../src/api/event-row.ts';
import type { Member } from '../../../src/api/schema.ts';
import { askable } from './polled.ts';
import { getFrom, isGone, link, members } from './store.ts';

export interface SiteEvent extends EventRow {
  /** The node that tells it. */
  readonly node: string;
  /** Of all nodes and lives of nodes, only one event has it. */
  readonly key: string;
}

const EVERY_MS = 1_500;
const ANSWER_MS = 4_000;
/** Events of one node that are kept, as many as the node keeps itself. */
const OF_A_NODE_MAX = 2_048;

interface Told {
  /** Ids count from 1 in each life. */
  incarnation: number;
  lastId: number;
  events: SiteEvent[];
}

/** Oldest first. `onlyFrom`: of this node alone; null: of all that are known. */
export function useSiteEvents(onlyFrom: string | null): readonly SiteEvent[] {
  const told = useRef(new Map<string, Told>());
  const [all, setAll] = useState<readonly SiteEvent[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (member: Member): Promise<boolean> => {
      const { id, incarnation } = member;
      const known = told.current.get(id) ?? { incarnation, lastId: 0, events: [] };
      told.current.set(id, known);
      if (known.incarnation !== incarnation) known.lastId = 0;
      known.incarnation = incarnation;
      try {
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]);
        const rows = await getFrom<EventRow[]>(
          link.baseOf(member),
          `/api/v1/events?after=${known.lastId}`,
          signal,
        );
        if (rows.length === 0) return false;
        known.lastId = rows.at(-1)?.id ?? known.lastId;
        const fresh = rows.map((row) => ({ ...row, node: id, key: `${id}.${incarnation}.${row.id}` }));
        known.events = [...known.events, ...fresh].slice(-OF_A_NODE_MAX);
        return true;
      } catch {
        // Whoever does not answer is asked again; what it said before stays.
        return false;
      }
    };
    const turn = async () => {
      if (!document.hidden) {
        const asked = askable(members.peek()).filter((member) => !isGone(member) || member.id === onlyFrom);
        const wanted = onlyFrom === null ? asked : asked.filter(({ id }) => id === onlyFrom);
        const changed = await Promise.all(wanted.map(ask));
        if (stop.signal.aborted) return;
        if (changed.includes(true)) setAll(merged(told.current, onlyFrom));
      }
      timer = setTimeout(turn, EVERY_MS);
    };
    setAll(merged(told.current, onlyFrom));
    void turn();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [onlyFrom]);
  return all;
}

function merged(told: ReadonlyMap<string, Told>, onlyFrom: string | null): SiteEvent[] {
  const events = [...told].flatMap(([node, { events: own }]) =>
    onlyFrom === null || node === onlyFrom ? own : [],
  );
  return events.sort((a, b) => a.ts_ms - b.ts_ms);
}
