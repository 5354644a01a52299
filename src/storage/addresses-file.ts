// The address book in a file of its own, apart from everything that is promised: what cannot be read or written
// costs time to find lost peers again, and nothing else. SPEC rule ST60.

import type { KnownAddress } from '../model/durable.ts';
import { decodeAddresses, encodeAddresses } from '../wire/durable.ts';
import type { Disk } from './disk.ts';
import { readFramed, writeFramed } from './framed-file.ts';
import { run, type Task } from './task.ts';

export const ADDRESSES_NAME = 'addresses';
const FILE = { name: ADDRESSES_NAME, newName: 'addresses.new', magic: 0x5244_4441 };

/** What was written down last, nothing where that cannot be read. */
export function openAddresses(disk: Disk, done: (addresses: readonly KnownAddress[]) => void): void {
  run(readAddresses(disk), done, () => done([]));
}

function* readAddresses(disk: Disk): Task<readonly KnownAddress[]> {
  const chunks = yield* readFramed(disk, FILE.name, FILE.magic);
  const [bytes] = chunks.ok ? chunks.value : [];
  const addresses = bytes && decodeAddresses(bytes);
  return addresses?.ok ? addresses.value : [];
}

/** Writes one at a time; of those asked for meanwhile only the last. */
export class AddressesFile {
  readonly #disk: Disk;
  #isWriting = false;
  #next: readonly KnownAddress[] | null = null;
  #rest: (() => void) | null = null;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  save(addresses: readonly KnownAddress[]): void {
    this.#next = addresses;
    this.#write();
  }

  /** Once nothing is under way any more. */
  close(done: () => void): void {
    this.#rest = done;
    this.#write();
  }

  #write(): void {
    if (this.#isWriting) return;
    const addresses = this.#next;
    this.#next = null;
    if (addresses === null) {
      this.#rest?.();
      this.#rest = null;
      return;
    }
    this.#isWriting = true;
    const ended = (): void => {
      this.#isWriting = false;
      this.#write();
    };
    run(writeFramed(this.#disk, FILE, [encodeAddresses(addresses)]), ended, ended);
  }
}
