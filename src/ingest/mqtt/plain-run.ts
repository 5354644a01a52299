// Plain publishes of one client that came one after another: they are stored together, and all that is kept of each until
// then is its reading and how it was written. Messages are made of them where somebody wants them. SPEC rules MQ4, MQ5.

import type { Reading } from '../../model/reading.ts';
import { decimalText } from './decimal.ts';
import type { Source } from './intake.ts';
import type { Message } from './message.ts';
import { NO_PROPERTIES } from './packet.ts';
import type { Item, Settled } from './submissions.ts';

/** The client that publishes. */
export interface PlainSource extends Source {
  readonly clientId: string;
  /** When it was heard last, which is when this came in. */
  readonly lastHeardMs: number;
  /** Those at QoS 1 are answered with the code; null: no answer may be given. */
  answered(packetIds: readonly number[], code: number | null): void;
}

export class PlainRun implements Item {
  readonly source: PlainSource;
  /** All of a run have the same. */
  readonly qos: 0 | 1;
  readonly atMs: number;
  readonly readings: Reading[] = [];
  bytes = 0;
  readonly #client: string;
  /** Of each reading, as `Decimal` has them. */
  readonly #places: number[] = [];
  /** Of each at QoS 1. */
  readonly #packetIds: number[] = [];
  readonly #settled: (run: PlainRun, settled: Settled) => void;

  constructor(
    source: PlainSource,
    qos: 0 | 1,
    atMs: number,
    settled: (run: PlainRun, settled: Settled) => void,
  ) {
    this.source = source;
    this.qos = qos;
    this.atMs = atMs;
    this.#client = source.clientId;
    this.#settled = settled;
  }

  add(reading: Reading, places: number, packetId: number, bytes: number): void {
    this.readings.push(reading);
    this.#places.push(places);
    if (this.qos === 1) this.#packetIds.push(packetId);
    this.bytes += bytes;
  }

  settled(settled: Settled): void {
    this.#settled(this, settled);
  }

  halves(): readonly PlainRun[] | null {
    const { length } = this.readings;
    if (length === 1) return null;
    const half = length >> 1;
    // Each of them takes one away when it is settled.
    this.source.storing++;
    return [this.#part(0, half), this.#part(half, length)];
  }

  #part(from: number, to: number): PlainRun {
    const part = new PlainRun(this.source, this.qos, this.atMs, this.#settled);
    for (const [at, reading] of this.readings.slice(from, to).entries()) {
      const bytes = this.textAt(from + at).length + reading.sensor.length;
      part.add(reading, this.#places[from + at] ?? 0, this.#packetIds[from + at] ?? 0, bytes);
    }
    return part;
  }

  answer(code: number | null): void {
    if (this.qos === 1) this.source.answered(this.#packetIds, code);
  }

  /** The payload of the `at`th, as it was written. */
  textAt(at: number): string {
    return decimalText(Number(this.readings[at]?.value), this.#places[at] ?? 0);
  }

  /** The `at`th as it was published. */
  messageAt(at: number): Message {
    return {
      topic: this.readings[at]?.sensor ?? '',
      payload: Buffer.from(this.textAt(at)),
      qos: this.qos,
      retain: false,
      properties: NO_PROPERTIES,
      atMs: this.atMs,
      client: this.#client,
      bridged: false,
    };
  }
}
