import { expect, test } from 'vitest';
import { NO_BALLOT } from '../model/ballot.ts';
import type { Batch } from '../model/durable.ts';
import type { Identity } from '../model/ids.ts';
import { ANN, BOB, EMPTY_DISK, peerOptions, SoloHost } from './testing.ts';

test('[PR15] a peer that keeps the state plane alone lets what concerns the order pass', () => {
  const host = new RecordingHost();
  const before = { facts: host.facts.length, sent: host.sent.length };

  host.deliver({ type: 'hand-over' });
  host.deliver({ type: 'log-appended', upto: 4, version: 0 });
  host.deliver({
    type: 'received',
    from: BOB,
    channel: 'stream',
    message: {
      type: 'PROMISE',
      group: '0123456789abcdef',
      identity: EMPTY_DISK.hardState.identity,
      ballot: NO_BALLOT,
    },
  });

  expect({ facts: host.facts.length, sent: host.sent.length }).toEqual(before);
  expect(host.peer.history).toBeNull();
});

test('[PR16] what is written again under a new identity is a copy: its former name is ordered', () => {
  const host = new RecordingHost();
  host.submit('kitchen', 21);

  host.hears({ birth: 4, random: 'ffffffffffffffff' }, 7);

  expect(host.batches.map(({ copies }) => copies)).toEqual([undefined, true]);
  expect(host.batches[1]?.identity.birth).toBe(5);
});

test('[PR16] what stands under numbers that another life of the identity used is written again as readings', () => {
  const host = new RecordingHost();
  host.submit('kitchen', 21);

  host.hears(EMPTY_DISK.hardState.identity, 9);

  expect(host.batches.map(({ copies }) => copies)).toEqual([undefined, undefined]);
  expect(host.batches[1]?.identity.birth).toBe(2);
});

/** Runs, and remembers what it was asked to append. */
class RecordingHost extends SoloHost {
  readonly batches: Batch[] = [];

  constructor() {
    super(peerOptions(ANN), EMPTY_DISK, true);
  }

  override append(batch: Batch): void {
    this.batches.push(batch);
    super.append(batch);
  }

  /** Somebody tells of a stream of this peer that reaches up to `upto`. */
  hears(identity: Identity, upto: number): void {
    const delta = { origin: ANN, identity, after: 0, upto, droppedUpto: 0, records: [] };
    this.deliver({
      type: 'received',
      from: BOB,
      channel: 'stream',
      message: { type: 'SENSOR_UPDATE', source: 'push', deltas: [delta], more: false },
    });
  }
}
