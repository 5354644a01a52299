// The real host of a peer: brings it what the sockets, the disk and the clock say, and carries out what it asks.
// One peer, one timer. SPEC rules HO1-HO5 and HO9.

import { performance } from 'node:perf_hooks';
import type { HistoryCarrier } from '../hub/log-source.ts';
import { NO_HISTORY } from '../hub/no-history.ts';
import { type Carrier, PeerHub } from '../hub/peer-hub.ts';
import type { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import type { HardState, Recovered } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import type { PeerId } from '../model/ids.ts';
import type { Now } from '../model/time.ts';
import type { PeerOptions } from '../peer/options.ts';
import { Peer } from '../peer/peer.ts';
import type { Input, PeerOutbox } from '../peer/port.ts';
import type { AddressStore, OrderStore, Store, StoreEvent } from '../storage/store.ts';
import { CommittedLog } from './committed-log.ts';
import type { NodeLog } from './log.ts';
import { Rate } from './network/rate.ts';
import type { Transport, TransportEvents } from './network/transport.ts';
import { orderRequests } from './order-requests.ts';
import { lineOf } from './story.ts';

/** A wake-up that comes later than this was not the timer's fault: the process stood still. */
const STALL_MS = 250;
/** Node's timers overflow above this. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const COMPLAINTS_PER_SECOND = 5;
/** Facts of somebody kept out; counters count all. (TR8) */
const DISTRUSTS_PER_SECOND = 5;

/** How long a stop waits for another to lead. */
const HAND_OVER_MS = 600;
const HAND_OVER_LOOK_MS = 5;

const DISK_TEXTS: { readonly [type in StoreEvent['type']]: string } = {
  full: 'the disk is full: no readings are ordered here until there is room',
  space: 'the disk has room again',
  'log-damaged': 'a part of the log is damaged',
  'log-sealed': 'a segment of the log is full',
  'pin-expired': 'somebody held the log for too long',
  'outbox-full': 'the outbox is as large as it may be',
  'outbox-room': 'the outbox has room again',
  'outbox-dropped': 'readings that were never ordered were dropped from the outbox',
};

interface Counts {
  readonly [name: string]: number;
}

export interface HostOptions {
  readonly peer: PeerOptions;
  readonly changesKept: number;
  readonly commitTimeoutMs: number;
  /** The peer found itself wrong and takes no further step: the program is to end. */
  readonly broken: (error: unknown) => void;
}

export class Host implements Carrier {
  readonly self: PeerId;
  readonly peer: Peer;
  readonly hub: PeerHub;
  readonly #log: NodeLog;
  readonly #store: Store & AddressStore;
  readonly #committed: CommittedLog | null;
  readonly #broken: (error: unknown) => void;
  readonly #counted: (() => Counts)[];
  readonly #complaints = new Rate(COMPLAINTS_PER_SECOND);
  readonly #distrusts = new Rate(DISTRUSTS_PER_SECOND);
  #stalledMs = 0;
  /** Batches at the disk. */
  #appending = 0;
  /** Until the disk takes something again. */
  #isDiskFull = false;
  #transport: Transport | null = null;
  #stopped = false;

  /** Inputs that arrived during a step: a step is never entered twice. Bounded by what bounds the inputs. */
  readonly #inputs: Input[] = [];
  #stepping = false;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #running: (() => void) | null = null;
  /** What HELLO may say: never more than a crash would remember. */
  #durable: HardState | null = null;
  readonly #out: PeerOutbox;

  /** `orderStore`: where the order is kept; null for a node that takes no part in it. */
  constructor(
    options: HostOptions,
    store: Store & AddressStore,
    orderStore: OrderStore | null,
    recovered: Recovered,
    random: Random,
    log: NodeLog,
  ) {
    this.self = options.peer.peer;
    this.#store = store;
    this.#log = log;
    this.#broken = options.broken;
    this.#counted = [() => this.#store.counters(), () => this.#transport?.counters() ?? {}];
    this.#out = this.#outbox(orderStore);
    this.peer = new Peer(options.peer, recovered, random, this.now());
    const { history } = this.peer;
    this.#committed = history && orderStore && new CommittedLog(history, orderStore, this);
    this.hub = new PeerHub(this, options);
  }

  get history(): HistoryCarrier {
    return this.#committed ?? NO_HISTORY;
  }

  readonly later = (ms: number, act: () => void): (() => void) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  };

  now(): Now {
    return { steadyMs: performance.now(), wallMs: Date.now() };
  }

  counters(): Counts {
    const own = { host_stalled_ms_total: Math.round(this.#stalledMs) };
    return Object.assign(own, ...this.#counted.map((counts) => counts()));
  }

  /** What parts count of which the host knows nothing else, such as inputs. */
  count(counts: () => Counts): void {
    this.#counted.push(counts);
  }

  /** What the transport tells goes straight to the peer. */
  readonly events: TransportEvents = {
    received: (from, message, channel) => this.deliver({ type: 'received', from, message, channel }),
    linkUp: (hello) => this.deliver({ type: 'link-up', hello }),
    linkDown: (peer, cause) => this.deliver({ type: 'link-down', peer, cause }),
    linkBusy: (peer, busy) => this.deliver({ type: 'link-busy', peer, busy }),
    contactFailed: (address, cause) => this.deliver({ type: 'contact-failed', address, cause }),
    namesake: (hello) => this.deliver({ type: 'namesake', hello }),
    refused: (where, code, reason) => {
      // Each is counted; a flood of them is not to fill the disk.
      if (this.#complaints.allows(performance.now())) this.#log.warn('refused', { where, code, reason });
    },
    distrusted: (where, why, named) => {
      if (this.#distrusts.allows(performance.now())) {
        this.#announce({ type: 'peer-refused', where, why, named });
      }
    },
  };

  /** Resolves when what must be durable before the first word is; the transport may be opened only then. (HO1) */
  prepare(): Promise<void> {
    return new Promise((resolve) => {
      this.#running = resolve;
      this.peer.start(this.#out);
    });
  }

  open(transport: Transport): void {
    this.#transport = transport;
    this.#introduce();
    this.#arm();
  }

  deliver(input: Input): void {
    this.#inputs.push(input);
    if (this.#stepping || this.#stopped) return;
    this.#stepping = true;
    try {
      for (let at = 0; at < this.#inputs.length; at++) {
        this.peer.handle(this.#inputs[at] as Input, this.now(), this.#out);
      }
    } catch (error) {
      this.#breakDown(error);
      return;
    }
    this.#inputs.length = 0;
    this.#stepping = false;
    this.#arm();
  }

  /** What happens on the disk without being asked. */
  disk(event: StoreEvent): void {
    const { type } = event;
    const level = type === 'space' || type === 'log-sealed' ? 'debug' : 'warn';
    this.#log[level](DISK_TEXTS[type], { what: JSON.stringify(event) });
    if (type === 'log-damaged') {
      this.deliver({ type: 'disk-state', state: { from: event.from, to: event.to, is: 'found' } });
    }
    if (type === 'full') this.deliver({ type: 'disk-state', state: 'full' });
    if (type === 'space') this.deliver({ type: 'disk-state', state: 'fine' });
  }

  /** There was no space; what is at the disk waits until there is. (HO3) */
  diskFull(): void {
    this.#isDiskFull = true;
    this.#tellRoom();
  }

  /** Says goodbye; what was submitted before is stored. (HO4) */
  async stop(): Promise<void> {
    if (this.peer.history?.leads != null && !this.#stopped) await this.#handOver();
    this.deliver({ type: 'leave' });
    if (this.#timer) clearTimeout(this.#timer);
    await this.#transport?.stop();
    await this.#store.close();
    this.#stopped = true;
    this.hub.close('this node has stopped');
  }

  /** Who leads the order lets another lead first, as far as there is one. (HO11) */
  async #handOver(): Promise<void> {
    this.deliver({ type: 'hand-over' });
    const untilMs = performance.now() + HAND_OVER_MS;
    while (this.peer.history?.leads != null && performance.now() < untilMs) await pause(HAND_OVER_LOOK_MS);
  }

  #outbox(orderStore: OrderStore | null): PeerOutbox {
    return {
      order: orderStore && orderRequests(orderStore, (input) => this.deliver(input)),
      send: (to, message, channel) => {
        const address = this.peer.addressOf(to);
        if (address !== null) this.#transport?.send(to, address, message, channel);
      },
      contact: (address: Address) => this.#transport?.contact(address),
      announce: (fact) => this.#announce(fact),
      append: (batch) => {
        this.#appending++;
        this.#tellRoom();
        this.#store.append(batch, (stored) => {
          this.#appending--;
          this.#isDiskFull = false;
          this.#tellRoom();
          this.deliver({ type: 'appended', batch, ...(stored && { stored }) });
        });
      },
      saveHardState: (state) => this.#store.saveHardState(state, () => this.#hardStateSaved(state)),
      saveSnapshot: (snapshot) =>
        this.#store.saveSnapshot(snapshot, () => this.deliver({ type: 'snapshot-saved', snapshot })),
      saveAddresses: (addresses) => this.#store.saveAddresses(addresses),
    };
  }

  /** What comes while others wait for space would wait behind them. */
  #tellRoom(): void {
    this.hub.diskFull(this.#isDiskFull && this.#appending > 0);
  }

  #hardStateSaved(state: HardState): void {
    this.#durable = state;
    this.deliver({ type: 'hard-state-saved', state });
    this.#introduce();
    this.#running?.();
    this.#running = null;
  }

  #introduce(): void {
    if (this.#durable) this.#transport?.introduce(this.#durable);
  }

  #announce(fact: Fact): void {
    const line = lineOf(fact);
    if (line !== null) this.#log[line.level](line.text, line.fields);
    this.#committed?.hear(fact);
    this.hub.hear(fact);
  }

  /** Such an error must not end as the rejected promise of whoever submitted a reading. (HO10) */
  #breakDown(error: unknown): void {
    this.#stopped = true;
    this.#inputs.length = 0;
    this.#broken(error);
  }

  /** The timer is moved only towards the present; one that fires early finds nothing due and is set again. */
  #arm(): void {
    const nowMs = performance.now();
    // What is overdue is due now: lateness is counted from when it could have been done.
    const wakeAt = Math.max(this.peer.wakeAt, nowMs);
    if (this.#stopped || this.#transport === null || wakeAt >= this.#timerAt) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAt = wakeAt;
    this.#timer = setTimeout(() => this.#wake(), Math.min(wakeAt - nowMs, TIMER_MAX_MS));
  }

  #wake(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#timerAt;
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    // Timeouts of others that ran out while this process stood still say nothing about them. (HO5)
    if (lateMs > STALL_MS) {
      this.#stalledMs += lateMs;
      this.deliver({ type: 'stalled', forMs: lateMs });
    }
    if (nowMs >= this.peer.wakeAt) this.deliver({ type: 'wake' });
    else this.#arm();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
