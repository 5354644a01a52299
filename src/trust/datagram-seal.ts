// Datagrams nobody else can make, change or repeat. Two peers that have met over TLS draw keys for their datagrams
// from that meeting (RFC 5705), one for each direction; each packet is sealed with AES-256-GCM under the sender's count,
// and a count is taken once. SPEC rules TR4, TR5.
//
//   packet = key id (8 bytes) · count (8 bytes) · message, encrypted · tag (16 bytes)

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { ok, type Result, refused } from '../kit/result.ts';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { TrustRefusal } from '../model/trust-refusal.ts';
import { ReplayWindow } from './replay-window.ts';

export const SEAL_LABEL = 'EXPERIMENTAL-sensorium-datagrams';
export const SEAL_SECRET_BYTES = 72;
export const SEAL_BYTES = 32;

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const ID_BYTES = 8;
const HEAD_BYTES = 16;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;

export interface Opened {
  readonly from: PeerId;
  readonly message: Uint8Array;
}

interface Key {
  readonly id: Buffer;
  readonly peer: PeerId;
  readonly sealing: Uint8Array;
  readonly opening: Uint8Array;
  readonly window: ReplayWindow;
  sent: number;
  isOver: boolean;
}

export class DatagramSeal {
  /** By id, the oldest first. */
  readonly #keys = new Map<string, Key>();
  /** Of each peer, the latest last. */
  readonly #ofPeer = new Map<PeerId, Key[]>();

  /**
   * `secret`: what the two drew from TLS, `SEAL_SECRET_BYTES` of it. `dialled`: it was this side that dialled.
   * Returns what to call when the connection is gone, and with it who could open what this key seals: from then on
   * it seals nothing.
   */
  add(peer: PeerId, secret: Uint8Array, dialled: boolean): () => void {
    const id = Buffer.from(secret.subarray(0, ID_BYTES));
    const ofDialler = secret.subarray(ID_BYTES, ID_BYTES + KEY_BYTES);
    const ofOther = secret.subarray(ID_BYTES + KEY_BYTES, SEAL_SECRET_BYTES);
    const key: Key = {
      id,
      peer,
      sealing: dialled ? ofDialler : ofOther,
      opening: dialled ? ofOther : ofDialler,
      window: new ReplayWindow(),
      sent: 0,
      isOver: false,
    };
    this.#keys.set(id.toString('hex'), key);
    const keys = [...(this.#ofPeer.get(peer) ?? []), key];
    this.#ofPeer.set(peer, keys);
    const [oldest] = keys;
    if (keys.length > LIMITS.connectionsPerPeerMax && oldest) this.#forget(oldest);
    const [first] = this.#keys.values();
    if (this.#keys.size > LIMITS.datagramKeysMax && first) this.#forget(first);
    return () => {
      key.isOver = true;
    };
  }

  /** What it seals is refused from here on. */
  forget(peer: PeerId): void {
    for (const key of [...(this.#ofPeer.get(peer) ?? [])]) this.#forget(key);
  }

  /** Null where the two have not met, or not lately. */
  seal(to: PeerId, message: Uint8Array): Buffer | null {
    const key = this.#ofPeer.get(to)?.findLast(({ isOver }) => !isOver);
    if (key === undefined) return null;
    key.sent += 1;
    const head = Buffer.alloc(HEAD_BYTES);
    key.id.copy(head);
    head.writeBigUInt64BE(BigInt(key.sent), ID_BYTES);
    const cipher = createCipheriv(CIPHER, key.sealing, nonceOf(head));
    cipher.setAAD(head);
    return Buffer.concat([head, cipher.update(message), cipher.final(), cipher.getAuthTag()]);
  }

  open(packet: Buffer): Result<Opened, TrustRefusal> {
    if (packet.length < HEAD_BYTES + TAG_BYTES) return refused('unsealed');
    const head = packet.subarray(0, HEAD_BYTES);
    const key = this.#keys.get(head.toString('hex', 0, ID_BYTES));
    if (key === undefined) return refused('unknown-seal');
    const decipher = createDecipheriv(CIPHER, key.opening, nonceOf(head));
    decipher.setAAD(head);
    decipher.setAuthTag(packet.subarray(-TAG_BYTES));
    const message = decipher.update(packet.subarray(HEAD_BYTES, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return refused('broken-seal');
    }
    // Only what is genuine moves the window, or a stranger could close it.
    if (!key.window.take(Number(head.readBigUInt64BE(ID_BYTES)))) return refused('replayed');
    return ok({ from: key.peer, message });
  }

  #forget(key: Key): void {
    this.#keys.delete(key.id.toString('hex'));
    const left = (this.#ofPeer.get(key.peer) ?? []).filter((other) => other !== key);
    if (left.length > 0) this.#ofPeer.set(key.peer, left);
    else this.#ofPeer.delete(key.peer);
  }
}

/** A key seals each count once, so the count may be the nonce. */
function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  head.copy(nonce, NONCE_BYTES - ID_BYTES, ID_BYTES, HEAD_BYTES);
  return nonce;
}
