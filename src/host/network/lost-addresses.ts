// Which of this machine's addresses are gone since the last look. A connection from such an address hangs: what is sent
// has no way back, and the system finds out after a quarter of an hour. SPEC rule NW11.

import { networkInterfaces } from 'node:os';

export class LostAddresses {
  readonly #here: () => readonly string[];
  #known: ReadonlySet<string>;

  /** `here`: this machine's addresses at present. */
  constructor(here: () => readonly string[] = addressesHere) {
    this.#here = here;
    this.#known = new Set(here());
  }

  /** Those that were there at the last look and are not any more. */
  look(): ReadonlySet<string> {
    const before = this.#known;
    const present = new Set(this.#here());
    this.#known = present;
    return new Set([...before].filter((address) => !present.has(address)));
  }
}

/** As sockets name them: without the zone of a link-local one, and without the prefix of an IPv4 one on an IPv6 socket. */
export function bareAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function addressesHere(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => bareAddress(address)),
  );
}
