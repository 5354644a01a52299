// All connections whose sockets are not closed, whatever has become of them. SPEC rules NW10, NW12, NW16, TR3, TR7.

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address } from '../../model/address.ts';
import { type DatagramSeal, SEAL_LABEL, SEAL_SECRET_BYTES } from '../../trust/datagram-seal.ts';
import { authenticate, type Trust } from '../../trust/peer-security.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Counters } from './counters.ts';
import { KEEP_ALIVE_AFTER_MS } from './listener.ts';
import { SecureSockets } from './secure-sockets.ts';
import { Session, type SessionEvents, type SessionOptions } from './session.ts';

export interface SessionsOptions extends SessionOptions {
  /** Inbound connections; above it a connection is refused as busy. */
  readonly connectionsMax: number;
  /** Frames of one connection that are handled before the others get their turn. */
  readonly framesPerTickMax: number;
}

/** By what peers are known, and what keeps their datagrams. */
export interface Security {
  readonly trust: Trust;
  readonly seal: DatagramSeal;
  readonly guest: Guest | null;
}

/** Receives who comes to join, or for a certificate. */
export type Guest = (socket: TLSSocket, where: Address) => void;

export interface SessionsEvents extends SessionEvents {
  busy(session: Session, busy: boolean): void;
}

/** A peer that takes nothing for so many timeouts is gone; a pause of one or two is not. */
const WRITE_STALL_TIMEOUTS = 4;
/** How long a connection may owe its HELLO while others are turned away for lack of room. */
const HELLO_PATIENCE_MS = 250;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #events: SessionsEvents;
  readonly #counters: Counters;
  readonly #security: Security | null;
  readonly #secure: SecureSockets | null;
  readonly #sessions = new Set<Session>();
  /** What to do with a session's key once its connection is closed. */
  readonly #sealEnds = new Map<Session, () => void>();
  #allClosed: (() => void) | null = null;

  constructor(
    options: SessionsOptions,
    security: Security | null,
    events: SessionsEvents,
    counters: Counters,
  ) {
    this.#options = options;
    this.#security = security;
    this.#events = events;
    this.#counters = counters;
    this.#secure =
      security &&
      new SecureSockets(security.trust, options.timeoutMs, {
        secured: (socket, where) => this.#secured(socket, where, security),
        cutOff: (where, why) => events.distrusted(where, why, null),
        guest: security.guest,
      });
  }

  accept(socket: Socket): void {
    if (this.#secure !== null) this.#secure.accept(socket);
    else this.#makeRoomFor(this.#add(socket, whereOf(socket), null));
  }

  #makeRoomFor(session: Session): void {
    const inbound = [...this.#sessions].filter(
      ({ dialledBy, isLeaving }) => dialledBy === 'them' && !isLeaving,
    );
    if (inbound.length <= this.#options.connectionsMax) return;
    // Who has said nothing for a while makes room for somebody who may. (NW12)
    const mute = inbound.find(({ isGreeting, ageMs }) => isGreeting && ageMs > HELLO_PATIENCE_MS);
    const reason = `there are ${this.#options.connectionsMax} connections already`;
    (mute ?? session).refuse('busy', reason, { kind: 'refused' });
  }

  dial(address: Address): void {
    if (this.#secure !== null && this.#security !== null) {
      const security = this.#security;
      const socket = this.#secure.dial(address, KEEP_ALIVE_AFTER_MS);
      const session = this.#add(socket, address, address);
      socket.once('secureConnect', () => this.#judge(session, socket, security));
      return;
    }
    const socket = connect({
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    });
    this.#add(socket, address, address);
  }

  /** Whether a dial has reached somebody who owes us HELLO. */
  get helloDue(): boolean {
    for (const { dialledAt, isGreeting, connection } of this.#sessions) {
      if (dialledAt !== null && isGreeting && connection.isConnected) return true;
    }
    return false;
  }

  sweep(nowMs: number): void {
    for (const session of this.#sessions) session.sweep(nowMs);
    this.judgeAgain();
  }

  /** Whose certificate was revoked or has expired is let go, also in the middle of a word. (TR7) */
  judgeAgain(): void {
    if (this.#security === null) return;
    const { trust, seal } = this.#security;
    for (const session of this.#sessions) {
      const { who } = session;
      if (who === null) continue;
      const isRevoked = trust.isRevoked(who.name, who.issuedMs);
      if (!isRevoked && Date.now() < who.untilMs) continue;
      seal.forget(who.name.node);
      // One that was replaced by another is still heard until it is closed.
      if (session.isLeavingHeard) session.drop();
      else session.distrust(isRevoked ? 'revoked' : 'expired-certificate');
    }
  }

  /** Ends the connections that were made from these addresses. (NW11) */
  addressesLost(lost: ReadonlySet<string>): void {
    for (const { connection } of [...this.#sessions]) connection.endIfFrom(lost);
  }

  /** Sends what is queued and closes; resolves when every socket is closed, soon after `patienceMs` at the latest. */
  async stop(patienceMs: number): Promise<void> {
    this.#secure?.stop();
    for (const session of this.#sessions) {
      if (session.isGreeting) session.connection.destroy();
      else session.drop();
    }
    if (this.#sessions.size === 0) return;
    const cutOff = setTimeout(() => {
      for (const session of this.#sessions) session.connection.destroy();
    }, patienceMs);
    await new Promise<void>((resolve) => {
      this.#allClosed = resolve;
    });
    clearTimeout(cutOff);
  }

  #secured(socket: TLSSocket, where: Address, security: Security): void {
    const session = this.#add(socket, where, null);
    this.#judge(session, socket, security);
    if (!session.isLeaving) this.#makeRoomFor(session);
  }

  #judge(session: Session, socket: TLSSocket, { trust, seal }: Security): void {
    const who = authenticate(socket, trust);
    if (!who.ok) {
      session.distrust(who.problem);
      return;
    }
    const secret = socket.exportKeyingMaterial(SEAL_SECRET_BYTES, SEAL_LABEL, Buffer.alloc(0));
    this.#sealEnds.set(session, seal.add(who.value.name.node, secret, session.dialledBy === 'us'));
    session.authenticated(who.value);
  }

  #add(socket: Socket, where: Address, dialledAt: Address | null): Session {
    const { timeoutMs, framesPerTickMax } = this.#options;
    const options: ConnectionOptions = {
      frameStallMs: timeoutMs,
      writeStallMs: WRITE_STALL_TIMEOUTS * timeoutMs,
      framesPerTickMax,
    };
    const connection = new Connection(socket, options, {
      frame: (payload) => {
        this.#counters.bump('peer_frames_received_total');
        session.frame(payload);
      },
      broken: (code, reason) => session.broken(code, reason),
      ended: (cause, errorCode) => session.lost(cause, errorCode),
      closed: () => this.#remove(session),
      busy: (busy) => this.#events.busy(session, busy),
      bytes: (direction, count) => this.#counters.add(`peer_bytes_${direction}_total`, count),
    });
    const session = new Session(connection, where, dialledAt, this.#options, this.#events);
    this.#sessions.add(session);
    this.#counters.bump('peer_connections_opened_total');
    return session;
  }

  #remove(session: Session): void {
    this.#sessions.delete(session);
    // Who gave up an idle link is still there, and so is its key.
    if (!session.isIdle) this.#sealEnds.get(session)?.();
    this.#sealEnds.delete(session);
    this.#counters.bump('peer_connections_closed_total');
    if (this.#sessions.size === 0) this.#allClosed?.();
  }
}

function whereOf(socket: Socket): Address {
  return { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
}
