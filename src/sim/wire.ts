// How messages cross, and how disks are read: as they are, or as bytes through the real codec, which shows that
// all that peers say and keep can be said and kept, and what it weighs. SPEC rule SM3.

import { AssertionError } from '../kit/assert.ts';
import type { Result } from '../kit/result.ts';
import type { Recovered } from '../model/durable.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Channel } from '../protocol/outbox.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import {
  decodeAddresses,
  decodeBatch,
  decodeHardState,
  decodeSnapshot,
  encodeAddresses,
  encodeBatch,
  encodeHardState,
  encodeSnapshot,
} from '../wire/durable.ts';
import { decodeDatagram, encodeDatagram } from '../wire/envelope.ts';
import { type Malformed, malformedText } from '../wire/malformed.ts';
import type { Message } from '../wire/messages.ts';

export class Wire {
  readonly #codec: boolean;
  #bytes = 0;

  constructor(codec: boolean) {
    this.#codec = codec;
  }

  /** Sent so far; 0 without the codec. */
  get bytes(): number {
    return this.#bytes;
  }

  carry(from: PeerId, message: Message, channel: Channel): Message {
    if (!this.#codec) return message;
    const isDatagram = channel === 'datagram';
    const encoded = isDatagram ? encodeDatagram(SITE, from, message) : encodeMessage(message);
    const max = isDatagram ? LIMITS.datagramBytesMax : LIMITS.frameBytesMax;
    if (encoded.length > max) {
      throw new AssertionError(
        `a ${message.type} by ${channel} has ${encoded.length} bytes, allowed are ${max}`,
      );
    }
    this.#bytes += encoded.length;
    const decoded = isDatagram ? decodeDatagram(encoded) : decodeMessage(encoded);
    if (!decoded.ok) {
      throw new AssertionError(`a ${message.type} cannot be read: ${malformedText(decoded.problem)}`);
    }
    return 'message' in decoded.value ? decoded.value.message : decoded.value;
  }

  /** What a process finds on its disk, written as bytes and read again. */
  recover({ hardState, snapshot, batches, addresses = [], ...rest }: Recovered): Recovered {
    if (!this.#codec) return { hardState, snapshot, batches, addresses, ...rest };
    return {
      ...rest,
      hardState: readAgain(decodeHardState(encodeHardState(hardState))),
      snapshot: snapshot && readAgain(decodeSnapshot(encodeSnapshot(snapshot))),
      batches: batches.map((batch) => readAgain(decodeBatch(encodeBatch(batch)))),
      addresses: readAgain(decodeAddresses(encodeAddresses(addresses))),
    };
  }
}

const SITE = 'sim';

function readAgain<T>(read: Result<T, Malformed>): T {
  if (read.ok) return read.value;
  throw new AssertionError(`what the disk kept cannot be read: ${malformedText(read.problem)}`);
}
