// Probes under way, own and on behalf of others (SWIM §3.1). SPEC rules MB7, MB25.
//
//   direct ──no PONG in time──▶ indirect, twice ──no PONG in time──▶ failed
//      │                            │
//      │ PONG                       ├──PONG by way of another──▶ relayed (waits for a late direct one)
//      ▼                            ▼ PONG over the stream
//   answered                     answered
//
// The direct PING and those asked of others carry different nonces: who relays cannot be taken for the target,
// even where another peer has come to listen at the target's address.

import type { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Member } from './member.ts';
import { type Timed, Timers } from './timers.ts';

export interface Probe extends Timed {
  readonly member: Member;
  /** Of the direct PING. */
  readonly nonce: number;
  readonly indirectNonce: number;
  readonly sentMs: number;
  /** What a verdict says. */
  readonly why: string;
  /** Somebody said that it were dead: who said so has waited for a refutation already. */
  readonly certain: boolean;
  phase: 'direct' | 'indirect' | 'relayed';
  /** How often others were asked to probe too, and when first. */
  rounds: number;
  askedMs: number;
}

export class Probes {
  readonly #pendingMax: number;
  readonly #byNonce = new Map<number, Probe>();
  readonly #byTarget = new Map<PeerId, Probe>();
  readonly #timers = new Timers<Probe>();
  #nonce: number;

  constructor(pendingMax: number, random: Random) {
    this.#pendingMax = pendingMax;
    this.#nonce = random.u32();
  }

  get wakeAt(): number {
    return this.#timers.nextMs;
  }

  get size(): number {
    return this.#byTarget.size;
  }

  of(target: PeerId): Probe | undefined {
    return this.#byTarget.get(target);
  }

  withNonce(nonce: number): Probe | undefined {
    return this.#byNonce.get(nonce);
  }

  /** Null when it is being probed already, or too many are. */
  begin(member: Member, why: string, certain: boolean, nowMs: number, dueMs: number): Probe | null {
    if (this.#byTarget.has(member.peer) || this.#byTarget.size >= this.#pendingMax) return null;
    const nonce = this.drawNonce();
    const indirectNonce = this.drawNonce();
    const probe: Probe = {
      member,
      nonce,
      indirectNonce,
      why,
      certain,
      sentMs: nowMs,
      phase: 'direct',
      rounds: 0,
      askedMs: dueMs,
      slot: -1,
    };
    this.#byTarget.set(member.peer, probe);
    this.#byNonce.set(nonce, probe);
    this.#byNonce.set(indirectNonce, probe);
    this.#timers.set(probe, dueMs);
    return probe;
  }

  askOthers(probe: Probe, dueMs: number): void {
    probe.phase = 'indirect';
    probe.rounds++;
    this.#timers.set(probe, dueMs);
  }

  /** The earliest whose time is up. It stays under way until it is ended. */
  takeDue(nowMs: number): Probe | null {
    return this.#timers.takeDue(nowMs);
  }

  end(probe: Probe): void {
    this.#timers.clear(probe);
    this.#byTarget.delete(probe.member.peer);
    this.#byNonce.delete(probe.nonce);
    this.#byNonce.delete(probe.indirectNonce);
  }

  discard(): void {
    for (const probe of [...this.#byTarget.values()]) this.end(probe);
  }

  drawNonce(): number {
    this.#nonce = (this.#nonce + 1) >>> 0;
    return this.#nonce;
  }
}

/** A PING on behalf of somebody who asked for it. */
export interface Relay {
  readonly asker: PeerId;
  /** The asker's own, under which it wants to hear. */
  readonly nonce: number;
  readonly target: PeerId;
}

export class Relays {
  readonly #pendingMax: number;
  readonly #byNonce = new Map<number, Relay>();

  constructor(pendingMax: number) {
    this.#pendingMax = pendingMax;
  }

  /** Those never answered go when others need the room, the oldest first. */
  keep(nonce: number, relay: Relay): void {
    this.#byNonce.set(nonce, relay);
    if (this.#byNonce.size <= this.#pendingMax) return;
    const oldest = this.#byNonce.keys().next().value;
    if (oldest !== undefined) this.#byNonce.delete(oldest);
  }

  take(nonce: number, from: PeerId): Relay | null {
    const relay = this.#byNonce.get(nonce);
    if (relay === undefined || relay.target !== from) return null;
    this.#byNonce.delete(nonce);
    return relay;
  }
}
