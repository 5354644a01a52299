// For how long nothing is committed when the leader's machine loses its power: only its silence tells. SPEC rule OP11.

import type { ElectionOptions } from '../../protocol/election/options.ts';
import type { OrderingOptions } from '../../protocol/ordering/options.ts';
import { CALM_STAGE, OrderStage } from './stage.ts';

export interface OutageOptions {
  readonly seed: number;
  readonly voters: number;
  readonly latencyMs: { readonly min: number; readonly max: number };
  readonly election: Partial<ElectionOptions>;
  readonly ordering: Partial<OrderingOptions>;
}

const PATIENCE_MS = 300_000;
const REST_MS = 1_000;

/** From the crash until another leader has committed what came in after it; null when that did not happen in time. */
export function measureOutage({ seed, voters, latencyMs, election, ordering }: OutageOptions): number | null {
  const stage = new OrderStage({
    ...CALM_STAGE,
    seed,
    nodes: voters,
    voters,
    paths: { ...CALM_STAGE.paths, latencyMs },
    election,
    ordering,
  });
  const { world } = stage;
  for (const node of world.nodes) world.start(node);
  if (!world.runUntilSo(() => stage.leader !== null, PATIENCE_MS)) return null;
  world.runFor(REST_MS + (seed % REST_MS));

  const former = stage.leader;
  if (former === null) return null;
  const startMs = world.timeline.nowMs;
  world.crash(former, false);
  const leads = () => stage.leader !== null && stage.leader !== former;
  if (!world.runUntilSo(leads, PATIENCE_MS)) return null;
  const successor = stage.leader;
  const before = successor?.commitIndex ?? 0;
  successor?.submit(1);
  const committed = () => (stage.leader?.commitIndex ?? 0) > before;
  return world.runUntilSo(committed, PATIENCE_MS) ? world.timeline.nowMs - startMs : null;
}
