// The directory of a node that does not run, opened to see what is left of its group, and to begin it anew. SPEC rules
// CL20, OR50.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirectory, laterIdentity } from '../../host/storage/data-directory.ts';
import { NodeStore, type OpenedNodeStore } from '../../host/storage/node-store.ts';
import { NO_BALLOT } from '../../model/ballot.ts';
import type { OrderState } from '../../model/entry.ts';
import type { GroupId, GroupMember } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { firstBase } from '../../protocol/ordering/first-base.ts';
import { type Remains, regroup, remainsOf, type Survivor } from '../../protocol/ordering/recover-group.ts';
import { membersOf } from '../../protocol/ordering/views.ts';
import { relabelBases, removeBases } from '../../storage/history/relabel.ts';
import { problemText, run, type Task } from '../../storage/task.ts';
import { EXIT, Failure } from '../failure.ts';

const STORE = 'store';

/** A node without an order: nothing is held back, nothing is dropped. */
const BOUNDS = { outboxBytesMax: Number.MAX_SAFE_INTEGER, outboxPolicy: 'block' } as const;

export interface StoppedNode {
  readonly peer: PeerId;
  readonly survivor: Survivor;
  readonly remains: Remains;
}

/** Looks, and repairs what every start repairs. Refuses the directory of a node that runs. */
export async function lookAt(dataDir: string, peer: PeerId): Promise<StoppedNode> {
  const directory = await opened(dataDir, peer);
  try {
    const found = await storeOf(directory);
    await found.store.close();
    const survivor = survivorOf(peer, found);
    const remains = survivor && remainsOf(survivor);
    if (survivor === null || remains === null) {
      throw new Failure(`${peer} was never in a group: there is nothing to begin anew, start it`, EXIT.usage);
    }
    return { peer, survivor, remains };
  } finally {
    await directory.release();
  }
}

/** The log of this node goes on as that of another group, with this node as its voter. */
export async function beginAnew(dataDir: string, { peer, remains }: StoppedNode, group: GroupId) {
  const directory = await opened(dataDir, peer);
  try {
    const bases = await working(relabelBases(directory.disk, group));
    const found = await storeOf(directory);
    const survivor = survivorOf(peer, found);
    if (survivor === null) throw new Failure(`${peer} has lost its log`);
    const { store, recovered } = found;
    const { state, entries } = regroup(survivor, group);
    // A directory whose last readings are lost goes on under another identity, which is the one that votes.
    await answered((done) => store.saveHardState(recovered.hardState, done));
    if (bases === 0) await answered((done) => store.saveBase(firstBase(group, remains.view), done));
    if (survivor.log.damaged.length > 0) await answered((done) => store.cutLog(remains.lastIndex, done));
    await answered((done) => store.saveOrderState(state, done));
    await answered((done) => store.appendLog(entries, state.floor, done));
    await store.close();
  } finally {
    await directory.release();
  }
}

/**
 * The node gives up its place in a group that goes on, or was begun anew, without it. What it has not brought into
 * the order stays in its outbox; it joins the group it meets as another disk, and has the log from that.
 */
export async function forgetGroup(dataDir: string, { peer, remains }: StoppedNode): Promise<void> {
  const directory = await opened(dataDir, peer);
  try {
    const { store, recovered } = await storeOf(directory);
    const { hardState } = recovered;
    const identity = laterIdentity(hardState.identity);
    await answered((done) => store.saveHardState({ ...hardState, identity }, done));
    await answered((done) => store.saveOrderState(NO_GROUP, done));
    await answered((done) => store.saveBase(firstBase(NOWHERE, remains.view), done));
    await store.close();
    await working(removeBases(directory.disk));
  } finally {
    await directory.release();
  }
}

async function opened(dataDir: string, peer: PeerId): Promise<DataDirectory> {
  if (!existsSync(join(dataDir, peer, STORE))) {
    throw new Failure(`${join(dataDir, peer)} is no node's directory`, EXIT.usage);
  }
  return failing(DataDirectory.open({ dataDir, node: peer, clear: false }));
}

function storeOf(directory: DataDirectory): Promise<OpenedNodeStore> {
  return failing(NodeStore.openOrdered(directory, BOUNDS, { failed: () => {}, happened: () => {} }));
}

function survivorOf(peer: PeerId, { recovered, order }: OpenedNodeStore): Survivor | null {
  const state = recovered.hardState.order;
  if (state === undefined || order === null) return null;
  const { identity } = recovered.hardState;
  const former = membersOf(remainsOf({ state, log: order.log })?.view ?? NOBODY).find(
    (one) => one.peer === peer,
  );
  const member: GroupMember = {
    peer,
    identity,
    priority: former?.priority ?? 0,
    address: former?.address ?? { host: '', port: 0 },
  };
  return { member, state, log: order.log };
}

/** A group that is no node's: its log begins and ends with nothing. */
const NOWHERE = '0000000000000000';
const NO_GROUP: OrderState = { group: null, promised: NO_BALLOT, damaged: false, floor: 0, founding: null };
const NOBODY = { voters: [], learners: [], joint: null, tieBreak: false };

function working<T>(task: Task<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    run(task, resolve, (problem) => reject(new Failure(problemText(problem))));
  });
}

function answered(ask: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => ask(resolve));
}

async function failing<T>(opening: Promise<T>): Promise<T> {
  return opening.catch((cause: unknown) => {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.usage, { cause });
  });
}
