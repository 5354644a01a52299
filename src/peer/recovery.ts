// What a peer makes of its disk at start. SPEC rules PR8, PR10.
//
// The surprise: a crash can come between a new identity and the snapshot under it. What lies there under the
// former name is written again, as if the crash had not been.

import { assert } from '../kit/assert.ts';
import type { Random } from '../kit/random.ts';
import { NO_BALLOT } from '../model/ballot.ts';
import type { Recovered, StreamName } from '../model/durable.ts';
import type { OrderState } from '../model/entry.ts';
import { sameIdentity } from '../model/ids.ts';
import { NEVER, type Now } from '../model/time.ts';
import type { Replication } from '../protocol/replication/machine.ts';
import { History } from './history.ts';
import type { PeerOptions } from './options.ts';
import type { Writer } from './writer.ts';

/** Of a disk that never had to do with the order. */
const NO_WORDS: OrderState = { group: null, promised: NO_BALLOT, damaged: false, floor: 0, founding: null };

export function recover(
  { snapshot, batches }: Recovered,
  own: StreamName,
  replication: Replication,
  writer: Writer,
  now: Now,
): void {
  if (snapshot) {
    const isOwn = sameIdentity(snapshot.identity, own.identity);
    const isFormer = ({ origin, identity }: StreamName) =>
      !isOwn && origin === own.origin && sameIdentity(identity, snapshot.identity);
    for (const stream of snapshot.streams) if (isFormer(stream)) writer.rewrite(stream.records, NEVER);
    replication.restore(
      snapshot.streams.filter((stream) => !isFormer(stream)),
      now,
    );
    const records = isOwn ? replication.ownLatest() : [];
    writer.resume(records, isOwn ? snapshot.ownN : 0, snapshot.receipts, now.wallMs);
  }
  for (const { identity, records, receipt } of batches) {
    const receipts = receipt ? [receipt] : [];
    if (sameIdentity(identity, own.identity)) {
      replication.restoreOwn(records, now);
      writer.resume(records, 0, receipts, now.wallMs);
    } else {
      writer.resume([], 0, receipts, now.wallMs);
      writer.rewrite(records, NEVER);
    }
  }
}

/** The history plane as the disk left it; null for a peer that takes no part in the order. */
export function historyOf(
  { peer, address, history }: PeerOptions,
  { hardState, order }: Recovered,
  random: Random,
  now: Now,
): History | null {
  if (history === null) return null;
  assert(order !== undefined, 'who takes part in the order has a log');
  const state = hardState.order ?? NO_WORDS;
  const { identity } = hardState;
  const { log, outbox } = order;
  return new History({ ...history, peer, address, identity }, { state, log, outbox }, random.fork(), now);
}
