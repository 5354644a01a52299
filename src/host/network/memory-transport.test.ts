import { MemorySwitch, MemoryTransport } from './memory-transport.ts';
import { transportContract } from './transport.contract.ts';

const EVERYBODY = new MemorySwitch();
const IDENTITY = { identity: { birth: 1, random: '0123456789abcdef' }, incarnation: 1, apiPort: 0, zone: '' };

transportContract(async (options, events) =>
  MemoryTransport.start(EVERYBODY, { ...IDENTITY, ...options }, events),
);
