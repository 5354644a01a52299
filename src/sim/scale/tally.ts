// What was sent, by type of message and by station, in bytes as the real codec writes them: frames with their
// length prefix, datagrams with their envelope, without the headers of TCP, UDP and IP. SPEC rule SM22.

import type { PeerId } from '../../model/ids.ts';
import type { Channel } from '../../protocol/outbox.ts';
import { encodeFirst, encodeMessage } from '../../wire/codec.ts';
import { encodeDatagram } from '../../wire/envelope.ts';
import type { Hello, Message } from '../../wire/messages.ts';

export const SITE = 'sim';
const FRAME_HEADER_BYTES = 4;

export interface TypeTally {
  readonly type: string;
  readonly messages: number;
  readonly bytes: number;
}

interface Count {
  messages: number;
  bytes: number;
  largest: number;
}

export class Tally {
  readonly #sizeEvery: number;
  readonly #types = new Map<string, Count>();
  readonly sentBytes: Float64Array;
  readonly receivedBytes: Float64Array;
  /** The message encoded last: a push goes to several in a row. */
  #latest: Message | null = null;
  #latestChannel: Channel = 'stream';
  #latestBytes = 0;
  /** Bytes that this one station received, by type of message. */
  readonly #followed = new Map<string, number>();
  #follow = -1;
  /** Nothing is counted before this, so that a cluster can come to rest first. */
  #counting = false;

  constructor(stations: number, sizeEvery: number) {
    this.#sizeEvery = sizeEvery;
    this.sentBytes = new Float64Array(stations);
    this.receivedBytes = new Float64Array(stations);
  }

  /** From here on, from zero. */
  begin(): void {
    this.#types.clear();
    this.sentBytes.fill(0);
    this.receivedBytes.fill(0);
    this.#counting = true;
  }

  /** What this station receives is also counted by type. */
  follow(station: number): void {
    this.#follow = station;
    this.#followed.clear();
  }

  /** What the followed station received, of these types or of all. */
  followedBytes(types?: readonly string[]): number {
    let sum = 0;
    for (const [type, bytes] of this.#followed) if (types?.includes(type) !== false) sum += bytes;
    return sum;
  }

  end(): void {
    this.#counting = false;
    this.#latest = null;
  }

  message(from: number, fromId: PeerId, to: number, message: Message, channel: Channel): void {
    if (!this.#counting) return;
    const count = this.#of(message.type);
    count.messages++;
    if (this.#sizeEvery > 1 && count.messages % this.#sizeEvery !== 1) return;
    const bytes = this.#bytesOf(fromId, message, channel);
    if (bytes > count.largest) count.largest = bytes;
    this.#add(message.type, count, from, to, bytes * this.#sizeEvery);
  }

  hello(from: number, to: number, hello: Hello): void {
    if (!this.#counting) return;
    const count = this.#of('HELLO');
    count.messages++;
    this.#add('HELLO', count, from, to, FRAME_HEADER_BYTES + encodeFirst(hello).length);
  }

  types(): readonly TypeTally[] {
    const types = [...this.#types].map(([type, { messages, bytes }]) => ({ type, messages, bytes }));
    return types.sort((a, b) => b.bytes - a.bytes);
  }

  get totalBytes(): number {
    let bytes = 0;
    for (const count of this.#types.values()) bytes += count.bytes;
    return bytes;
  }

  get totalMessages(): number {
    let messages = 0;
    for (const count of this.#types.values()) messages += count.messages;
    return messages;
  }

  /** Of all messages; of those that were encoded, where not all were. */
  get largestBytes(): number {
    let largest = 0;
    for (const count of this.#types.values()) largest = Math.max(largest, count.largest);
    return largest;
  }

  #bytesOf(from: PeerId, message: Message, channel: Channel): number {
    if (message !== this.#latest || channel !== this.#latestChannel) {
      this.#latest = message;
      this.#latestChannel = channel;
      this.#latestBytes =
        channel === 'datagram'
          ? encodeDatagram(SITE, from, message).length
          : FRAME_HEADER_BYTES + encodeMessage(message).length;
    }
    return this.#latestBytes;
  }

  #add(type: string, count: Count, from: number, to: number, bytes: number): void {
    if (to === this.#follow) this.#followed.set(type, (this.#followed.get(type) ?? 0) + bytes);
    count.bytes += bytes;
    this.sentBytes[from] = (this.sentBytes[from] as number) + bytes;
    this.receivedBytes[to] = (this.receivedBytes[to] as number) + bytes;
  }

  #of(type: string): Count {
    let count = this.#types.get(type);
    if (count === undefined) {
      count = { messages: 0, bytes: 0, largest: 0 };
      this.#types.set(type, count);
    }
    return count;
  }
}
