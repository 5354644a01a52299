// TLS 1.3 around the sockets of peers, with a certificate on both sides. A plain connection comes in here and goes on
// as a secured one; what comes to nothing on the way is told with its reason. SPEC rules TR1, TR3, TR9.
//
//   accepted ──handshake──▶ secured: who is there is judged next
//      └──too slow, too many, no TLS 1.3──▶ cut off

import type { Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { type Address, addressText } from '../../model/address.ts';
import { LIMITS } from '../../model/limits.ts';
import type { TrustRefusal } from '../../model/trust-refusal.ts';
import type { Credentials } from '../../trust/credentials.ts';
import { JOIN_PROTOCOL } from '../../trust/join-call.ts';
import { handshakeRefusal, type TlsOptions, type Trust, tlsOptionsOf } from '../../trust/peer-security.ts';

export interface SecureEvents {
  /** TLS stands, by the protocol both sides named; who is there is not judged yet. */
  secured(socket: TLSSocket, where: Address): void;
  cutOff(where: string, why: TrustRefusal): void;
  /** Somebody who comes to join, or for a certificate. Null: nobody is received here. */
  readonly guest: ((socket: TLSSocket, where: Address) => void) | null;
}

interface Handshake {
  readonly socket: Socket;
  readonly where: Address;
  readonly sinceMs: number;
}

interface Shown {
  readonly credentials: Credentials;
  readonly options: TlsOptions;
  readonly context: SecureContext;
}

/** What peers speak: a connection that is meant for something else is refused while TLS is agreed on. */
const PEER_PROTOCOL = 'sensorium/1';
/** How long a handshake may take while others are turned away for lack of room. */
const PATIENCE_MS = 250;

export class SecureSockets {
  readonly #trust: Trust;
  readonly #events: SecureEvents;
  readonly #server: Server;
  #shown: Shown;
  /** By where they come from, the oldest first. */
  readonly #handshakes = new Map<string, Handshake>();

  constructor(trust: Trust, handshakeMs: number, events: SecureEvents) {
    this.#trust = trust;
    this.#events = events;
    this.#shown = shownOf(trust.credentials);
    this.#server = this.#newServer(handshakeMs);
  }

  accept(socket: Socket): void {
    const where = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const text = addressText(where);
    if (!this.#makeRoom()) {
      this.#events.cutOff(text, 'handshake');
      socket.destroy();
      return;
    }
    this.#refresh();
    this.#handshakes.set(text, { socket, where, sinceMs: performance.now() });
    // It may end without a word from TLS.
    socket.on('error', () => {});
    socket.once('close', () => this.#failed(text, 'handshake'));
    this.#server.emit('connection', socket);
  }

  /** Nothing may be said on it before `secureConnect`. */
  dial(address: Address, keepAliveAfterMs: number): TLSSocket {
    this.#refresh();
    const options = {
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      secureContext: this.#shown.context,
      ALPNProtocols: [PEER_PROTOCOL],
      // Who is there is judged by its certificate's node, wherever it listens.
      checkServerIdentity: () => undefined,
      rejectUnauthorized: false,
    };
    return connect(options).setNoDelay(true).setKeepAlive(true, keepAliveAfterMs);
  }

  stop(): void {
    for (const { socket } of this.#handshakes.values()) socket.destroy();
  }

  #newServer(handshakeTimeout: number): Server {
    const server = createServer({
      ...this.#shown.options,
      requestCert: true,
      // Who is refused is told why, over the connection that then stands.
      rejectUnauthorized: false,
      handshakeTimeout,
      ALPNProtocols: this.#events.guest === null ? [PEER_PROTOCOL] : [PEER_PROTOCOL, JOIN_PROTOCOL],
    });
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const text = textOf(socket);
      if (text !== null) this.#failed(text, handshakeRefusal(error.code ?? '') ?? 'handshake');
      socket.destroy();
    });
    return server;
  }

  #secured(socket: TLSSocket): void {
    const text = textOf(socket) ?? '';
    const handshake = this.#handshakes.get(text);
    this.#handshakes.delete(text);
    const { alpnProtocol } = socket;
    if (handshake !== undefined && alpnProtocol === PEER_PROTOCOL) {
      this.#events.secured(socket, handshake.where);
    } else if (handshake !== undefined && alpnProtocol === JOIN_PROTOCOL && this.#events.guest !== null) {
      this.#events.guest(socket, handshake.where);
    } else {
      this.#events.cutOff(text, 'handshake');
      socket.destroy();
    }
  }

  #failed(text: string, why: TrustRefusal): void {
    if (this.#handshakes.delete(text)) this.#events.cutOff(text, why);
  }

  /** False when there is none: of those that are at it, none has taken long. */
  #makeRoom(): boolean {
    if (this.#handshakes.size < LIMITS.handshakesMax) return true;
    const [oldest] = this.#handshakes.values();
    if (oldest === undefined || performance.now() - oldest.sinceMs < PATIENCE_MS) return false;
    this.#failed(addressText(oldest.where), 'handshake');
    oldest.socket.destroy();
    return true;
  }

  /** A certificate that was renewed is shown from the next connection on. */
  #refresh(): void {
    const { credentials } = this.#trust;
    if (credentials === this.#shown.credentials) return;
    this.#shown = shownOf(credentials);
    this.#server.setSecureContext(this.#shown.options);
  }
}

function shownOf(credentials: Credentials): Shown {
  const options = tlsOptionsOf(credentials);
  return { credentials, options, context: createSecureContext(options) };
}

function textOf({ remoteAddress, remotePort }: TLSSocket): string | null {
  return remoteAddress === undefined ? null : addressText({ host: remoteAddress, port: remotePort ?? 0 });
}
