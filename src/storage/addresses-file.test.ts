import { expect, test } from 'vitest';
import type { KnownAddress } from '../model/durable.ts';
import { ADDRESSES_NAME, AddressesFile, openAddresses } from './addresses-file.ts';
import { MemoryDisk } from './memory-disk.ts';
import { ann, bob } from './testing.ts';

const BOOK: readonly KnownAddress[] = [
  { peer: ann, address: { host: 'ann.site', port: 9000 }, seenMs: 1_700_000_000_000 },
  { peer: bob, address: { host: '::1', port: 9001 }, seenMs: 0 },
];

test('[ST60] the address book is found again as it was written down last', async () => {
  const disk = memoryDisk();
  const file = new AddressesFile(disk);
  expect(await found(disk)).toEqual([]);

  for (let times = 0; times < 5; times++) file.save(BOOK.slice(1));
  file.save(BOOK);
  await new Promise<void>((closed) => file.close(closed));

  expect(await found(disk)).toEqual(BOOK);
});

test('[ST60] an address book that cannot be read is an empty one', async () => {
  const disk = memoryDisk();
  const file = new AddressesFile(disk);
  file.save(BOOK);
  await new Promise<void>((closed) => file.close(closed));

  await new Promise<void>((written) => {
    disk.open(ADDRESSES_NAME, (opened) => {
      if (opened.ok) opened.value.write(20, new Uint8Array([1, 2, 3]), () => written());
    });
  });

  expect(await found(disk)).toEqual([]);
});

function memoryDisk(): MemoryDisk {
  return new MemoryDisk({ later: queueMicrotask, fault: () => null });
}

function found(disk: MemoryDisk): Promise<readonly KnownAddress[]> {
  return new Promise((done) => openAddresses(disk, done));
}
