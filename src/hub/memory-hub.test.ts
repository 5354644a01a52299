import type { PeerId } from '../model/ids.ts';
import { hubContract } from './hub.contract.ts';
import { MemoryHub } from './memory-hub.ts';

hubContract('memory hub', async (changesKept) => {
  let wallMs = 1_700_000_000_000;
  const hub = new MemoryHub({ self: 'ann' as PeerId, wallMs: () => wallMs++, changesKept });
  return { hub, history: hub.history, stop: async () => {} };
});
