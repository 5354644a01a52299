// One TCP connection as frames in and frames out. It knows nothing of peers. SPEC rules NW1, NW9, NW10, NW12.
//
//   open ──close──▶ closing (what is queued goes out, then FIN; reading goes on) ──FIN of both──▶ closed
//     └───refuse──▶ closing, deaf (an ERROR goes out, what comes in is thrown away) ──────────────▲
//
// A socket that is destroyed while received bytes lie unread resets the connection, and the reset overtakes what
// was written last. That is why a refusal reads on until the other side has closed or the linger time is over.

import type { Socket } from 'node:net';
import { LIMITS } from '../../model/limits.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import { FrameReader } from './framing.ts';
import { bareAddress } from './lost-addresses.ts';

export interface ConnectionOptions {
  /** How long a frame may stand half-way. */
  readonly frameStallMs: number;
  /** How long the other side may take nothing of what is written. */
  readonly writeStallMs: number;
  readonly framesPerTickMax: number;
}

export interface ConnectionEvents {
  frame(payload: Uint8Array): void;
  /** The stream makes no sense any more; to be answered by `refuse`. */
  broken(code: 'oversize' | 'silent', reason: string): void;
  /** The other side sends no more. Called once. `errorCode` is the system's, null for a FIN. */
  ended(cause: LinkLoss, errorCode: string | null): void;
  /** The socket is gone. Called once, last. */
  closed(): void;
  busy(busy: boolean): void;
  bytes(direction: 'received' | 'sent', count: number): void;
}

type Phase =
  | { readonly name: 'open' }
  | { readonly name: 'closing'; readonly untilMs: number; readonly deaf: boolean }
  | { readonly name: 'closed' };

/** What is written at once; the next such part follows when the system has taken this one. */
const WRITE_BYTES = 262_144;
/** Up to here, copying frames together is cheaper than handing them over one by one. */
const COPY_BYTES = 65_536;

