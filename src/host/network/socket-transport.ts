// The transport over real sockets. This file wires what the others do: `listener` binds, `connection` makes
// frames, `session` says HELLO, `sessions` holds them all, `links` chooses among connections, `dials` paces
// attempts, `datagrams` probes. SPEC rules NW1-NW16, NW21, TR1-TR9.
//
// Events are never raised from within `send` or `contact`: the peer that calls these is in the middle of a step.

import type { Server } from 'node:net';
import { Random } from '../../kit/random.ts';
import { type Address, sameAddress } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { type TrustRefusal, trustCounter } from '../../model/trust-refusal.ts';
import type { Channel, ContactFailure } from '../../protocol/outbox.ts';
import { DatagramSeal } from '../../trust/datagram-seal.ts';
import { handshakeRefusal, type Trust } from '../../trust/peer-security.ts';
import { type Hello, type Message, PROTOCOL_MIN } from '../../wire/messages.ts';
import { isOrderingMessage } from '../../wire/ordering-messages.ts';
import { Counters } from './counters.ts';
import { Datagrams } from './datagrams.ts';
import { Dials } from './dials.ts';
import { FRAME_HEADER_BYTES, messageFrame } from './framing.ts';
import { Links } from './links.ts';
import { type Listener, listen } from './listener.ts';
import { LostAddresses } from './lost-addresses.ts';
import { OwnAddresses } from './own-addresses.ts';
import { type HelloOptions, OwnHello } from './own-hello.ts';
import { Session, type SessionEnd } from './session.ts';
import { type Guest, Sessions, type SessionsEvents } from './sessions.ts';
import type { Introduction, Transport, TransportEvents } from './transport.ts';
import { type Framed, WaitingFrames } from './waiting-frames.ts';

export interface SocketTransportOptions extends HelloOptions {
  /** Where to listen; port 0 draws one. */
  readonly host: string;
  readonly port: number;
  /** What peers are told to dial; the port is the one listened on. */
  readonly advertiseHost: string;
  /** How long a HELLO, a dial or the rest of a frame may take. */
  readonly socketTimeoutMs: number;
  readonly acceptQueueSize: number;
  /** Inbound connections; above it one is refused as busy. Of as many links, those that are idle are closed. */
  readonly connectionsMax: number;
  /** Frames of one connection that are handled before the others get their turn. */
  readonly framesPerTickMax: number;
  /** By what peers are known; null: by their word, and nothing is encrypted. */
  readonly trust: Trust | null;
  /** Receives who comes to join; null: nobody does here. */
  readonly guest: Guest | null;
}

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 2_000;
const CONTACTS_PER_SECOND = 5;
const SWEEPS_PER_TIMEOUT = 8;
/** A link over which nothing went for so many timeouts is idle. */
const IDLE_TIMEOUTS = 4;
const FLUSH_AT_STOP_MS = 200;

export class SocketTransport implements Transport {
  /** Where other peers are told to dial. */
  readonly address: Address;
  readonly #self: PeerId;
  readonly #events: TransportEvents;
  readonly #server: Server;
  readonly #hello: OwnHello;
  readonly #counters = new Counters();
  readonly #sessions: Sessions;
  readonly #links: Links;
  readonly #dials: Dials;
  readonly #datagrams: Datagrams;
  readonly #waiting = new WaitingFrames();
  readonly #ownAddresses = new OwnAddresses();
  readonly #sweeping: NodeJS.Timeout;
  #latest: Framed | null = null;
  /** Peers reported busy and not yet free. */
  readonly #busy = new Set<PeerId>();
  #stopped: Promise<unknown> | null = null;

