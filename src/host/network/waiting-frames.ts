// Frames for peers that are being dialled. SPEC rule NW8. Of too many, the oldest go: what is newest serves best.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Message } from '../../wire/messages.ts';

/** A message as it is sent in one version of the wire. */
export interface Framed {
  readonly message: Message;
  readonly version: number;
  readonly frame: Buffer;
}

export class WaitingFrames {
  readonly #frames = new Map<PeerId, Framed[]>();
  #bytes = 0;

  /** Returns how many frames, this one included, went for lack of room. */
  add(peer: PeerId, framed: Framed): number {
    const frames = this.#frames.get(peer) ?? [];
    this.#frames.set(peer, frames);
    frames.push(framed);
    this.#bytes += framed.frame.byteLength;
    let dropped = 0;
    while (
      frames.length > LIMITS.dialQueueFramesMax ||
      (this.#bytes > LIMITS.dialQueueBytesMax && frames.length > 0)
    ) {
      this.#bytes -= frames.shift()?.frame.byteLength ?? 0;
      dropped += 1;
    }
    return dropped;
  }

  take(peer: PeerId): readonly Framed[] {
    const frames = this.#frames.get(peer) ?? [];
    this.#frames.delete(peer);
    for (const { frame } of frames) this.#bytes -= frame.byteLength;
    return frames;
  }
}
