import { expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { messageOf } from './retained.ts';
import { type Delivery, type Line, Session, type SessionCounts } from './session.ts';

test('[MQ7] what waits for a client is bounded: the oldest goes and is counted', () => {
  const { session, counts } = away();

  for (let at = 0; at < LIMITS.mqttQueuedMessagesMax + 5; at++) session.deliver(delivery(`t/${at}`), 0);
  const line = new Sent(10);
  session.resume(line, 0);

  expect(counts.dropped).toBe(5);
  expect(line.topics[0]).toBe('t/5');
});

test('[MQ7] no more is under way than the client takes, and the next one goes when one is acknowledged', () => {
  const { session } = away();
  const line = new Sent(2);
  session.resume(line, 0);

  for (const topic of ['a', 'b', 'c']) session.deliver(delivery(topic), 0);
  const before = [...line.topics];
  session.acknowledged(line.ids[0] ?? 0, 0);

  expect(before).toEqual(['a', 'b']);
  expect(line.topics).toEqual(['a', 'b', 'c']);
});

test('[MQ7] what was not acknowledged is sent again under its id', () => {
  const { session } = away();
  const first = new Sent(10);
  session.resume(first, 0);
  session.deliver(delivery('a'), 0);
  session.deliver(delivery('b'), 0);
  session.acknowledged(first.ids[0] ?? 0, 0);
  session.leave(0);

  const second = new Sent(10);
  session.resume(second, 0);

  expect(second.topics).toEqual(['b']);
  expect(second.ids).toEqual([first.ids[1]]);
  expect(second.dups).toEqual([true]);
});

test('[MQ7] what waits for all clients together is reckoned up and given back', () => {
  const { session, counts } = away();
  session.deliver(delivery('a'), 0);
  const waiting = counts.queuedBytes;

  session.end();

  expect(waiting).toBeGreaterThan(0);
  expect(counts.queuedBytes).toBe(0);
});

function away() {
  const counts: SessionCounts = { sent: 0, dropped: 0, queuedBytes: 0 };
  const session = new Session('panel', false, counts);
  session.expiryMs = 60_000;
  return { session, counts };
}

function delivery(topic: string): Delivery {
  return { message: messageOf(topic, Buffer.from('x'), 0), qos: 1, retain: false, subscriptionIds: [] };
}

/** A line that takes all and writes it down. */
class Sent implements Line {
  readonly modern = true;
  readonly congested = false;
  readonly inflightMax: number;
  readonly topics: string[] = [];
  readonly ids: number[] = [];
  readonly dups: boolean[] = [];

  constructor(inflightMax: number) {
    this.inflightMax = inflightMax;
  }

  publish({ topic, packetId, dup }: Parameters<Line['publish']>[0]): boolean {
    this.topics.push(topic);
    this.ids.push(packetId);
    this.dups.push(dup);
    return true;
  }

  takenOver(): void {}
}
