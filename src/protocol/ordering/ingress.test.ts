import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import type { SequencerAnswer } from '../../wire/ordering-messages.ts';
import { Ingress } from './ingress.ts';
import type { OrderingOptions } from './options.ts';
import type { OutboxBatch } from './port.ts';
import type { SequencerRequest } from './sequencer.ts';
import {
  ann,
  at,
  batchOf,
  bob,
  cat,
  identityOf,
  producerOf,
  RecordedOrderingOutbox,
  siteOf,
} from './testing.ts';

test('[OR26] own batches go to the leader in order, as many as the window allows', () => {
  const { ingress, out, sent, answer, disk } = ingressOf({ windowBatches: 3 });
  ingress.route(bob, at(0), out);
  disk();
  for (let n = 1; n <= 6; n++) ingress.stored(batchOf(ann, n), at(1), out);

  answer({ kind: 'ordered', ordered: 1, committed: 1, credit: 64 });

  expect(sent.map(({ request }) => request.firstN)).toEqual([1, 2, 3, 4]);
  expect(out.orderedUpto).toEqual([1]);
  expect(out.factsOf('own-committed')).toEqual([
    { type: 'own-committed', identity: identityOf(ann), upto: 1 },
  ]);
});

test('[OR26] what a step has committed of the own records is told once', () => {
  const { ingress, out, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk();
  for (let n = 1; n <= 4; n++) ingress.stored(batchOf(ann, n), at(1), out);

  for (let n = 1; n <= 3; n++) ingress.committed(identityOf(ann), n, at(2));
  ingress.settle(at(2), out);
  ingress.settle(at(3), out);

  expect(out.orderedUpto).toEqual([3]);
  expect(out.factsOf('own-committed').map(({ upto }) => upto)).toEqual([3]);
});

test('[OR26] what was written while nobody led is read back from the outbox', () => {
  const { ingress, out, sent, disk } = ingressOf({ windowBytes: 20 });
  for (let n = 1; n <= 9; n++) ingress.stored(batchOf(ann, n), at(1), out);

  ingress.route(bob, at(2), out);
  disk(batchOf(ann, 1), batchOf(ann, 2));

  expect(out.outboxReads).toMatchObject([{ fromN: 1, bytesMax: 20 }]);
  expect(sent.map(({ request }) => request.firstN)).toEqual([1]);
});

test('[OR26] an outbox that does not give what it has stored is asked again after a while, and not at once', () => {
  const { ingress, out, sent, disk } = ingressOf({ retryMs: 100 });
  ingress.stored(batchOf(ann, 1), at(0), out);
  ingress.route(bob, at(0), out);

  disk();
  const asked = out.outboxReads.length;
  const wakeAt = ingress.wakeAt;
  ingress.wake(at(wakeAt), out);
  disk(batchOf(ann, 1));

  expect([asked, wakeAt, out.outboxReads.length]).toEqual([1, 101, 2]);
  expect(sent.map(({ request }) => request.firstN)).toEqual([1]);
});

test('[OR26] what is stored while the outbox is being read is asked for at once', () => {
  const { ingress, out, sent, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  ingress.stored(batchOf(ann, 1), at(0), out);

  disk();
  disk(batchOf(ann, 1));

  expect(sent.map(({ request }) => request.firstN)).toEqual([1]);
});

test('[OR27] after a change of leader one batch asks how far it is, and the rest follows', () => {
  const { ingress, out, sent, answer, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk();
  for (let n = 1; n <= 4; n++) ingress.stored(batchOf(ann, n), at(1), out);
  answer({ kind: 'ordered', ordered: 1, committed: 0, credit: 64 });
  sent.length = 0;

  ingress.route(cat, at(5), out);
  const first = sent.map(({ to, request }) => [to, request.firstN]);
  answer({ kind: 'ordered', ordered: 3, committed: 0, credit: 64 });

  expect(first).toEqual([[cat, 1]]);
  expect(sent.map(({ request }) => request.firstN)).toEqual([1, 4]);
});

test('[OR27] old answers do not have a window sent again: what follows goes once the leader has what it waits for', () => {
  const { ingress, out, sent, answer, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk();
  for (let n = 1; n <= 6; n++) ingress.stored(batchOf(ann, n), at(1), out);
  answer({ kind: 'ordered', ordered: 1, committed: 0, credit: 64 });
  sent.length = 0;

  for (let turn = 0; turn < 3; turn++) {
    answer({ kind: 'expect', n: 3, committed: 0 });
    answer({ kind: 'expect', n: 2, committed: 0 });
    answer({ kind: 'ordered', ordered: 2, committed: 0, credit: 64 });
  }
  const asked = sent.map(({ request }) => request.firstN);
  answer({ kind: 'ordered', ordered: 3, committed: 0, credit: 64 });

  expect(asked).toEqual([3]);
  expect(sent.map(({ request }) => request.firstN)).toEqual([3, 4, 5, 6]);
});

test('[OR27] what is not answered in time is sent again', () => {
  const { ingress, out, sent, disk } = ingressOf({ retryMs: 100 });
  ingress.route(bob, at(0), out);
  disk();
  ingress.stored(batchOf(ann, 1), at(1), out);

  ingress.wake(at(ingress.wakeAt), out);

  expect(sent.map(({ request }) => request.firstN)).toEqual([1, 1]);
});

test('[OR27] a busy leader is asked again after the time it names', () => {
  const { ingress, out, sent, answer, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk();
  ingress.stored(batchOf(ann, 1), at(1), out);

  answer({ kind: 'busy', retryMs: 70 });
  const whilePaused = sent.length;
  const wakeAt = ingress.wakeAt;
  ingress.wake(at(wakeAt), out);

  expect([whilePaused, wakeAt, sent.length]).toEqual([1, 72, 2]);
});

test('[OR26] a batch that the log shows committed makes room, without an answer', () => {
  const { ingress, out, sent, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk();
  for (let n = 1; n <= 2; n++) ingress.stored(batchOf(ann, n), at(1), out);

  ingress.committed(identityOf(ann), 1, at(2));
  ingress.settle(at(2), out);

  expect(sent.map(({ request }) => request.firstN)).toEqual([1, 2]);
});

test('[OR29] records are lost only if the leader waits for them and the outbox begins later', () => {
  const { ingress, out, sent, answer, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk(batchOf(ann, 5));
  disk();
  const whileUnknown = out.factsOf('records-lost').length;

  answer({ kind: 'expect', n: 2, committed: 1 });
  disk(batchOf(ann, 5));
  answer({ kind: 'ordered', ordered: 4, committed: 4, credit: 64 });

  expect(whileUnknown).toBe(0);
  expect(out.factsOf('records-lost')).toMatchObject([{ firstN: 2, lastN: 4 }]);
  expect(sent.map(({ request }) => [request.firstN, request.lastN, request.content.kind])).toEqual([
    [5, 5, 'batch'],
    [2, 4, 'lost'],
    [5, 5, 'batch'],
  ]);
});

test('[OR28] [OR30] what an earlier identity left goes first, and then it is retired', () => {
  const { ingress, out, sent, disk } = ingressOf();
  ingress.continueAs(identityOf(ann, 2), 0);
  ingress.route(bob, at(0), out);
  disk(batchOf(ann, 1));
  ingress.answered(producerOf(ann), { kind: 'ordered', ordered: 1, committed: 1, credit: 64 }, at(1), out);
  disk();
  disk(batchOf(ann, 1, 1, 8, 2));

  expect(sent.map(({ request }) => [request.producer.identity.birth, request.content.kind])).toEqual([
    [1, 'batch'],
    [1, 'retire'],
    [2, 'batch'],
  ]);
});

test('[OR27] [OR30] where an earlier identity was retired by others, the own records go on at once', () => {
  const { ingress, out, sent, disk } = ingressOf();
  ingress.continueAs(identityOf(ann, 2), 0);
  ingress.route(bob, at(0), out);
  disk(batchOf(ann, 1, 3));

  ingress.answered(producerOf(ann), { kind: 'retired', n: 9 }, at(1), out);
  disk();
  disk(batchOf(ann, 1, 1, 8, 2));

  expect(sent.map(({ request }) => [request.producer.identity.birth, request.content.kind])).toEqual([
    [1, 'batch'],
    [2, 'batch'],
  ]);
});

test('[OR27] a question whose records were given another name is asked again after a while', () => {
  const { ingress, out, sent, disk } = ingressOf({ retryMs: 100 });
  ingress.route(bob, at(0), out);
  disk(batchOf(ann, 1, 3));
  ingress.endAt(identityOf(ann), 0);
  ingress.continueAs(identityOf(ann, 2), 0);

  const { wakeAt } = ingress;
  ingress.wake(at(wakeAt), out);
  disk();
  disk(batchOf(ann, 1, 1, 8, 2));

  expect(wakeAt).toBe(at(101).steadyMs);
  expect(sent.at(-1)?.request.producer.identity.birth).toBe(2);
});

test('[OR46] what waits in the outbox is counted in records', () => {
  const { ingress, out, answer, disk } = ingressOf();
  ingress.route(bob, at(0), out);
  disk();
  ingress.stored(batchOf(ann, 1, 5), at(1), out);
  ingress.stored(batchOf(ann, 6, 5), at(1), out);

  answer({ kind: 'ordered', ordered: 5, committed: 5, credit: 64 });

  expect(ingress.pending).toBe(5);
});

function ingressOf(options: Partial<OrderingOptions> = {}) {
  const out = new RecordedOrderingOutbox();
  const sent: { to: PeerId; request: SequencerRequest }[] = [];
  const ingress = new Ingress(siteOf(ann, options), (to, request) => void sent.push({ to, request }));
  ingress.continueAs(identityOf(ann), 0);
  const answer = (given: SequencerAnswer): void => ingress.answered(producerOf(ann), given, at(2), out);
  /** The outbox answers the read under way with these. */
  const disk = (...batches: readonly OutboxBatch[]): void => {
    const read = out.outboxReads.at(-1);
    if (read === undefined) throw new Error('the outbox is being read');
    ingress.read(read.id, batches, at(1), out);
  };
  return { ingress, out, sent, answer, disk };
}
