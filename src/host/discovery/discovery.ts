// Finding peers nobody told us of: NEW_PEER_REQUEST is broadcast over UDP, and whoever hears a stranger answers
// it, so that both learn of each other. SPEC rules NW17-NW20.
//
// There are two sockets. The one on the well-known port is shared by all nodes of a machine, and the system hands
// a broadcast to each of them, but a packet for one address only to one of them. So requests leave from a socket
// with a port of its own, to which the answer finds its way.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { decodeDatagram, decodeDiscovery, encodeDatagram, encodeDiscovery } from '../../wire/envelope.ts';
import { malformedCode } from '../../wire/malformed.ts';
import { PROTOCOL } from '../../wire/messages.ts';
import { Counters } from '../network/counters.ts';
import { errorMessage } from '../network/handshake.ts';
import { Rate } from '../network/rate.ts';
import { broadcastAddresses, isLoopback } from './broadcast-addresses.ts';

export interface DiscoveryOptions {
  readonly site: string;
  readonly peer: PeerId;
  readonly instance: string;
  /** Where this peer listens for others. */
  readonly host: string;
  /** What others are told to dial. */
  readonly address: Address;
  readonly broadcastPort: number;
  readonly pace: DiscoveryPace;
}

export interface DiscoveryPace {
  /** When the first requests are sent, counted from the start. */
  readonly atStartMs: readonly number[];
  readonly aloneEveryMs: number;
  readonly otherwiseEveryMs: number;
}

export const DISCOVERY_PACE: DiscoveryPace = {
  atStartMs: [0, 150, 400, 900],
  aloneEveryMs: 5_000,
  otherwiseEveryMs: 30_000,
};

export interface DiscoveryEvents {
  discovered(address: Address): void;
  /** Discovery is off, or one way of sending does not work. Said once. */
  warning(text: string, cause: unknown): void;
}

