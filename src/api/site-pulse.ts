// The site at a glance: who is here, who leads, how far the order is and what still waits for its place. One look a
// second serves everybody who watches. SPEC rule AP28.

import type { Hub } from '../hub/hub.ts';
import { membersOf, topologyOf } from './membership.ts';
import type { Pulse } from './schema.ts';
import { viewRow } from './view-row.ts';

export const PULSE_MS = 1_000;

/** When an origin had said so many readings. */
interface Said {
  readonly atMs: number;
  readonly n: number;
}

/** Of those that are kept of an origin: enough for an hour in a minority at a few seconds' precision. */
const SAID_MAX = 512;

export class SitePulse {
  readonly #hub: Hub;
  readonly #nowMs: () => number;
  /** By origin and identity, oldest first: when what still waits was first known here. Bounded by the streams. */
  #waiting = new Map<string, Said[]>();

  constructor(hub: Hub, nowMs: () => number = Date.now) {
    this.#hub = hub;
    this.#nowMs = nowMs;
  }

  /** Remembers since when what waits has been waiting. */
  look(): void {
    const kept = new Map<string, Said[]>();
    for (const stream of this.#hub.replication().streams) {
      const name = `${stream.origin} ${stream.identity.birth} ${stream.identity.random}`;
      const committed = this.#hub.committedN(stream);
      if (stream.retired || stream.upto <= committed) continue;
      const said = (this.#waiting.get(name) ?? []).filter(({ n }) => n > committed);
      if ((said.at(-1)?.n ?? 0) < stream.upto) said.push({ atMs: this.#nowMs(), n: stream.upto });
      kept.set(name, said.length > SAID_MAX ? said.filter((_, at) => at === 0 || at % 2 === 1) : said);
    }
    this.#waiting = kept;
  }

  row(): Pulse {
    const hub = this.#hub;
    const nowMs = this.#nowMs();
    const { streams, sensors } = hub.replication();
    const oldest = [...this.#waiting.values()].flatMap(([first]) => (first ? [first.atMs] : []));
    return {
      node: hub.self,
      ts_ms: nowMs,
      sensors,
      oldest_pending_ms: oldest.length === 0 ? null : Math.max(0, nowMs - Math.min(...oldest)),
      view: viewRow(hub),
      members: membersOf(hub),
      links: topologyOf(hub).adjacency,
      origins: streams
        .filter(({ retired }) => !retired)
        .map((stream) => ({
          origin: stream.origin,
          n: stream.upto,
          committed_n: hub.committedN(stream),
          lag: stream.lagRecords,
          stale_ms: stream.staleMs,
          advanced_ms: stream.advancedAtMs,
        })),
    };
  }
}
