// All connections whose sockets are not closed, whatever has become of them. SPEC rules NW10, NW12, NW16.

import { connect, type Socket } from 'node:net';
import type { Address } from '../../model/address.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Counters } from './counters.ts';
import { KEEP_ALIVE_AFTER_MS } from './listener.ts';
import { Session, type SessionEvents, type SessionOptions } from './session.ts';

export interface SessionsOptions extends SessionOptions {
  /** Inbound connections; above it a connection is refused as busy. */
  readonly connectionsMax: number;
  /** Frames of one connection that are handled before the others get their turn. */
  readonly framesPerTickMax: number;
}

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
  readonly #sessions = new Set<Session>();
  #allClosed: (() => void) | null = null;

  constructor(options: SessionsOptions, events: SessionsEvents, counters: Counters) {
    this.#options = options;
    this.#events = events;
    this.#counters = counters;
  }

  accept(socket: Socket): void {
    const session = this.#add(socket, null);
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
    const socket = connect({
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
    });
    this.#add(socket, address);
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
  }

  /** Sends what is queued and closes; resolves when every socket is closed, soon after `patienceMs` at the latest. */
  async stop(patienceMs: number): Promise<void> {
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

  #add(socket: Socket, dialledAt: Address | null): Session {
    const { timeoutMs, framesPerTickMax } = this.#options;
    const options: ConnectionOptions = {
      frameStallMs: timeoutMs,
      writeStallMs: WRITE_STALL_TIMEOUTS * timeoutMs,
      framesPerTickMax,
    };
    const where = dialledAt ?? { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
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
    this.#counters.bump('peer_connections_closed_total');
    if (this.#sessions.size === 0) this.#allClosed?.();
  }
}