  static async start(options: SocketTransportOptions, events: TransportEvents): Promise<SocketTransport> {
    let started: SocketTransport | null = null;
    const listener = await listen({
      host: options.host,
      port: options.port,
      backlog: options.acceptQueueSize,
      connectionsMax:
        options.connectionsMax +
        LIMITS.refusalsLingeringMax +
        (options.trust === null ? 0 : LIMITS.handshakesMax),
      // Who comes before both sockets are bound is cut off and comes again.
      accept: (socket) => (started === null ? socket.destroy() : started.#sessions.accept(socket)),
    });
    started = new SocketTransport(options, events, listener);
    return started;
  }

  private constructor(options: SocketTransportOptions, events: TransportEvents, listener: Listener) {
    this.#self = options.peer;
    this.#events = events;
    this.#server = listener.server;
    this.address = { host: options.advertiseHost, port: listener.port };
    this.#hello = new OwnHello(options, this.address);
    const sessionsOptions = {
      timeoutMs: options.socketTimeoutMs,
      hello: () => this.#hello.current,
      connectionsMax: options.connectionsMax,
      framesPerTickMax: options.framesPerTickMax,
      isSecured: options.trust !== null,
    };
    const seal = options.trust && new DatagramSeal();
    const security = options.trust && seal && { trust: options.trust, seal, guest: options.guest };
    this.#sessions = new Sessions(sessionsOptions, security, this.#sessionsEvents(), this.#counters);
    this.#links = this.#newLinks(options);
    this.#dials = this.#newDials(options.instance);
    this.#datagrams = this.#newDatagrams(options.site, listener, seal);
    listener.server.on('drop', () => this.#counters.bump('peer_connections_cut_total'));
    // A listener that could not accept one connection accepts the next. (NW4)
    listener.server.on('error', () => this.#counters.bump('peer_listener_errors_total'));
    this.#sweeping = this.#startSweeping(options.socketTimeoutMs);
  }

  send(to: PeerId, address: Address, message: Message, channel: Channel): void {
    if (this.#stopped !== null || to === this.#self) {
      this.#counters.bump('peer_frames_dropped_pointless_total');
      return;
    }
    const version = this.#spokenWith(to);
    if (channel === 'datagram' && this.#datagrams.send(to, address, message, version)) return;
    const framed = this.#frame(message, version);
    const { frame } = framed;
    if (frame.byteLength - FRAME_HEADER_BYTES > LIMITS.frameBytesMax) {
      this.#counters.bump('peer_frames_dropped_oversize_total');
      return;
    }
    // What each plane costs can be told apart by it; some of it may still be dropped.
    if (isOrderingMessage(message)) this.#counters.add('peer_order_bytes_queued_total', frame.byteLength);
    this.#sendFrame(to, address, framed);
  }

  contact(address: Address): void {
    const nowMs = performance.now();
    if (this.#stopped !== null) return;
    if (this.#links.reaches(address)) {
      queueMicrotask(() => {
        this.#links.giveUpMute(address, nowMs);
        if (this.#stopped === null && !this.#links.reaches(address)) this.#dials.contact(address, nowMs);
      });
      return;
    }
    if (sameAddress(address, this.address) || this.#ownAddresses.has(address, nowMs)) {
      queueMicrotask(() => this.#events.contactFailed(address, 'rejected'));
      return;
    }
    this.#dials.contact(address, nowMs);
  }

  introduce(self: Introduction): void {
    this.#hello.introduce(self);
  }

  /** Who may take part has changed: whoever may no longer is cut off. (TR7) */
  trustChanged(): void {
    if (this.#stopped === null) this.#sessions.judgeAgain();
  }

  counters(): { readonly [name: string]: number } {
    return this.#counters.all();
  }

  async stop(): Promise<void> {
    if (this.#stopped === null) {
      this.#dials.stop();
      clearInterval(this.#sweeping);
    }
    this.#stopped ??= Promise.all([
      new Promise((closed) => this.#server.close(closed)),
      this.#sessions.stop(FLUSH_AT_STOP_MS),
      this.#datagrams.close(FLUSH_AT_STOP_MS),
    ]);
    await this.#stopped;
  }

  #sendFrame(to: PeerId, address: Address, framed: Framed): void {
    const nowMs = performance.now();
    const line = this.#links.lineTo(to);
    if (line instanceof Session) {
      // A peer that moved has left its old connection behind, unless nobody answers where it is said to be. (NW11)
      if (this.#links.listensAt(to, address) || this.#dials.isPaused(address, nowMs)) {
        this.#sendOn(line, framed.frame);
        return;
      }
      queueMicrotask(() => this.#links.abandon(to, 'failed'));
    }
    const dropped = this.#waiting.add(to, framed);
    this.#counters.add('peer_frames_dropped_dialling_total', dropped);
    if (!this.#dials.want(address, to, nowMs)) this.#dropWaiting(to);
  }

  #sendOn(session: Session, frame: Buffer): void {
    if (session.linkedPeer !== null) this.#links.used(session.linkedPeer, performance.now());
    if (session.connection.send(frame)) this.#counters.bump('peer_frames_sent_total');
    else this.#counters.bump('peer_frames_dropped_full_total');
  }

  #dropWaiting(peer: PeerId): void {
    this.#counters.add('peer_frames_dropped_unreachable_total', this.#waiting.take(peer).length);
  }

  /** Of the wire; with whom no link stands, the oldest that is spoken here. (NW3) */
  #spokenWith(peer: PeerId): number {
    const line = this.#links.lineTo(peer);
    return line instanceof Session ? line.spoken : PROTOCOL_MIN;
  }

  /** One message to many peers is encoded once. */
  #frame(message: Message, version: number): Framed {
    if (this.#latest?.message !== message || this.#latest.version !== version) {
      this.#latest = { message, version, frame: messageFrame(message, version) };
    }
    return this.#latest;
  }

  #sessionsEvents(): SessionsEvents {
    return {
      outlivedBy: (hello) => this.#links.outlivedBy(hello, performance.now()),
      linked: (session, hello) => this.#linked(session, hello),
      message: (from, message) => {
        this.#links.heard(from, performance.now());
        if (this.#stopped === null) this.#events.received(from, message, 'stream');
      },
      refused: (where, code, reason) => {
        this.#counters.bump(`peer_refused_${code}_total`);
        this.#events.refused(where, code, reason);
      },
      distrusted: this.#distrusted,
      ended: (session, end, peer) => this.#ended(session, end, peer),
      busy: (session, busy) => this.#reportBusy(session, busy),
    };
  }

  readonly #distrusted = (where: string, why: TrustRefusal, named: PeerId | null): void => {
    this.#counters.bump(trustCounter(why));
    if (this.#stopped === null) this.#events.distrusted(where, why, named);
  };

  #linked(session: Session, hello: Hello): void {
    const { dialledAt } = session;
    this.#links.admit(session, hello, dialledAt, performance.now());
    if (dialledAt !== null) {
      this.#dials.succeeded(dialledAt);
      this.#links.dialEnded();
    }
    // What was busy was another connection.
    if (this.#busy.delete(hello.peer)) this.#events.linkBusy(hello.peer, false);
    const line = this.#links.lineTo(hello.peer);
    if (!(line instanceof Session)) return;
    for (const { message } of this.#waiting.take(hello.peer)) {
      this.#sendOn(line, this.#frame(message, line.spoken).frame);
    }
  }

  #ended(session: Session, end: SessionEnd, peer: PeerId | null): void {
    if (this.#stopped !== null) return;
    const nowMs = performance.now();
    if (peer !== null) {
      const cause = end.kind === 'lost' ? end.cause : 'failed';
      // Who gave an idle link up is there and may be dialled at once.
      const { dialledAt } = session;
      if (dialledAt !== null && cause !== 'idle') this.#dials.lost(dialledAt, session.ageMs, nowMs);
      this.#links.gone(session, peer, cause, nowMs);
      return;
    }
    if (end.kind === 'namesake') this.#events.namesake(end.hello);
    if (session.dialledAt === null) return;
    if (end.kind === 'self') this.#ownAddresses.add(session.dialledAt, nowMs);
    if (end.kind === 'namesake') this.#dials.succeeded(session.dialledAt);
    else this.#dials.failed(session.dialledAt, failureOf(end), nowMs);
    this.#links.dialEnded();
  }

  #reportBusy(session: Session, busy: boolean): void {
    const peer = session.linkedPeer;
    if (peer === null || this.#links.lineTo(peer) !== session) return;
    if (busy) this.#busy.add(peer);
    else this.#busy.delete(peer);
    this.#events.linkBusy(peer, busy);
  }

  #newLinks({ socketTimeoutMs: spareMs, connectionsMax: linksKept }: SocketTransportOptions): Links {
    return new Links(
      this.#self,
      { spareMs, linksKept, idleMs: IDLE_TIMEOUTS * spareMs },
      {
        up: (hello) => this.#events.linkUp(hello),
        down: (peer, cause) => {
          this.#busy.delete(peer);
          this.#events.linkDown(peer, cause);
        },
        helloDue: () => this.#sessions.helloDue,
      },
    );
  }

  #newDials(instance: string): Dials {
    const options = {
      backoffMinMs: BACKOFF_MIN_MS,
      backoffMaxMs: BACKOFF_MAX_MS,
      stableMs: BACKOFF_MAX_MS,
      contactsPerSecond: CONTACTS_PER_SECOND,
    };
    return new Dials(options, new Random(Number.parseInt(instance.slice(0, 8), 16)), {
      dial: (address) => this.#sessions.dial(address),
      failed: (address, cause, contacted, wantedBy) => {
        for (const peer of wantedBy) this.#dropWaiting(peer);
        this.#counters.bump(`peer_dials_failed_${cause}_total`);
        if (contacted) queueMicrotask(() => this.#events.contactFailed(address, cause));
      },
    });
  }

  #newDatagrams(site: string, listener: Listener, seal: DatagramSeal | null): Datagrams {
    const options = { site, self: this.#self, family: listener.family, seal };
    const events = {
      received: (from: PeerId, message: Message) => {
        if (this.#stopped === null) this.#events.received(from, message, 'datagram');
      },
      refused: this.#events.refused.bind(this.#events),
      distrusted: this.#distrusted,
    };
    return new Datagrams(listener.datagrams, options, events, this.#counters);
  }

  #startSweeping(socketTimeoutMs: number): NodeJS.Timeout {
    let sweptAtMs = performance.now();
    const addresses = new LostAddresses();
    return setInterval(() => {
      const nowMs = performance.now();
      const sinceMs = nowMs - sweptAtMs;
      sweptAtMs = nowMs;
      // After a pause of this process others have spoken and were not heard yet: they are judged next time.
      if (sinceMs > socketTimeoutMs / 2) return;
      const lost = addresses.look();
      if (lost.size > 0) this.#sessions.addressesLost(lost);
      this.#sessions.sweep(nowMs);
      this.#links.sweep(nowMs);
    }, socketTimeoutMs / SWEEPS_PER_TIMEOUT);
  }
}

function failureOf(end: SessionEnd): ContactFailure {
  if (end.kind === 'too-late') return 'timeout';
  if (end.kind !== 'lost') return 'rejected';
  switch (end.errorCode) {
    case null:
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timeout';
    default:
      return handshakeRefusal(end.errorCode) === null ? 'unreachable' : 'rejected';
  }
}
