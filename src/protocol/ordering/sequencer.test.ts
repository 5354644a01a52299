import { expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import type { SequencerAnswer } from '../../wire/ordering-messages.ts';
import { firstBase } from './first-base.ts';
import { Leader } from './leader.ts';
import { LogReads } from './log-reads.ts';
import type { OrderingOptions } from './options.ts';
import { Replica } from './replica.ts';
import { Sequencer, type SequencerRequest } from './sequencer.ts';
import {
  ann,
  at,
  ballotOf,
  bob,
  data,
  GROUP,
  producerOf,
  RecordedOrderingOutbox,
  saved,
  siteOf,
  viewOf,
} from './testing.ts';

test('[OR17] a request that continues its producer gets its place', () => {
  const { ask, replica } = sequencerOf();

  ask(1, 3);
  ask(4, 2);

  expect(replica.producers.lastN(producerOf(bob))).toBe(5);
  expect(replica.log.end.nextSequence).toBe(6);
});

test('[OR17] a request that comes again changes nothing and is answered with how far it is', () => {
  const { ask, answers, replica } = sequencerOf();
  ask(1, 3);
  const last = replica.lastIndex;

  ask(1, 3);

  expect(replica.lastIndex).toBe(last);
  expect(answers).toEqual([
    { to: bob, answer: { kind: 'ordered', ordered: 3, committed: 0, credit: 1_024 } },
  ]);
});

test('[OR17] a request that begins elsewhere is answered with the n that is expected', () => {
  const { ask, answers } = sequencerOf();
  ask(1, 3);

  ask(3, 3);
  ask(9, 1);

  expect(answers.map(({ answer }) => answer)).toEqual([
    { kind: 'expect', n: 4, committed: 0 },
    { kind: 'expect', n: 4, committed: 0 },
  ]);
});

test('[OR19] who handed records in is told once that they are committed', () => {
  const { ask, answers, replica, leader, sequencer, out } = sequencerOf();
  ask(1, 3);
  ask(4, 1);

  saved(replica, out);
  leader.appended(at(1), out);
  sequencer.tell(at(1), out);
  sequencer.tell(at(2), out);

  expect(answers).toEqual([
    { to: bob, answer: { kind: 'ordered', ordered: 4, committed: 4, credit: 1_024 } },
  ]);
});

test('[OR19] above what may be uncommitted, and while the place is handed over, the answer is busy', () => {
  const { ask, answers, sequencer } = sequencerOf({ uncommittedBytesMax: 100 });
  ask(1, 1, 200);

  ask(2, 1, 200);
  sequencer.isOpen = false;
  ask(2, 1);

  expect(answers.map(({ answer }) => answer.kind)).toEqual(['busy', 'busy']);
});

test('[OR9] what comes of a retired producer is answered so', () => {
  const { ask, answers, sequencer, out } = sequencerOf();
  ask(1, 2);

  sequencer.request(
    bob,
    { producer: producerOf(bob), firstN: 2, lastN: 2, content: { kind: 'retire' } },
    at(1),
    out,
  );
  ask(3, 1);

  expect(answers.at(-1)?.answer).toEqual({ kind: 'retired', n: 2 });
});

test('[OR29] records that are lost take their n and no sequence', () => {
  const { replica, sequencer, out } = sequencerOf();
  const content = { kind: 'lost', reason: 'gone' } as const;

  sequencer.request(bob, { producer: producerOf(bob), firstN: 1, lastN: 7, content }, at(1), out);

  expect(replica.producers.lastN(producerOf(bob))).toBe(7);
  expect(replica.log.end.nextSequence).toBe(1);
});

function sequencerOf(options: Partial<OrderingOptions> = {}) {
  const out = new RecordedOrderingOutbox();
  const site = siteOf(ann, options);
  const answers: { to: PeerId; answer: SequencerAnswer }[] = [];
  let sequencer: Sequencer | null = null;
  const replica = new Replica(site, firstBase(GROUP, viewOf([ann])), null, 0, (entry) =>
    sequencer?.committed(entry),
  );
  const leader = new Leader(site, replica, new LogReads(), ballotOf(1, ann), 'election', at(0), out);
  const made = new Sequencer(site, replica, leader, (to, _producer, answer) => answers.push({ to, answer }));
  sequencer = made;
  const ask = (firstN: number, readings: number, bytes = 8): void => {
    made.request(bob, requestOf(firstN, readings, bytes), at(1), out);
  };
  return { sequencer: made, leader, replica, out, answers, ask };
}

function requestOf(firstN: number, readings: number, bytes: number): SequencerRequest {
  const body = data(producerOf(bob), firstN, readings, bytes);
  if (body.kind !== 'data') throw new Error('data is data');
  const { producer, lastN, payload } = body;
  return { producer, firstN, lastN, content: { kind: 'batch', readings, payload } };
}
