// A host that carries one peer through a test: time stands where the test puts it, the disk answers when told to,
// and everything the peer asks for is written down.

import { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import type { Batch, HardState, KnownAddress, Recovered, Snapshot } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import type { Now } from '../model/time.ts';
import { MEMBERSHIP_DEFAULTS } from '../protocol/membership/options.ts';
import type { Channel } from '../protocol/outbox.ts';
import { REPLICATION_DEFAULTS } from '../protocol/replication/options.ts';
import type { Message } from '../wire/messages.ts';
import type { PeerOptions } from './options.ts';
import { Peer } from './peer.ts';
import type { Input, PeerOutbox } from './port.ts';

export const ANN = 'ann' as PeerId;
export const BOB = 'bob' as PeerId;
export const EMPTY_DISK: Recovered = {
  hardState: { identity: { birth: 1, random: '00000000000000aa' }, incarnation: 0 },
  snapshot: null,
  batches: [],
};

export function peerOptions(peer: PeerId, overrides: Partial<PeerOptions> = {}): PeerOptions {
  return {
    peer,
    address: { host: '127.0.0.1', port: 9000 },
    apiPort: 0,
    zone: '',
    seeds: [],
    topology: 'full_mesh',
    membership: MEMBERSHIP_DEFAULTS,
    replication: REPLICATION_DEFAULTS,
    history: null,
    maxClockSkewMs: 5_000,
    snapshotIntervalMs: 60_000,
    snapshotAfterRecords: 1_000,
    ...overrides,
  };
}

export class SoloHost implements PeerOutbox {
  readonly peer: Peer;
  readonly facts: Fact[] = [];
  readonly order = null;
  readonly sent: { readonly to: PeerId; readonly message: Message }[] = [];
  readonly contacted: Address[] = [];
  /** The address book as it was written down last. */
  addresses: readonly KnownAddress[] = [];
  /** What the disk has been asked for and has not answered, oldest first. */
  readonly asked: Input[] = [];
  /** Whether the disk answers each request at once. */
  readonly #promptDisk: boolean;
  #nowMs = 0;
  #delivering = false;
  readonly #inputs: Input[] = [];
  #lastTicket = 0;
  onFact: (fact: Fact) => void = () => {};

  constructor(options: PeerOptions, recovered: Recovered, promptDisk: boolean) {
    this.#promptDisk = promptDisk;
    this.peer = new Peer(options, recovered, new Random(7), this.now());
    this.peer.start(this);
  }

  now(): Now {
    return { steadyMs: this.#nowMs, wallMs: 1_700_000_000_000 + this.#nowMs };
  }

  /** Time goes on to `ms`, with every wake-up on the way. */
  runUntil(ms: number): void {
    while (this.peer.wakeAt <= ms) {
      this.#nowMs = Math.max(this.#nowMs, this.peer.wakeAt);
      this.deliver({ type: 'wake' });
    }
    this.#nowMs = ms;
  }

  deliver(input: Input): void {
    this.#inputs.push(input);
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      this.peer.handle(next, this.now(), this);
    }
    this.#delivering = false;
  }

  /** The disk answers all it was asked for. */
  flush(): void {
    for (const answer of this.asked.splice(0)) this.deliver(answer);
  }

  /** Submits, and gives the ticket. */
  submit(sensor: string, value: Reading['value'], key?: string): number {
    const ticket = ++this.#lastTicket;
    const receipt = key === undefined ? undefined : { key, answer: `answer to ${key}` };
    const readings = [{ sensor: sensor as SensorId, value }];
    this.deliver({ type: 'submit', ticket, readings, ...(receipt && { receipt }) });
    return ticket;
  }

  factsOf<T extends Fact['type']>(type: T): Extract<Fact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type);
  }

  valueOf(sensor: string): Reading['value'] | null {
    return this.peer.replication.latestOf(sensor as SensorId)?.record.value ?? null;
  }

  send(to: PeerId, message: Message, _channel: Channel): void {
    this.sent.push({ to, message });
  }

  contact(address: Address): void {
    this.contacted.push(address);
  }

  announce(fact: Fact): void {
    this.facts.push(fact);
    this.onFact(fact);
  }

  append(batch: Batch): void {
    this.#ask({ type: 'appended', batch });
  }

  saveHardState(state: HardState): void {
    this.#ask({ type: 'hard-state-saved', state });
  }

  saveSnapshot(snapshot: Snapshot): void {
    this.#ask({ type: 'snapshot-saved', snapshot });
  }

  saveAddresses(addresses: readonly KnownAddress[]): void {
    this.addresses = addresses;
  }

  #ask(answer: Input): void {
    if (this.#promptDisk) this.deliver(answer);
    else this.asked.push(answer);
  }
}
