import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import type { Batch } from '../model/durable.ts';
import type { Entry } from '../model/entry.ts';
import type { SensorId } from '../model/ids.ts';
import type { Input } from '../peer/port.ts';
import { ANN, EMPTY_DISK, peerOptions, SoloHost } from '../peer/testing.ts';
import { hubContract } from './hub.contract.ts';
import { DiskFull, NotCommitted } from './hub.ts';
import { readingsOf } from './log-page.ts';
import { MemoryHistory } from './memory-history.ts';
import { type Carrier, PeerHub } from './peer-hub.ts';

hubContract('hub of a peer', async (changesKept) => {
  const { hub, history } = hubOf(new OrderedHost(true), changesKept);
  return { hub, history, stop: async () => {} };
});

test('[HB5] when the hub is closed nobody goes on waiting, and what the disk answers later is nothing', async () => {
  const host = new OrderedHost(false);
  const { hub } = hubOf(host, 16);
  const reading = { sensor: KITCHEN, value: 21 };
  const waiting = hub.submit([reading], 'stored');

  hub.close('the disk failed');
  const late = hub.submit([reading], 'stored');
  host.flush();

  await expect(waiting).rejects.toThrow('the disk failed');
  await expect(late).rejects.toThrow('the disk failed');
});

test('[HO3] while the disk is full what comes is refused, and what was under way is answered when there is room', async () => {
  const host = new OrderedHost(false);
  const { hub } = hubOf(host, 16);
  host.flush();
  const reading = { sensor: KITCHEN, value: 21 };
  const underWay = hub.submit([reading], 'stored');

  hub.diskFull(true);
  const refused = hub.submit([reading], 'stored');
  await expect(refused).rejects.toBeInstanceOf(DiskFull);
  hub.diskFull(false);
  host.flush();

  expect(await underWay).toMatchObject({ firstN: 1 });
});

test('[HB9] who waits for a commit that does not come is told in time that the readings are stored', async () => {
  const host = new OrderedHost(true);
  const { hub, history, alarms } = hubOf(host, 16);
  history.hold = true;
  const waiting = hub.submit([{ sensor: KITCHEN, value: 21 }], 'committed').catch((why: unknown) => why);
  await Promise.resolve();
  host.runUntil(5_000);
  const rung = alarms.splice(0).map((alarm) => alarm());

  const why = await waiting;

  expect(rung).toHaveLength(1);
  expect(why).toBeInstanceOf(NotCommitted);
  expect((why as NotCommitted).stored).toEqual({ firstN: 1 });
});

test('[HB10] a place that no follower has told yet is unknown, and the reading committed all the same', async () => {
  const { hub } = hubOf(new OrderedHost(true), 16, () => {});
  await hub.submit([{ sensor: KITCHEN, value: 21 }], 'committed');
  const latest = must(hub.latestOf(KITCHEN), 'it is shown');

  const before = hub.commitOf(latest);
  hub.placed((await hub.log(1, 10)).readings);
  const after = hub.commitOf(latest);
  hub.forgetPlaces();

  expect(before).toMatchObject({ commit: 'committed', sequence: null });
  expect(after).toMatchObject({ commit: 'committed', sequence: 1 });
  expect(hub.commitOf(latest).sequence).toBeNull();
});

const KITCHEN = 'kitchen' as SensorId;

/** Keeps the batches that its peer has stored, for the order. */
class OrderedHost extends SoloHost {
  readonly batches: Batch[] = [];

  constructor(promptDisk: boolean) {
    super(peerOptions(ANN), EMPTY_DISK, promptDisk);
  }

  override append(batch: Batch): void {
    this.batches.push(batch);
    super.append(batch);
  }
}

function hubOf(host: OrderedHost, changesKept: number, follow = learnPlaces) {
  const history = new MemoryHistory(ANN);
  const alarms: (() => void)[] = [];
  const carrier: Carrier = {
    self: ANN,
    peer: host.peer,
    now: () => host.now(),
    deliver: (input: Input) => host.deliver(input),
    counters: () => ({}),
    history,
    later: (_ms, act) => {
      alarms.push(act);
      return () => void alarms.splice(alarms.indexOf(act), 1);
    },
  };
  const hub = new PeerHub(carrier, { changesKept, commitTimeoutMs: 5_000 });
  history.onCommitted = (entry) => {
    follow(hub, entry);
    const { group, watermark: sequence } = history.extent();
    if (group !== null) hub.hear({ type: 'committed', group, index: entry.index, sequence });
    if (entry.body.kind !== 'data') return;
    hub.hear({ type: 'own-committed', identity: entry.body.producer.identity, upto: entry.body.lastN });
  };
  history.onCommandDone = (ticket, outcome) => hub.hear({ type: 'command-done', ticket, outcome });
  host.onFact = (fact) => {
    hub.hear(fact);
    if (fact.type === 'stored') history.store(ANN, must(host.batches.shift(), 'what is stored was appended'));
  };
  return { hub, history, alarms };
}

function learnPlaces(hub: PeerHub, entry: Entry): void {
  hub.placed(readingsOf(entry));
}