export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #reader = new FrameReader(LIMITS.helloBytesMax);
  #phase: Phase = { name: 'open' };
  #otherEnded = false;

  /** Frames handled since the event loop last turned. */
  #handled = 0;
  #turnArmed = false;
  /** Reading is paused until the event loop has turned. */
  #resting = false;
  #endWhileResting = false;
  #readAtMs = performance.now();

  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #writingBytes = 0;
  #wroteAtMs = 0;
  #flushArmed = false;
  #busy = false;

  constructor(socket: Socket, options: ConnectionOptions, events: ConnectionEvents) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#end());
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.code ?? error.name));
    socket.on('close', () => this.#closed());
  }

  get isConnected(): boolean {
    return !this.#socket.connecting;
  }

  /** Ends it as if the system had noticed, when the address it was made from is this machine's no more. (NW11) */
  endIfFrom(lost: ReadonlySet<string>): void {
    if (!lost.has(bareAddress(this.#socket.localAddress ?? ''))) return;
    const gone: NodeJS.ErrnoException = new Error('this address is not here any more');
    gone.code = 'EADDRNOTAVAIL';
    this.#socket.destroy(gone);
  }

  get unsentBytes(): number {
    return this.#queuedBytes + this.#writingBytes;
  }

  /** From HELLO on, frames may be large. */
  trust(): void {
    this.#reader.payloadBytesMax = LIMITS.frameBytesMax;
  }

  /** False when there is no room. What one turn of the event loop sends is written together. (NW9) */
  send(frame: Buffer): boolean {
    if (this.#phase.name !== 'open') return false;
    if (this.unsentBytes + frame.byteLength > LIMITS.sendQueueBytesMax) return false;
    this.#enqueue(frame);
    return true;
  }

  /** Sends what is queued, then FIN, and goes on reading until the other side has done the same. */
  close(lingerMs: number): void {
    if (this.#phase.name !== 'open') return;
    this.#phase = { name: 'closing', untilMs: performance.now() + lingerMs, deaf: false };
    this.#armFlush();
  }

  /** Sends a last frame, then FIN; hears nothing any more. */
  refuse(frame: Buffer | null, lingerMs: number): void {
    if (this.#phase.name === 'closed') return;
    if (this.#socket.connecting) {
      this.destroy();
      return;
    }
    if (frame !== null) this.#enqueue(frame);
    this.#phase = { name: 'closing', untilMs: performance.now() + lingerMs, deaf: true };
    this.#armFlush();
    this.#socket.resume();
  }

  destroy(): void {
    this.#phase = { name: 'closed' };
    this.#socket.destroy();
  }

  /** Looks for what takes too long. To be called every now and then. */
  sweep(nowMs: number): void {
    if (this.#phase.name === 'closed') return;
    if (this.#phase.name === 'closing') {
      if (nowMs >= this.#phase.untilMs) this.destroy();
      return;
    }
    if (this.#writingBytes > 0 && nowMs - this.#wroteAtMs > this.#options.writeStallMs) {
      this.#otherIsGone('silent', null);
      this.destroy();
    } else if (
      this.#reader.midFrame &&
      !this.#resting &&
      nowMs - this.#readAtMs > this.#options.frameStallMs
    ) {
      this.#events.broken('silent', `a frame stood half-way for ${this.#options.frameStallMs} ms`);
    }
  }

  #receive(chunk: Buffer): void {
    this.#events.bytes('received', chunk.byteLength);
    this.#readAtMs = performance.now();
    if (this.#isDeaf) return;
    this.#reader.push(chunk);
    this.#handleFrames();
  }

  get #isDeaf(): boolean {
    return this.#phase.name === 'closed' || (this.#phase.name === 'closing' && this.#phase.deaf);
  }

  /** One connection gets a share of each turn, so that a flood on it does not hold up the others. (NW10) */
  #handleFrames(): void {
    this.#armTurn();
    while (!this.#isDeaf && !this.#resting) {
      if (this.#handled >= this.#options.framesPerTickMax) {
        this.#resting = true;
        this.#socket.pause();
        return;
      }
      const taken = this.#reader.take();
      if (taken.kind === 'none') return;
      if (taken.kind === 'oversize') {
        const reason = `a frame has at most ${this.#reader.payloadBytesMax} bytes, got ${taken.bytes}`;
        this.#events.broken('oversize', reason);
        return;
      }
      this.#handled += 1;
      this.#events.frame(taken.payload);
    }
  }

  #armTurn(): void {
    if (this.#turnArmed) return;
    this.#turnArmed = true;
    setImmediate(() => {
      this.#turnArmed = false;
      this.#handled = 0;
      if (this.#resting) this.#wakeUp();
    });
  }

  #wakeUp(): void {
    this.#resting = false;
    this.#readAtMs = performance.now();
    this.#handleFrames();
    if (this.#resting) return;
    if (this.#endWhileResting) this.#end();
    else this.#socket.resume();
  }

  #end(): void {
    // The system reports a FIN also to a paused reader; the frames before it are handled first.
    if (this.#resting) {
      this.#endWhileResting = true;
      return;
    }
    this.#otherIsGone('closed', null);
    this.close(this.#options.frameStallMs);
  }

  #fail(errorCode: string): void {
    this.#otherIsGone(lossOf(errorCode), errorCode);
    this.destroy();
  }

  #closed(): void {
    this.#otherIsGone('closed', null);
    this.#phase = { name: 'closed' };
    this.#queue = [];
    this.#events.closed();
  }

  #otherIsGone(cause: LinkLoss, errorCode: string | null): void {
    if (this.#otherEnded) return;
    this.#otherEnded = true;
    this.#events.ended(cause, errorCode);
  }

  #enqueue(frame: Buffer): void {
    this.#queue.push(frame);
    this.#queuedBytes += frame.byteLength;
    this.#armFlush();
  }

  #armFlush(): void {
    if (this.#flushArmed) return;
    this.#flushArmed = true;
    setImmediate(() => {
      this.#flushArmed = false;
      if (this.#writingBytes === 0) this.#write();
      this.#reportBusy();
    });
  }

  #write(): void {
    if (this.#phase.name === 'closed') return;
    const part = this.#nextPart();
    if (part.length === 0) {
      if (this.#phase.name === 'closing') this.#socket.end();
      return;
    }
    const bytes = part.reduce((sum, frame) => sum + frame.byteLength, 0);
    this.#queuedBytes -= bytes;
    this.#writingBytes = bytes;
    this.#wroteAtMs = performance.now();
    const written = (error?: Error | null): void => {
      this.#writingBytes = 0;
      if (error) return;
      this.#events.bytes('sent', bytes);
      this.#write();
      this.#reportBusy();
    };
    const [only] = part;
    if (only !== undefined && part.length === 1) {
      this.#socket.write(only, written);
      return;
    }
    if (bytes <= COPY_BYTES) {
      this.#socket.write(Buffer.concat(part, bytes), written);
      return;
    }
    this.#socket.cork();
    for (const [i, frame] of part.entries()) {
      if (i < part.length - 1) this.#socket.write(frame);
      else this.#socket.write(frame, written);
    }
    this.#socket.uncork();
  }

  #nextPart(): Buffer[] {
    let bytes = 0;
    let count = 0;
    for (const frame of this.#queue) {
      if (count > 0 && bytes + frame.byteLength > WRITE_BYTES) break;
      bytes += frame.byteLength;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #reportBusy(): void {
    const unsent = this.unsentBytes;
    if (!this.#busy && unsent > LIMITS.sendQueueBytesMax / 2) {
      this.#busy = true;
      this.#events.busy(true);
    } else if (this.#busy && unsent <= LIMITS.sendQueueBytesMax / 8) {
      this.#busy = false;
      this.#events.busy(false);
    }
  }
}

function lossOf(errorCode: string): LinkLoss {
  if (errorCode === 'ECONNRESET' || errorCode === 'EPIPE') return 'closed';
  if (errorCode === 'ETIMEDOUT') return 'silent';
  return 'failed';
}
