// A measured exercise: a local cluster carries load while something happens to it, and is then held to account. Every
// reading that was answered must stand in the history of every node, once. SPEC rules CL14, CL31.

import { ApiClient, type ViewRow } from '../api-client.ts';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import { Failure } from '../failure.ts';
import { digestOf } from '../verify/log-digest.ts';
import type { ExerciseReport } from './desk-state.ts';
import { DrillLoad, pause, type Written } from './drill-load.ts';

type Nodes = ReadonlyMap<string, ApiClient>;

const SETTLE_MS = 60_000;
const AFTER_MS = 1_500;
/** Between two looks at all nodes. */
const LOOK_MS_A_NODE = 15;

export class Exercise {
  readonly #nodes: Nodes;
  readonly #tell: (text: string) => void;
  readonly #before: Agreed;
  readonly #load: DrillLoad;
  #struckMs = performance.now();

  private constructor(nodes: Nodes, tell: (text: string) => void, before: Agreed, load: DrillLoad) {
    this.#nodes = nodes;
    this.#tell = tell;
    this.#before = before;
    this.#load = load;
  }

  /** `pauseMs`: between a reading that was committed and the next one of the same writer. */
  static async begin(
    { plans }: LocalCluster,
    tell: (text: string) => void,
    pauseMs: number,
  ): Promise<Exercise> {
    const nodes = new Map(plans.map(({ id, apiPort }) => [id, new ApiClient(`http://127.0.0.1:${apiPort}`)]));
    const before = await agreed(nodes);
    tell(`${before.leader} leads, ${before.watermark} readings are committed; writing at every node`);
    return new Exercise(nodes, tell, before, new DrillLoad(plans, pauseMs));
  }

  get leader(): string {
    return this.#before.leader;
  }

  /** From here on an outage counts. */
  struck(): void {
    this.#struckMs = performance.now();
  }

  /** `heal` makes everything well again; the load goes on for a moment after it. */
  async end(heal: () => Promise<void>): Promise<ExerciseReport> {
    const load = this.#load;
    const healMs = performance.now();
    try {
      await heal();
      await pause(AFTER_MS);
    } finally {
      await load.stop();
    }
    const after = await agreed(this.#nodes);
    const recoveredMs = performance.now() - healMs - AFTER_MS;
    this.#tell('looking for every reading at every node');
    const from = this.#before.watermark + 1;
    const found = await account(this.#nodes, load.written, from, after.watermark);
    const count = (promise: Written['promise']) =>
      load.written.filter((written) => written.promise === promise).length;
    return {
      leader_before: this.#before.leader,
      leader_after: after.leader,
      outage_ms: Math.round(load.longestGapMs(this.#struckMs, healMs)),
      committed: count('committed'),
      pending: count('stored'),
      unanswered: count('unknown'),
      recovered_ms: Math.max(0, Math.round(recoveredMs)),
      ...found,
      equal: new Set(Object.values(found.digests)).size === 1,
    };
  }

  /** Nothing is looked at any more. */
  async abandon(): Promise<void> {
    await this.#load.stop();
  }
}

interface Agreed {
  readonly leader: string;
  readonly watermark: number;
}

/**
 * Waits until all nodes follow one leader and have committed what any of them held when the wait began. Sensors may go
 * on meanwhile: each node's outbox is seen empty once, and what was committed by then is waited for everywhere.
 */
async function agreed(nodes: Nodes): Promise<Agreed> {
  const endMs = performance.now() + SETTLE_MS;
  const drained = new Set<string>();
  let target: number | null = null;
  let seen = '';
  while (performance.now() < endMs) {
    const views = await Promise.all(
      [...nodes].map(async ([id, client]) => ({ id, view: await client.view().catch(() => null) })),
    );
    for (const { id, view } of views) if (view?.quorum === true && view.outbox === 0) drained.add(id);
    if (drained.size === nodes.size) target ??= Math.max(...views.map(({ view }) => view?.watermark ?? 0));
    const leader = leaderOf(views.map(({ view }) => view));
    if (leader !== null && target !== null && views.every(({ view }) => reaches(view, target ?? 0))) {
      return { leader, watermark: target };
    }
    seen = views.map(({ view }) => (view ? `${view.leader ?? 'none'}:${view.watermark}` : '-')).join(' ');
    await pause(LOOK_MS_A_NODE * nodes.size);
  }
  throw new Failure(`the nodes did not agree within ${SETTLE_MS / 1_000} s (leader:watermark ${seen})`);
}

function reaches(view: ViewRow | null, watermark: number): boolean {
  return view !== null && view.watermark >= watermark;
}

/** Whom all follow who answer with a quorum; null where it is not one. */
function leaderOf(views: readonly (ViewRow | null)[]): string | null {
  const leader = views[0]?.leader ?? null;
  return views.every((view) => view?.quorum === true && view.leader === leader) ? leader : null;
}

/** Looks for each answered reading in the history of each node, read from that node's own disk. */
async function account(
  nodes: Nodes,
  written: readonly Written[],
  from: number,
  to: number,
): Promise<Pick<ExerciseReport, 'lost' | 'doubled' | 'digests'>> {
  let lost = 0;
  let doubled = 0;
  const digests: { [node: string]: string } = {};
  for (const [id, client] of nodes) {
    const times = new Map<string, number>();
    const digest = await digestOf(client, from, to, ({ sensor, value }) => {
      const name = `${sensor} ${value}`;
      times.set(name, (times.get(name) ?? 0) + 1);
    });
    if (digest.problems.length > 0) throw new Failure(`${id}: ${digest.problems.join('; ')}`);
    digests[id] = digest.whole;
    for (const { sensor, value, promise } of written) {
      const found = times.get(`${sensor} ${value}`) ?? 0;
      if (found === 0 && promise !== 'unknown') lost++;
      if (found > 1) doubled++;
    }
  }
  return { lost, doubled, digests };
}
