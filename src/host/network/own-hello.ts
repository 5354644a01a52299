// What this process says of itself in HELLO.

import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { type Hello, PROTOCOL, PROTOCOL_MIN } from '../../wire/messages.ts';
import type { Introduction } from './transport.ts';

export interface HelloOptions extends Introduction {
  readonly site: string;
  readonly peer: PeerId;
  readonly apiPort: number;
  readonly zone: string;
  /** Drawn at the start of the process, 16 hex digits. */
  readonly instance: string;
}

export class OwnHello {
  readonly #options: HelloOptions;
  readonly #address: Address;
  readonly #startedAtMs = performance.now();
  #introduction: Introduction;

  constructor(options: HelloOptions, address: Address) {
    this.#options = options;
    this.#address = address;
    this.#introduction = options;
  }

  introduce(self: Introduction): void {
    this.#introduction = self;
  }

  get current(): Hello {
    const { site, peer, apiPort, zone, instance } = this.#options;
    return {
      type: 'HELLO',
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL,
      site,
      peer,
      identity: this.#introduction.identity,
      incarnation: this.#introduction.incarnation,
      address: this.#address,
      apiPort,
      zone,
      instance,
      uptimeMs: Math.floor(performance.now() - this.#startedAtMs),
    };
  }
}
