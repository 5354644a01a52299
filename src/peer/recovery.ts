// What a peer makes of its disk at start. SPEC rules PR8, PR10.
//
// The surprise: a crash can come between a new identity and the snapshot under it. What lies there under the
// former name is written again, as if the crash had not been.

import type { Recovered, StreamName } from '../model/durable.ts';
import { sameIdentity } from '../model/ids.ts';
import type { Now } from '../model/time.ts';
import type { Replication } from '../protocol/replication/machine.ts';
import type { Writer } from './writer.ts';

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
    for (const stream of snapshot.streams) if (isFormer(stream)) writer.rewrite(stream.records);
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
      writer.rewrite(records);
    }
  }
}
