// A transport within one process, for tests of the host: several are plugged into one switch. Messages are
// passed as they are, one turn of the event loop later. SPEC rules NW2-NW8, NW11, as far as they can be seen.

import { type Address, addressText, sameAddress } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Channel } from '../../protocol/outbox.ts';
import type { Message } from '../../wire/messages.ts';
import { Counters } from './counters.ts';
import { judge } from './handshake.ts';
import { type HelloOptions, OwnHello } from './own-hello.ts';
import type { Introduction, Transport, TransportEvents } from './transport.ts';

export interface MemoryTransportOptions extends HelloOptions {
  /** 0 draws one. */
  readonly port: number;
}

const HOST = '127.0.0.1';
const DRAWN_PORTS_FROM = 40_000;

/** Who is plugged in where. */
export class MemorySwitch {
  readonly #plugged = new Map<string, MemoryTransport>();
  #drawn = DRAWN_PORTS_FROM;

  plug(transport: (address: Address) => MemoryTransport, port: number): MemoryTransport {
    if (port === 0) this.#drawn += 1;
    const address: Address = { host: HOST, port: port === 0 ? this.#drawn : port };
    if (this.at(address) !== null) throw new Error(`${addressText(address)} is in use`);
    const plugged = transport(address);
    this.#plugged.set(addressText(address), plugged);
    return plugged;
  }

  unplug(address: Address): void {
    this.#plugged.delete(addressText(address));
  }

  at(address: Address): MemoryTransport | null {
    return this.#plugged.get(addressText(address)) ?? null;
  }
}

export class MemoryTransport implements Transport {
  readonly address: Address;
  readonly #options: MemoryTransportOptions;
  readonly #events: TransportEvents;
  readonly #switch: MemorySwitch;
  readonly #hello: OwnHello;
  readonly #counters = new Counters();
  readonly #links = new Map<PeerId, MemoryTransport>();
  #stopped = false;

  static start(on: MemorySwitch, options: MemoryTransportOptions, events: TransportEvents): MemoryTransport {
    return on.plug((address) => new MemoryTransport(on, address, options, events), options.port);
  }

  private constructor(
    on: MemorySwitch,
    address: Address,
    options: MemoryTransportOptions,
    events: TransportEvents,
  ) {
    this.address = address;
    this.#switch = on;
    this.#options = options;
    this.#events = events;
    this.#hello = new OwnHello(options, address);
  }

  send(to: PeerId, address: Address, message: Message, channel: Channel): void {
    if (this.#stopped || to === this.#options.peer) return;
    setImmediate(() => {
      if (this.#stopped) return;
      const other = channel === 'datagram' ? this.#switch.at(address) : this.#linkTo(to, address);
      if (other === null || other.#options.site !== this.#options.site) {
        this.#counters.bump('peer_frames_dropped_unreachable_total');
        return;
      }
      this.#counters.bump(channel === 'stream' ? 'peer_frames_sent_total' : 'peer_datagrams_sent_total');
      other.#events.received(this.#options.peer, message, channel);
    });
  }

  contact(address: Address): void {
    setImmediate(() => {
      if (this.#stopped) return;
      const other = this.#switch.at(address);
      if (other === null) this.#events.contactFailed(address, 'refused');
      else if (!this.#isLinkedWith(other)) this.#greet(other, address);
    });
  }

  introduce(self: Introduction): void {
    this.#hello.introduce(self);
  }

  counters(): { readonly [name: string]: number } {
    return this.#counters.all();
  }

  stop(): Promise<void> {
    if (!this.#stopped) {
      setImmediate(() => {
        this.#switch.unplug(this.address);
        for (const other of this.#links.values()) other.#lose(this);
        this.#links.clear();
      });
    }
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#stopped = true;
        resolve();
      });
    });
  }

  #isLinkedWith(other: MemoryTransport): boolean {
    return this.#links.get(other.#options.peer) === other;
  }

  /** The linked process, after a dial where there is none or the peer is said to have moved. */
  #linkTo(to: PeerId, address: Address): MemoryTransport | null {
    const linked = this.#links.get(to);
    if (linked !== undefined && sameAddress(linked.address, address)) return linked;
    const other = this.#switch.at(address);
    if (other === null) return linked ?? null;
    if (!this.#isLinkedWith(other)) this.#greet(other, null);
    return this.#links.get(to) ?? null;
  }

  /** `contacted`: the address somebody asked about. */
  #greet(other: MemoryTransport, contacted: Address | null): void {
    const rejected = (): void => {
      if (contacted !== null) this.#events.contactFailed(contacted, 'rejected');
    };
    const ours = this.#hello.current;
    const theirs = other.#hello.current;
    const verdict = judge(theirs, ours);
    if (verdict.kind === 'namesake') {
      this.#events.namesake(theirs);
      other.#events.namesake(ours);
    } else if (verdict.kind === 'refused') {
      this.#events.refused(addressText(other.address), verdict.code, verdict.reason);
      other.#events.refused(addressText(this.address), verdict.code, verdict.reason);
      rejected();
    } else if (verdict.kind === 'self') {
      rejected();
    } else {
      this.#link(other);
      other.#link(this);
    }
  }

  #link(other: MemoryTransport): void {
    const before = this.#links.get(other.#options.peer);
    if (before !== undefined) {
      this.#lose(before);
      before.#lose(this);
    }
    this.#links.set(other.#options.peer, other);
    this.#events.linkUp(other.#hello.current);
  }

  #lose(other: MemoryTransport): void {
    if (this.#stopped || !this.#isLinkedWith(other)) return;
    this.#links.delete(other.#options.peer);
    this.#events.linkDown(other.#options.peer, 'closed');
  }
}
