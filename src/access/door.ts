// The door of a listener for devices and people: plain or TLS at one port, told apart by the first byte, as no HTTP and no
// MQTT begins with that of a TLS handshake (RFC 8446 §5.1). The certificate is the node's own, and who comes in shows none:
// devices have tokens. SPEC rules TR18-TR20.
//
//   accepted ──first byte 0x16──▶ handshake ──▶ entered
//      │  └──any other──▶ entered, or refused: from another machine where TLS is required
//      └──no byte, no end of the handshake in time, TLS that fails──▶ refused

import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type Address, addressText } from '../model/address.ts';
import { LIMITS } from '../model/limits.ts';
import { isLoopback } from './loopback.ts';

export interface ShownCertificate {
  /** PEM, both. */
  readonly cert: string;
  readonly key: string;
}

export interface DoorTls {
  /** From other machines, nobody comes in without. */
  readonly isRequired: boolean;
  /** A new object where it was renewed. */
  readonly shown: () => ShownCertificate;
}

/**
 * `tls-untrusted`: who came does not trust the site's authority, or was at the wrong place. `tls-handshake`: it broke off,
 * was too slow, or there was no room. `silent`: not a byte came.
 */
export type DoorRefusal = 'silent' | 'tls-required' | 'tls-version' | 'tls-untrusted' | 'tls-handshake';

export interface DoorEvents {
  /** Nothing of what it said was taken from it. */
  entered(socket: Socket): void;
  refused(reason: DoorRefusal, why: string): void;
  /** What is told to who speaks plain where TLS is required. */
  readonly plainAnswer: string;
}

interface Handshake {
  readonly socket: Socket;
  readonly sinceMs: number;
}

const TLS_HANDSHAKE = 0x16;
/** How long somebody may take for the first byte, and for the handshake. */
const PATIENCE_MS = 10_000;
/** How long a handshake may take while others are turned away for lack of room. */
const CROWDED_MS = 1_000;
/** How long a refusal may take to arrive. */
const LINGER_MS = 1_000;
/** What small devices and browsers know of TLS 1.2, and nothing without forward secrecy. (RFC 9325) */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
].join(':');
const OLDEST = { minVersion: 'TLSv1.2', ciphers: CIPHERS } as const;

const WHY: { readonly [reason in DoorRefusal]: string } = {
  silent: 'nothing was said in time',
  'tls-required': 'DEVICE_TLS=required, and it spoke plain from another machine',
  'tls-version': 'it has no version of TLS from 1.2 on, or none of its ciphers is good enough',
  'tls-untrusted': "it does not trust this node's certificate; sensorium ca prints what it needs to trust",
  'tls-handshake': 'TLS was not agreed on',
};

export class Door {
  readonly #tls: DoorTls | null;
  readonly #events: DoorEvents;
  readonly #server: Server | null;
  #shown: ShownCertificate | null = null;
  /** Of whom no byte has come. Bounded by the listener's connections. */
  readonly #silent = new Set<Socket>();
  /** By where they come from, the oldest first. */
  readonly #handshakes = new Map<string, Handshake>();
  /** What TLS has said of connections whose other end is gone, and which are closed next. Bounded by the handshakes. */
  readonly #saidOfNobody: DoorRefusal[] = [];

  /** `tls` is null where there is no certificate: whoever comes enters. */
  constructor(tls: DoorTls | null, events: DoorEvents) {
    this.#tls = tls;
    this.#events = events;
    this.#server = tls === null ? null : this.#newServer();
  }

  receive(socket: Socket): void {
    if (this.#tls === null) {
      this.#events.entered(socket);
      return;
    }
    this.#silent.add(socket);
    const late = setTimeout(() => {
      this.#refuse('silent');
      socket.destroy();
    }, PATIENCE_MS);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(late);
      this.#silent.delete(socket);
    });
    socket.once('data', (first: Buffer) => {
      clearTimeout(late);
      this.#silent.delete(socket);
      socket.pause();
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) this.#agree(socket);
      else this.#enterPlain(socket);
    });
  }

  stop(): void {
    for (const socket of this.#silent) socket.destroy();
    for (const { socket } of this.#handshakes.values()) socket.destroy();
  }

  #enterPlain(socket: Socket): void {
    const isRefused = this.#tls?.isRequired && !isLoopback(socket.remoteAddress);
    if (isRefused) {
      this.#refuse('tls-required');
      socket.end(this.#events.plainAnswer);
      const linger = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(linger));
    } else {
      this.#events.entered(socket);
    }
    // What is left to be read of who is refused is thrown away, so that the answer arrives.
    socket.resume();
  }

  #agree(socket: Socket): void {
    const text = textOf(socket);
    if (text === null || !this.#makeRoom()) {
      this.#refuse('tls-handshake');
      socket.destroy();
      return;
    }
    this.#refresh();
    this.#handshakes.set(text, { socket, sinceMs: performance.now() });
    // It may end without a word from TLS.
    socket.once('close', () => {
      if (this.#handshakes.has(text)) this.#failed(text, this.#saidOfNobody.shift() ?? 'tls-handshake');
    });
    this.#server?.emit('connection', socket);
  }

  #newServer(): Server {
    const server = createServer({ ...OLDEST, handshakeTimeout: PATIENCE_MS });
    server.on('secureConnection', (socket) => {
      const text = textOf(socket);
      if (text !== null && this.#handshakes.delete(text)) this.#events.entered(socket);
      else socket.destroy();
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const text = textOf(socket);
      const reason = refusalOf(error.code ?? '');
      if (text !== null) this.#failed(text, reason);
      else if (reason !== 'tls-handshake' && this.#saidOfNobody.length < this.#handshakes.size)
        this.#saidOfNobody.push(reason);
      socket.destroy();
    });
    return server;
  }

  #failed(text: string, reason: DoorRefusal): void {
    if (this.#handshakes.delete(text)) this.#refuse(reason);
  }

  /** False when there is none: of those that are at it, none has taken long. */
  #makeRoom(): boolean {
    if (this.#handshakes.size < LIMITS.deviceHandshakesMax) return true;
    const [oldest] = this.#handshakes;
    if (oldest === undefined || performance.now() - oldest[1].sinceMs < CROWDED_MS) return false;
    this.#failed(oldest[0], 'tls-handshake');
    oldest[1].socket.destroy();
    return true;
  }

  /** A certificate that was renewed is shown from the next connection on. */
  #refresh(): void {
    const shown = this.#tls?.shown() ?? null;
    if (shown === null || shown === this.#shown) return;
    this.#shown = shown;
    this.#server?.setSecureContext({ ...OLDEST, cert: shown.cert, key: shown.key });
  }

  #refuse(reason: DoorRefusal): void {
    this.#events.refused(reason, WHY[reason]);
  }
}

/** Whether it came in by TLS. */
export function isSecured(socket: Socket): boolean {
  return 'encrypted' in socket && socket.encrypted === true;
}

/** What a system's error code says of a handshake that came to nothing. */
function refusalOf(code: string): DoorRefusal {
  if (/_ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_)/.test(code)) return 'tls-untrusted';
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_SHARED_CIPHER|VERSION_TOO_LOW/.test(code))
    return 'tls-version';
  return 'tls-handshake';
}

function textOf({ remoteAddress: host, remotePort: port }: Socket | TLSSocket): string | null {
  if (host === undefined || port === undefined) return null;
  const address: Address = { host, port };
  return addressText(address);
}
