// A drill: a local cluster under load loses its leader in one of three ways, recovers, and is then held to account.
// Every reading that was answered must stand in the history of every node, once. SPEC rule CL14.

import { join } from 'node:path';
import { askNode } from '../../control/control-client.ts';
import { parsePeerId } from '../../model/ids.ts';
import { ApiClient } from '../api-client.ts';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import { Failure } from '../failure.ts';
import { digestOf } from '../verify/log-digest.ts';
import { DrillLoad, pause, type Written } from './drill-load.ts';

export const DRILLS = ['kill-leader', 'pause-leader', 'partition'] as const;
export type DrillName = (typeof DRILLS)[number];

export interface DrillReport {
  readonly drill: DrillName;
  readonly leader_before: string;
  readonly leader_after: string;
  /** The longest time in which nothing was committed anywhere. */
  readonly outage_ms: number;
  readonly committed: number;
  /** Answered as stored, and to be committed later. */
  readonly pending: number;
  /** Without any answer: either is right. */
  readonly unanswered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly recovered_ms: number;
  readonly digests: { readonly [node: string]: string };
  readonly equal: boolean;
}

const WARM_UP_MS = 1_500;
const FAULT_MS = 3_000;
const AFTER_MS = 1_500;
const SETTLE_MS = 60_000;
const LOOK_MS = 50;

export async function drill(
  name: DrillName,
  cluster: LocalCluster,
  directory: string,
  tell: (text: string) => void,
): Promise<DrillReport> {
  const nodes = new Map(
    cluster.plans.map(({ id, apiPort }) => [id, new ApiClient(`http://127.0.0.1:${apiPort}`)]),
  );
  const before = await agreed(nodes);
  tell(`${before.leader} leads, ${before.watermark} readings are committed; writing at every node`);
  const load = new DrillLoad(cluster.plans);
  await pause(WARM_UP_MS);

  const faultMs = performance.now();
  tell(SAID[name](before.leader));
  await strike(name, before.leader, cluster, directory);
  await pause(FAULT_MS);
  tell('healing');
  const healMs = performance.now();
  await heal(name, before.leader, cluster, directory);
  await pause(AFTER_MS);
  await load.stop();
  const after = await agreed(nodes);
  const recoveredMs = performance.now() - healMs - AFTER_MS;

  tell('looking for every reading at every node');
  const { lost, doubled, digests } = await account(
    nodes,
    load.written,
    before.watermark + 1,
    after.watermark,
  );
  const count = (promise: Written['promise']) =>
    load.written.filter((written) => written.promise === promise).length;
  return {
    drill: name,
    leader_before: before.leader,
    leader_after: after.leader,
    outage_ms: Math.round(load.longestGapMs(faultMs, healMs)),
    committed: count('committed'),
    pending: count('stored'),
    unanswered: count('unknown'),
    lost,
    doubled,
    recovered_ms: Math.max(0, Math.round(recoveredMs)),
    digests,
    equal: new Set(Object.values(digests)).size === 1,
  };
}

const SAID: { readonly [name in DrillName]: (leader: string) => string } = {
  'kill-leader': (leader) => `kill -9 ${leader}`,
  'pause-leader': (leader) => `SIGSTOP ${leader}`,
  partition: (leader) => `cutting ${leader} off from the others`,
};

async function strike(
  name: DrillName,
  leader: string,
  cluster: LocalCluster,
  directory: string,
): Promise<void> {
  if (name === 'kill-leader') {
    cluster.signal(leader, 'SIGKILL');
    await cluster.gone(leader);
  } else if (name === 'pause-leader') cluster.signal(leader, 'SIGSTOP');
  else await cut(cluster, directory, leader);
}

async function heal(
  name: DrillName,
  leader: string,
  cluster: LocalCluster,
  directory: string,
): Promise<void> {
  if (name === 'kill-leader') await cluster.restart(leader);
  else if (name === 'pause-leader') cluster.signal(leader, 'SIGCONT');
  else await cut(cluster, directory, null);
}

/** One node on one side, all others on the other; null: nobody is cut off any more. */
async function cut(cluster: LocalCluster, directory: string, alone: string | null): Promise<void> {
  const ids = cluster.plans.map(({ id }) => id);
  await Promise.all(
    ids.map((id) => {
      const others = alone === null ? [] : id === alone ? ids.filter((other) => other !== id) : [alone];
      const peers = others.flatMap((other) => {
        const peer = parsePeerId(other);
        return peer.ok ? [peer.value] : [];
      });
      return askNode(join(directory, id, 'control.sock'), { act: 'cut', peers });
    }),
  );
}

interface Agreed {
  readonly leader: string;
  readonly watermark: number;
}

/** Waits until all nodes follow one leader, have committed equally much, and hold nothing back. */
async function agreed(nodes: ReadonlyMap<string, ApiClient>): Promise<Agreed> {
  const endMs = performance.now() + SETTLE_MS;
  let seen = '';
  while (performance.now() < endMs) {
    const views = await Promise.all([...nodes.values()].map((client) => client.view().catch(() => null)));
    const [first] = views;
    const isOne = views.every(
      (view) =>
        view?.quorum === true &&
        view.outbox === 0 &&
        view.leader === first?.leader &&
        view.watermark === first?.watermark,
    );
    if (isOne && first?.leader) return { leader: first.leader, watermark: first.watermark };
    seen = views.map((view) => (view ? `${view.leader ?? 'none'}:${view.watermark}` : '-')).join(' ');
    await pause(LOOK_MS);
  }
  throw new Failure(`the nodes did not agree within ${SETTLE_MS / 1_000} s (leader:watermark ${seen})`);
}

/** Looks for each answered reading in the history of each node, read from that node's own disk. */
async function account(
  nodes: ReadonlyMap<string, ApiClient>,
  written: readonly Written[],
  from: number,
  to: number,
): Promise<{
  readonly lost: number;
  readonly doubled: number;
  readonly digests: { [node: string]: string };
}> {
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