const ANSWERS_PER_SECOND = 10;
const DISCOVERED_PER_SECOND = 50;
/** A process that was silent for so long is answered like a stranger. */
const STRANGER_AFTER_MS = 60_000;

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #events: DiscoveryEvents;
  readonly #counters = new Counters();
  readonly #answers = new Rate(ANSWERS_PER_SECOND);
  readonly #discoveries = new Rate(DISCOVERED_PER_SECOND);
  readonly #packet: Uint8Array;
  /** When a process was last heard, by its instance; the one heard longest ago first. */
  readonly #heardAtMs = new Map<string, number>();
  #sockets: { readonly shared: Socket; readonly own: Socket } | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #startedAtMs = performance.now();
  #requests = 0;
  #alone = true;
  #warned = false;

  /** Resolves in any case: where the port cannot be bound, discovery is off. */
  static async start(options: DiscoveryOptions, events: DiscoveryEvents): Promise<Discovery> {
    const discovery = new Discovery(options, events);
    await discovery.#open();
    return discovery;
  }

  private constructor(options: DiscoveryOptions, events: DiscoveryEvents) {
    const { site, peer, instance, address } = options;
    this.#options = options;
    this.#events = events;
    this.#packet = encodeDiscovery({ protocol: PROTOCOL, site, peer, instance, address });
  }

  get isOn(): boolean {
    return this.#sockets !== null;
  }

  /** Whether this peer knows of no other that is alive. */
  set alone(alone: boolean) {
    if (alone === this.#alone) return;
    this.#alone = alone;
    if (this.isOn) this.#schedule();
  }

  counters(): { readonly [name: string]: number } {
    return this.#counters.all();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const sockets = this.#sockets;
    this.#sockets = null;
    if (sockets === null) return;
    await Promise.all([sockets.shared, sockets.own].map(closed));
  }

  async #open(): Promise<void> {
    const { host, broadcastPort } = this.#options;
    const loopback = isLoopback(host);
    let shared: Socket | null = null;
    try {
      // Bound to the broadcast address, a socket hears nothing but loopback broadcasts.
      const hears = loopback && process.platform === 'linux' ? '127.255.255.255' : '0.0.0.0';
      shared = await bound(hears, broadcastPort, true);
      const own = await bound(loopback ? '127.0.0.1' : '0.0.0.0', 0, false);
      this.#sockets = { shared, own };
    } catch (cause) {
      if (shared !== null) await closed(shared);
      this.#warn(`discovery is off: UDP port ${broadcastPort} cannot be used`, cause);
      return;
    }
    for (const socket of [this.#sockets.shared, this.#sockets.own]) {
      socket.on('message', (packet, from) => this.#receive(packet, from));
      socket.on('error', (error) => this.#warn('a discovery socket reports an error', error));
    }
    this.#sockets.own.setBroadcast(true);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { atStartMs, aloneEveryMs, otherwiseEveryMs } = this.#options.pace;
    const sinceStartMs = performance.now() - this.#startedAtMs;
    const atMs = atStartMs[this.#requests];
    const everyMs = this.#alone ? aloneEveryMs : otherwiseEveryMs;
    // Nodes that start together are not to speak together for ever.
    const inMs =
      atMs === undefined ? everyMs * (0.9 + Math.random() * 0.2) : Math.max(0, atMs - sinceStartMs);
    this.#timer = setTimeout(() => {
      this.#request();
      this.#schedule();
    }, inMs);
  }

  #request(): void {
    this.#requests += 1;
    for (const host of broadcastAddresses(this.#options.host, networkInterfaces())) {
      this.#send(this.#packet, host, this.#options.broadcastPort);
    }
  }

  #send(packet: Uint8Array, host: string, port: number): void {
    this.#sockets?.own.send(packet, port, host, (error) => {
      if (error === null) {
        this.#counters.bump('discovery_packets_sent_total');
        return;
      }
      this.#counters.bump('discovery_packets_dropped_total');
      this.#warn(`discovery cannot send to ${host}`, error);
    });
  }

  #receive(packet: Buffer, from: RemoteInfo): void {
    if (!this.isOn) return;
    const request = decodeDiscovery(packet);
    if (!request.ok) {
      const refusal = decodeDatagram(packet);
      if (refusal.ok && refusal.value.message.type === 'ERROR') {
        this.#counters.bump('discovery_errors_received_total');
      } else {
        this.#counters.bump(`discovery_packets_refused_${malformedCode(request.problem)}_total`);
      }
      return;
    }
    const { site, instance, address } = request.value;
    if (instance === this.#options.instance) return;
    if (isLoopback(this.#options.host) && !isLoopback(from.address)) {
      this.#counters.bump('discovery_packets_refused_not_loopback_total');
      return;
    }
    if (site !== this.#options.site) {
      this.#refuse(packet, from);
      return;
    }
    this.#counters.bump('discovery_packets_received_total');
    const nowMs = performance.now();
    if (this.#isStranger(instance, nowMs) && this.#answers.allows(nowMs)) {
      this.#send(this.#packet, from.address, from.port);
    }
    if (this.#discoveries.allows(nowMs)) this.#events.discovered(address);
  }

  /** Whoever forges a sender must gain nothing: the answer is smaller than what came, and rare. (NW14) */
  #refuse(packet: Buffer, from: RemoteInfo): void {
    this.#counters.bump('discovery_packets_refused_wrong_site_total');
    const { site, peer } = this.#options;
    const answer = encodeDatagram(site, peer, errorMessage('wrong_site', ''));
    if (answer.byteLength >= packet.byteLength || !this.#answers.allows(performance.now())) return;
    this.#send(answer, from.address, from.port);
  }

  #isStranger(instance: string, nowMs: number): boolean {
    const heardAtMs = this.#heardAtMs.get(instance);
    this.#heardAtMs.delete(instance);
    this.#heardAtMs.set(instance, nowMs);
    for (const oldest of this.#heardAtMs.keys()) {
      if (this.#heardAtMs.size <= LIMITS.discoveryHeardMax) break;
      this.#heardAtMs.delete(oldest);
    }
    return heardAtMs === undefined || nowMs - heardAtMs > STRANGER_AFTER_MS;
  }

  #warn(text: string, cause: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#events.warning(text, cause);
  }
}

async function bound(host: string, port: number, shared: boolean): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: shared });
  try {
    await new Promise<void>((resolve, failed) => {
      socket.once('error', failed);
      socket.bind({ address: host, port }, resolve);
    });
  } catch (error) {
    await closed(socket);
    throw error;
  }
  socket.removeAllListeners('error');
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
