// The producer of a simulated machine of the order, as the peer above the history plane has it: it gives its batches
// their numbers and takes them to the disk. While it takes another identity nothing is numbered, and the new one waits
// for what the disk still has of the former. SPEC rules SM42, PR16.

import type { Identity } from '../../model/ids.ts';
import type { OutboxBatch } from '../../protocol/ordering/port.ts';
import type { SimulatedDisk } from './disk-port.ts';
import { payloadOf } from './image.ts';

export interface ProducerHost {
  readonly disk: SimulatedDisk;
  /** Acts later, unless the process has ended by then. */
  inThisLife<T>(act: (answer: T) => void): (answer: T) => void;
  stored(batch: OutboxBatch): void;
  identityTaken(identity: Identity): void;
}

export class Producer {
  readonly #host: ProducerHost;
  #identity: Identity;
  #lastN = 0;
  #atDisk = 0;
  /** What it will be called; `isSaved` once the disk has it. */
  #next: { readonly identity: Identity; isSaved: boolean } | null = null;

  constructor(identity: Identity, host: ProducerHost) {
    this.#identity = identity;
    this.#host = host;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The highest number that it gave. */
  get lastN(): number {
    return this.#lastN;
  }

  /** A process starts with what its disk has. */
  start(identity: Identity, lastN: number): void {
    this.#identity = identity;
    this.#lastN = lastN;
    this.#atDisk = 0;
    this.#next = null;
  }

  /** A batch that is `stored` once the disk has answered. False where none is taken. */
  submit(records: number): boolean {
    if (this.#next !== null || this.#host.disk.isFull) return false;
    const firstN = this.#lastN + 1;
    this.#lastN += records;
    const lastN = this.#lastN;
    const payload = payloadOf(firstN, lastN);
    const batch: OutboxBatch = { identity: this.#identity, firstN, lastN, readings: records, payload };
    this.#atDisk++;
    const answered = this.#host.inThisLife((stored: OutboxBatch | null) => {
      this.#atDisk--;
      this.#host.stored(stored ?? batch);
      this.#goOn();
    });
    this.#host.disk.write({ type: 'batch', batch }, (stored) => answered(stored ?? null));
    return true;
  }

  /** The host has found that the identity is another's. */
  takeIdentity(identity: Identity): void {
    if (this.#next !== null) return;
    const next = { identity, isSaved: false };
    this.#next = next;
    const saved = this.#host.inThisLife(() => {
      next.isSaved = true;
      this.#goOn();
    });
    this.#host.disk.become(identity, () => saved(null));
  }

  #goOn(): void {
    if (!this.#next?.isSaved || this.#atDisk > 0) return;
    this.#identity = this.#next.identity;
    this.#lastN = 0;
    this.#next = null;
    this.#host.identityTaken(this.#identity);
  }
}
