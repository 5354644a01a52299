import { expect, test } from 'vitest';
import type { SensorId } from '../model/ids.ts';
import type { Input } from '../peer/port.ts';
import { ANN, EMPTY_DISK, peerOptions, SoloHost } from '../peer/testing.ts';
import { hubContract } from './hub.contract.ts';
import { PeerHub } from './peer-hub.ts';

hubContract('hub of a peer', async (changesKept) => ({
  hub: hubOf(new SoloHost(peerOptions(ANN), EMPTY_DISK, true), changesKept),
  stop: async () => {},
}));

test('[HB5] when the hub is closed nobody goes on waiting, and what the disk answers later is nothing', async () => {
  const host = new SoloHost(peerOptions(ANN), EMPTY_DISK, false);
  const hub = hubOf(host, 16);
  const reading = { sensor: 'kitchen' as SensorId, value: 21 };
  const waiting = hub.submit([reading], 'stored');

  hub.close('the disk failed');
  const late = hub.submit([reading], 'stored');
  host.flush();

  await expect(waiting).rejects.toThrow('the disk failed');
  await expect(late).rejects.toThrow('the disk failed');
});

function hubOf(host: SoloHost, changesKept: number): PeerHub {
  const carrier = {
    self: ANN,
    peer: host.peer,
    now: () => host.now(),
    deliver: (input: Input) => host.deliver(input),
    counters: () => ({}),
  };
  const hub = new PeerHub(carrier, changesKept);
  host.onFact = (fact) => hub.hear(fact);
  return hub;
}
