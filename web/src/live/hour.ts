// The last hour of a node in samples, read once and then gone on with. SPEC rules UI23, UI26.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { SampleRow, Samples, SceneRow } from '../../../src/api/sample-routes.ts';
import { get, linkState } from './store.ts';

export interface Hour {
  /** Oldest first. */
  readonly samples: readonly SampleRow[];
  readonly scenes: ReadonlyMap<number, SceneRow>;
}

const SAMPLES_MAX = 1_800;
const NOTHING: Hour = { samples: [], scenes: new Map() };

/** Of the node that the page is with. */
export function useHour(everyMs: number): Hour {
  const { base, node } = linkState.value;
  const after = useRef(0);
  const [hour, setHour] = useState<Hour>(NOTHING);
  useEffect(() => {
    if (node === null) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    after.current = 0;
    setHour(NOTHING);
    const turn = async () => {
      try {
        const page = document.hidden
          ? null
          : await get<Samples>(`/api/v1/samples?after=${after.current}`, stop.signal);
        if (page !== null && page.samples.length > 0) {
          after.current = page.next;
          setHour((known) => goneOn(known, page));
        }
      } catch {
        // The page says by itself that its node is gone.
      }
      if (!stop.signal.aborted) timer = setTimeout(turn, everyMs);
    };
    void turn();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [base, node, everyMs]);
  return hour;
}

function goneOn(known: Hour, page: Samples): Hour {
  const [first] = page.samples;
  // A node that was started again counts from 1.
  const before = known.samples.filter(({ ts_ms }) => first === undefined || ts_ms < first.ts_ms);
  const samples = [...before, ...page.samples].slice(-SAMPLES_MAX);
  const scenes = new Map(known.scenes);
  for (const [id, scene] of Object.entries(page.scenes)) scenes.set(Number(id), scene);
  return { samples, scenes };
}
