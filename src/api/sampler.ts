// The last hour of a node in samples: how much waits, how far the order is, and the scene: who is there, who leads,
// who speaks to whom. Together with the events it lets people look back at what was. SPEC rule AP41.

import type { Hub } from '../hub/hub.ts';
import { compareText } from '../kit/order.ts';

export interface SamplerOptions {
  readonly everyMs: number;
  readonly samplesMax: number;
  /** All scenes together, as text. Of more, the oldest samples go. */
  readonly sceneBytesMax: number;
  /** Nodes a scene names; the others are counted. */
  readonly sceneNodesMax: number;
}

export interface Sample {
  /** Counts samples since the start, from 1. */
  readonly id: number;
  readonly tsMs: number;
  /** Own readings stored and not yet known committed. */
  readonly outbox: number;
  readonly watermark: number;
  /** Changes of sensors' latest readings at this node since its start. */
  readonly changes: number;
  readonly sensors: number;
  readonly sceneId: number;
}

export interface Scene {
  readonly leader: string | null;
  readonly round: number;
  readonly quorum: boolean;
  readonly viewId: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly present: readonly string[];
  readonly members: readonly { readonly id: string; readonly status: string; readonly linked: boolean }[];
  readonly membersLeftOut: number;
  readonly links: readonly (readonly [string, string])[];
}

interface KeptScene {
  readonly id: number;
  readonly text: string;
  readonly scene: Scene;
}

export class Sampler {
  readonly #hub: Hub;
  readonly #options: SamplerOptions;
  readonly #timer: NodeJS.Timeout;
  /** Oldest first. Bounded by samplesMax. */
  #samples: Sample[] = [];
  /** Those that samples speak of, oldest first. Bounded by sceneBytesMax. */
  #scenes: KeptScene[] = [];
  #sceneBytes = 0;
  #lastSampleId = 0;
  #lastSceneId = 0;

  constructor(hub: Hub, options: SamplerOptions) {
    this.#hub = hub;
    this.#options = options;
    this.sample();
    this.#timer = setInterval(() => this.sample(), options.everyMs).unref();
  }

  get everyMs(): number {
    return this.#options.everyMs;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  sceneOf(id: number): Scene | null {
    return this.#scenes.find((kept) => kept.id === id)?.scene ?? null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  sample(): void {
    const { outbox, watermark } = this.#hub.order();
    const { newestChange, sensors } = this.#hub.replication();
    this.#samples.push({
      id: ++this.#lastSampleId,
      tsMs: Date.now(),
      outbox,
      watermark,
      changes: newestChange,
      sensors,
      sceneId: this.#keepScene(),
    });
    this.#forget();
  }

  /** Most samples show what the one before them shows. */
  #keepScene(): number {
    const scene = sceneAt(this.#hub, this.#options.sceneNodesMax);
    const text = JSON.stringify(scene);
    if (this.#scenes.at(-1)?.text !== text) {
      this.#scenes.push({ id: ++this.#lastSceneId, text, scene });
      this.#sceneBytes += text.length;
    }
    return this.#lastSceneId;
  }

  #forget(): void {
    const { samplesMax, sceneBytesMax } = this.#options;
    if (this.#samples.length > samplesMax) this.#samples = this.#samples.slice(-samplesMax);
    while (this.#scenes.length > 1 && (this.#sceneBytes > sceneBytesMax || this.#isUnused(this.#scenes[0]))) {
      const gone = this.#scenes.shift();
      this.#sceneBytes -= gone?.text.length ?? 0;
      this.#samples = this.#samples.filter((sample) => sample.sceneId !== gone?.id);
    }
  }

  #isUnused(scene: KeptScene | undefined): boolean {
    const first = this.#samples[0];
    return scene !== undefined && first !== undefined && scene.id < first.sceneId;
  }
}

function sceneAt(hub: Hub, nodesMax: number): Scene {
  const { leader, ballot, quorum, viewId, voters, learners, present } = hub.order();
  const all = [...hub.members()].sort((a, b) => compareText(a.peer, b.peer));
  const shown = all.slice(0, nodesMax);
  const names = new Set<string>(shown.map(({ peer }) => peer));
  return {
    leader,
    round: ballot?.round ?? 0,
    quorum,
    viewId,
    voters,
    learners,
    present,
    members: shown.map(({ peer, status, self, linked }) => ({ id: peer, status, linked: self || linked })),
    membersLeftOut: all.length - shown.length,
    links: linksAt(hub, names),
  };
}

/** Each link once, whoever told of it. */
function linksAt(hub: Hub, names: ReadonlySet<string>): (readonly [string, string])[] {
  const links = new Map<string, readonly [string, string]>();
  for (const { node, neighbours } of hub.topology()) {
    if (!names.has(node)) continue;
    for (const other of neighbours) {
      if (!names.has(other)) continue;
      const ends: [string, string] = compareText(node, other) < 0 ? [node, other] : [other, node];
      links.set(ends.join(' '), ends);
    }
  }
  return [...links].sort(([a], [b]) => compareText(a, b)).map(([, ends]) => ends);
}
