// Dialling: one attempt an address at a time, with a growing pause after failures. SPEC rules NW8, NW11.
//
//   idle ──wanted──▶ dialling ──HELLO──▶ idle
//     ▲                 │ failed: the pause before the next attempt doubles
//     └─────────────────┘
//   idle ──wanted within the pause──▶ waiting ──▶ dialling
//
// A message waits for the pause to end; a contact does not, since it verifies whether somebody is gone. It is
// only kept from dialling one address all the time.

import type { Random } from '../../kit/random.ts';
import { type Address, addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { ContactFailure } from '../../protocol/outbox.ts';
import { Rate } from './rate.ts';

export interface DialOptions {
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** A link that stood for so long forgives the failures before it. */
  readonly stableMs: number;
  /** So many contacts to one address start at once, and later so many a second. */
  readonly contactsPerSecond: number;
}

export interface DialEvents {
  /** Opens a connection; to be answered by `succeeded` or `failed`. */
  dial(address: Address): void;
  /** `contacted`: somebody asked for an answer. `wantedBy`: for whom messages wait. */
  failed(address: Address, cause: ContactFailure, contacted: boolean, wantedBy: ReadonlySet<PeerId>): void;
}

type DialState =
  | { readonly name: 'idle' }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout; readonly untilMs: number }
  | { readonly name: 'dialling' };

interface Dial {
  readonly address: Address;
  state: DialState;
  failures: number;
  /** Before this moment messages start no attempt. */
  pausedUntilMs: number;
  readonly contacts: Rate;
  contacted: boolean;
  readonly wantedBy: Set<PeerId>;
}

const IDLE: DialState = { name: 'idle' };
/** How soon a dial is tried again for which there were too many others. */
const CROWDED_MS = 50;

export class Dials {
  readonly #options: DialOptions;
  readonly #random: Random;
  readonly #events: DialEvents;
  /** By address, the one used longest ago first. */
  readonly #dials = new Map<string, Dial>();
  #underWay = 0;

  constructor(options: DialOptions, random: Random, events: DialEvents) {
    this.#options = options;
    this.#random = random;
    this.#events = events;
  }

  /** Somebody wants to know who is there. */
  contact(address: Address, nowMs: number): void {
    const dial = this.#dialOf(address);
    if (dial === null) {
      this.#events.failed(address, 'unreachable', true, new Set());
      return;
    }
    dial.contacted = true;
    if (dial.state.name === 'dialling') return;
    const waitMs = dial.contacts.allows(nowMs) ? 0 : 1_000 / this.#options.contactsPerSecond;
    this.#startAt(dial, nowMs + waitMs, nowMs);
  }

  /** A message waits for `peer`. False when there are too many dials. */
  want(address: Address, peer: PeerId, nowMs: number): boolean {
    const dial = this.#dialOf(address);
    if (dial === null) return false;
    dial.wantedBy.add(peer);
    this.#startAt(dial, dial.pausedUntilMs, nowMs);
    return true;
  }

  /** Whether the latest attempt there failed a short time ago. */
  isPaused(address: Address, nowMs: number): boolean {
    return (this.#dials.get(addressText(address))?.pausedUntilMs ?? 0) > nowMs;
  }

  succeeded(address: Address): void {
    const dial = this.#ended(address);
    if (dial === null) return;
    dial.contacted = false;
    dial.wantedBy.clear();
  }

  failed(address: Address, cause: ContactFailure, nowMs: number): void {
    const dial = this.#ended(address);
    if (dial === null) return;
    this.#pause(dial, nowMs);
    const { contacted } = dial;
    const wantedBy = new Set(dial.wantedBy);
    dial.contacted = false;
    dial.wantedBy.clear();
    this.#events.failed(address, cause, contacted, wantedBy);
  }

  /** A connection dialled here has ended after it stood for `stoodMs`. */
  lost(address: Address, stoodMs: number, nowMs: number): void {
    const dial = this.#dials.get(addressText(address));
    if (dial === undefined) return;
    if (stoodMs >= this.#options.stableMs) dial.failures = 0;
    this.#pause(dial, nowMs);
  }

  stop(): void {
    for (const { state } of this.#dials.values()) if (state.name === 'waiting') clearTimeout(state.timer);
    this.#dials.clear();
  }

  #startAt(dial: Dial, atMs: number, nowMs: number): void {
    if (dial.state.name === 'dialling') return;
    if (dial.state.name === 'waiting') {
      if (dial.state.untilMs <= atMs) return;
      clearTimeout(dial.state.timer);
    }
    const startMs = this.#underWay >= LIMITS.dialsUnderWayMax ? Math.max(atMs, nowMs + CROWDED_MS) : atMs;
    if (startMs > nowMs) {
      const timer = setTimeout(() => this.#retry(dial), startMs - nowMs);
      dial.state = { name: 'waiting', timer, untilMs: startMs };
      return;
    }
    dial.state = { name: 'dialling' };
    this.#underWay += 1;
    this.#events.dial(dial.address);
  }

  #retry(dial: Dial): void {
    const nowMs = performance.now();
    dial.state = IDLE;
    this.#startAt(dial, nowMs, nowMs);
  }

  #ended(address: Address): Dial | null {
    const dial = this.#dials.get(addressText(address));
    if (dial === undefined || dial.state.name !== 'dialling') return null;
    dial.state = IDLE;
    this.#underWay -= 1;
    return dial;
  }

  /** Doubles with each failure; the jitter keeps peers that lost one another at once from meeting again and again. */
  #pause(dial: Dial, nowMs: number): void {
    const { backoffMinMs, backoffMaxMs } = this.#options;
    const pauseMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(dial.failures, 16));
    dial.failures += 1;
    dial.pausedUntilMs = nowMs + pauseMs * this.#random.between(0.75, 1.25);
  }

  #dialOf(address: Address): Dial | null {
    const text = addressText(address);
    const known = this.#dials.get(text);
    if (known !== undefined) {
      this.#dials.delete(text);
      this.#dials.set(text, known);
      return known;
    }
    if (this.#dials.size >= LIMITS.dialsKnownMax && !this.#forgetOne()) return null;
    const dial: Dial = {
      address,
      state: IDLE,
      failures: 0,
      pausedUntilMs: 0,
      contacts: new Rate(this.#options.contactsPerSecond),
      contacted: false,
      wantedBy: new Set(),
    };
    this.#dials.set(text, dial);
    return dial;
  }

  #forgetOne(): boolean {
    for (const [text, dial] of this.#dials) {
      if (dial.state.name === 'idle') return this.#dials.delete(text);
    }
    return false;
  }
}
