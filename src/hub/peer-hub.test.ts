import { ANN, EMPTY_DISK, peerOptions, SoloHost } from '../peer/testing.ts';
import { hubContract } from './hub.contract.ts';
import { PeerHub } from './peer-hub.ts';

hubContract('hub of a peer', async (changesKept) => {
  const host = new SoloHost(peerOptions(ANN), EMPTY_DISK, true);
  const hub = new PeerHub(
    {
      self: ANN,
      peer: host.peer,
      now: () => host.now(),
      deliver: (input) => host.deliver(input),
      counters: () => ({}),
    },
    changesKept,
  );
  host.onFact = (fact) => hub.hear(fact);
  return { hub, stop: async () => {} };
});
