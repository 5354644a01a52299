// A peer that has no log, or one that ends before the oldest entry anybody has, begins from a base: all of the
// trimmed part that what follows depends on. It comes in parts. SPEC rules OR36, OR40.

import type { Random } from '../../kit/random.ts';
import type { Base } from '../../model/entry.ts';
import type { GroupId } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import { decodeBase, encodeBase } from '../../wire/durable.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import type { OrderingOutbox } from './port.ts';
import type { Site } from './site.ts';

type BaseRequest = Extract<ReplicateMessage, { type: 'BASE_REQUEST' }>;
type BasePart = Extract<ReplicateMessage, { type: 'BASE' }>;

interface Asked {
  readonly peer: PeerId;
  index: number;
  bytes: Uint8Array;
  filled: number;
  untilMs: number;
}

export class BaseFetch {
  readonly #site: Site;
  readonly #random: Random;
  readonly group: GroupId;
  #asked: Asked | null = null;

  constructor(site: Site, group: GroupId, random: Random) {
    this.#site = site;
    this.group = group;
    this.#random = random;
  }

  get wakeAt(): number {
    return this.#asked?.untilMs ?? NEVER;
  }

  consider(peers: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    if (this.#asked !== null && now.steadyMs < this.#asked.untilMs) return;
    const last = this.#asked?.peer;
    const others = peers.filter((peer) => peer !== last);
    const from = others.length > 0 ? others : peers;
    if (from.length === 0) {
      if (this.#asked !== null) this.#asked.untilMs = now.steadyMs + this.#site.options.joinEveryMs;
      return;
    }
    const peer = this.#random.pick(from);
    this.#asked = { peer, index: -1, bytes: new Uint8Array(0), filled: 0, untilMs: 0 };
    this.#ask(this.#asked, now, out);
  }

  /** The base, once it is whole. */
  answered(from: PeerId, part: BasePart, now: Now, out: OrderingOutbox): Base | null {
    const asked = this.#asked;
    if (asked === null || asked.peer !== from) return null;
    if (part.total === 0 || part.total > LIMITS.baseBytesMax) return null;
    if (asked.index !== part.index) {
      if (part.offset !== 0) return null;
      asked.index = part.index;
      asked.bytes = new Uint8Array(part.total);
      asked.filled = 0;
    }
    if (part.offset !== asked.filled || part.offset + part.part.length > asked.bytes.length) return null;
    asked.bytes.set(part.part, part.offset);
    asked.filled += part.part.length;
    if (asked.filled < asked.bytes.length) {
      this.#ask(asked, now, out);
      return null;
    }
    this.#asked = null;
    const base = decodeBase(asked.bytes);
    if (base.ok && base.value.group === this.group && base.value.index === part.index) return base.value;
    this.#site.counters.messagesRefused++;
    return null;
  }

  #ask(asked: Asked, now: Now, out: OrderingOutbox): void {
    asked.untilMs = now.steadyMs + this.#site.options.joinEveryMs;
    const { index, filled: offset } = asked;
    const { identity } = this.#site;
    out.send(asked.peer, { type: 'BASE_REQUEST', group: this.group, identity, index, offset }, 'stream');
  }
}

/** Gives parts of bases; the last one asked for stays encoded. */
export class BaseSupply {
  readonly #site: Site;
  #encoded: { readonly base: Base; readonly bytes: Uint8Array } | null = null;

  constructor(site: Site) {
    this.#site = site;
  }

  request(
    from: PeerId,
    { index, offset, group }: BaseRequest,
    oldest: Base | null,
    out: OrderingOutbox,
  ): void {
    const wanted = this.#wanted(index, oldest);
    const bytes = wanted?.bytes ?? new Uint8Array(0);
    const part = bytes.subarray(offset, offset + LIMITS.basePartBytesMax);
    const { identity } = this.#site;
    const total = bytes.length;
    out.send(
      from,
      { type: 'BASE', group, identity, index: wanted?.base.index ?? 0, offset, total, part },
      'stream',
    );
  }

  #wanted(index: number, oldest: Base | null) {
    if (this.#encoded !== null && this.#encoded.base.index === index) return this.#encoded;
    if (oldest === null || (index >= 0 && oldest.index !== index)) return null;
    if (this.#encoded?.base !== oldest) this.#encoded = { base: oldest, bytes: encodeBase(oldest) };
    return this.#encoded;
  }
}
