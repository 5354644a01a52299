// The relay: passes messages on, as they come, from the node where they came in to each node where somebody wants them.
// Nodes tell each other what they want; messages that nobody wants cost nothing. Each message goes from its node to the
// others directly, in order, and is sent again until it is acknowledged, so that a link that breaks loses none; a node
// that is away for longer than there is room for misses the oldest. Nothing here is durable. SPEC rules MQ9-MQ11.
//
// The surprise: a message may be wanted by nobody yet and by somebody a moment later at another node. Who subscribes is
// therefore told that it did so only when every node that answers knows of it (MQ10).

import { unreachable } from '../../kit/assert.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RelayMessage } from '../../model/relay-message.ts';
import { NEVER, type Now } from '../../model/time.ts';
import { matchesTopic, parseFilter } from '../../model/topic-filter.ts';
import type { Life, RelayProtocolMessage } from '../../wire/relay-messages.ts';
import type { Outbox } from '../outbox.ts';
import { Outgoing } from './outgoing.ts';

const TELL_AGAIN_MS = 1_000;
/** Who is away for so long begins anew when it is back. */
const FORGET_MS = 60_000;

interface Neighbour {
  readonly peer: PeerId;
  alive: boolean;
  busy: boolean;
  /** When it went; NEVER while it is alive. */
  goneAtMs: number;
  /** The version of what is wanted here that it is known to have. */
  toldVersion: number;
  tellAtMs: number;
  /** What it wants. */
  version: number;
  patterns: readonly string[];
  /** By shared subscription, as asked for: its pattern. */
  shares: ReadonlyMap<string, string>;
  readonly outgoing: Outgoing;
  /** How far its own messages have come, and in which life. */
  life: Life | null;
  upto: number;
}

export class Relay {
  readonly #life: Life;
  readonly #neighbours = new Map<PeerId, Neighbour>();
  #filters: readonly string[] = [];
  /** 0: nothing was ever wanted here, and nobody is told so. */
  #version = 0;
  #turn = 0;
  #dropped = 0;
  #received = 0;
  #passed = 0;
  #wakeAt = NEVER;

  constructor(life: Life) {
    this.#life = life;
  }

  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** All that are alive know what is wanted here. (MQ10) */
  get isKnown(): boolean {
    for (const { alive, toldVersion } of this.#neighbours.values()) {
      if (alive && toldVersion < this.#version) return false;
    }
    return true;
  }

  wantedElsewhere(topic: string): boolean {
    for (const neighbour of this.#neighbours.values()) if (wants(neighbour, topic)) return true;
    return false;
  }

  counters(): { readonly [name: string]: number } {
    return {
      relay_messages_passed_total: this.#passed,
      relay_messages_received_total: this.#received,
      relay_messages_dropped_total: this.#dropped,
    };
  }

  /** As long as nothing is wanted here, only those matter that have said what they want. */
  memberUp(peer: PeerId, now: Now, out: Outbox): void {
    if (this.#version === 0 && !this.#neighbours.has(peer)) return;
    const neighbour = this.#of(peer);
    neighbour.alive = true;
    neighbour.goneAtMs = NEVER;
    this.#tell(neighbour, now, out);
    neighbour.outgoing.again();
    this.#send(neighbour, now, out);
    this.#rearm();
  }

  memberDown(peer: PeerId, now: Now): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined || !neighbour.alive) return;
    neighbour.alive = false;
    neighbour.goneAtMs = now.steadyMs;
    this.#rearm();
  }

  /** It may be another life of that peer, or have lost what was under way. */
  linkUp(peer: PeerId, now: Now, out: Outbox): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    neighbour.toldVersion = 0;
    neighbour.busy = false;
    this.#tell(neighbour, now, out);
    neighbour.outgoing.again();
    this.#send(neighbour, now, out);
    this.#rearm();
  }

  linkBusy(peer: PeerId, busy: boolean, now: Now, out: Outbox): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    neighbour.busy = busy;
    if (!busy) this.#send(neighbour, now, out);
    this.#rearm();
  }

  /** What is wanted here, in place of what was said before; the first time, `alive` are all that are to know. */
  want(filters: readonly string[], alive: Iterable<PeerId>, now: Now, out: Outbox): void {
    if (this.#version === 0) for (const peer of alive) this.#of(peer);
    this.#filters = filters.slice(0, LIMITS.interestFiltersMax);
    this.#version++;
    for (const neighbour of this.#neighbours.values()) this.#tell(neighbour, now, out);
    this.#rearm();
  }

  /** To each node that wants them; `shares` of a message are those that are served here. */
  pass(messages: readonly RelayMessage[], now: Now, out: Outbox): void {
    for (const message of messages) this.#spread(message);
    for (const neighbour of this.#neighbours.values()) this.#send(neighbour, now, out);
    this.#rearm();
  }

  receive(from: PeerId, message: RelayProtocolMessage, now: Now, out: Outbox): void {
    const neighbour = this.#of(from);
    switch (message.type) {
      case 'INTEREST':
        this.#interested(neighbour, message.version, message.filters);
        out.send(from, { type: 'INTEREST_ACK', version: message.version }, 'stream');
        break;
      case 'INTEREST_ACK':
        neighbour.toldVersion = Math.max(neighbour.toldVersion, message.version);
        if (neighbour.toldVersion >= this.#version) neighbour.tellAtMs = NEVER;
        break;
      case 'PUBLISH':
        this.#take(neighbour, message.life, message.first, message.messages, out);
        break;
      case 'PUBLISH_ACK':
        if (!sameLife(message.life, this.#life)) break;
        neighbour.outgoing.acknowledged(message.upto);
        this.#send(neighbour, now, out);
        break;
      default:
        unreachable(message);
    }
    this.#rearm();
  }

  wake(now: Now, out: Outbox): void {
    if (now.steadyMs < this.#wakeAt) return;
    for (const neighbour of [...this.#neighbours.values()]) {
      if (now.steadyMs - neighbour.goneAtMs >= FORGET_MS) {
        this.#neighbours.delete(neighbour.peer);
        continue;
      }
      if (!neighbour.alive) continue;
      if (now.steadyMs >= neighbour.tellAtMs) this.#tell(neighbour, now, out);
      if (neighbour.outgoing.isLate(now.steadyMs)) {
        neighbour.outgoing.again();
        this.#send(neighbour, now, out);
      }
    }
    this.#rearm();
  }

  #spread(message: RelayMessage): void {
    const { topic, body } = message;
    const served = new Set(message.shares);
    const sharesOf = new Map<Neighbour, string[]>();
    const candidates = new Map<string, Neighbour[]>();
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.patterns.some((pattern) => matchesTopic(pattern, topic))) sharesOf.set(neighbour, []);
      for (const [share, pattern] of neighbour.shares) {
        if (!neighbour.alive || served.has(share) || !matchesTopic(pattern, topic)) continue;
        const some = candidates.get(share);
        if (some === undefined) candidates.set(share, [neighbour]);
        else some.push(neighbour);
      }
    }
    for (const [share, some] of candidates) {
      const chosen = some[this.#turn++ % some.length] as Neighbour;
      const shares = sharesOf.get(chosen) ?? [];
      if (shares.length < LIMITS.relaySharesMax) shares.push(share);
      sharesOf.set(chosen, shares);
    }
    // One object for all that get it alike: whoever encodes it does so once.
    const plain: RelayMessage = { topic, body, shares: [] };
    for (const [{ outgoing }, shares] of sharesOf) {
      this.#passed++;
      this.#dropped += outgoing.add(shares.length === 0 ? plain : { topic, body, shares });
    }
  }

  #send(neighbour: Neighbour, now: Now, out: Outbox): void {
    if (!neighbour.alive || neighbour.busy) return;
    for (;;) {
      const frame = neighbour.outgoing.take(this.#life, now.steadyMs);
      if (frame === null) return;
      out.send(neighbour.peer, frame, 'stream');
    }
  }

  #tell(neighbour: Neighbour, now: Now, out: Outbox): void {
    if (!neighbour.alive || neighbour.toldVersion >= this.#version) return;
    neighbour.tellAtMs = now.steadyMs + TELL_AGAIN_MS;
    const message = { type: 'INTEREST', version: this.#version, filters: this.#filters } as const;
    out.send(neighbour.peer, message, 'stream');
  }

  #interested(neighbour: Neighbour, version: number, filters: readonly string[]): void {
    neighbour.version = version;
    const patterns: string[] = [];
    const shares = new Map<string, string>();
    for (const text of filters) {
      const filter = parseFilter(text);
      if (!filter.ok) continue;
      if (filter.value.share === null) patterns.push(filter.value.pattern);
      else shares.set(text, filter.value.pattern);
    }
    neighbour.patterns = patterns;
    neighbour.shares = shares;
  }

  /** In order and each once; a gap is what the sender had no room for. */
  #take(
    neighbour: Neighbour,
    life: Life,
    first: number,
    messages: readonly RelayMessage[],
    out: Outbox,
  ): void {
    if (neighbour.life === null || !sameLife(neighbour.life, life)) {
      neighbour.life = life;
      neighbour.upto = 0;
    }
    const fresh = messages.slice(Math.max(0, neighbour.upto + 1 - first));
    neighbour.upto = Math.max(neighbour.upto, first + messages.length - 1);
    if (fresh.length > 0) {
      this.#received += fresh.length;
      out.announce({ type: 'messages-received', from: neighbour.peer, messages: fresh });
    }
    out.send(neighbour.peer, { type: 'PUBLISH_ACK', life, upto: neighbour.upto }, 'stream');
  }

  #of(peer: PeerId): Neighbour {
    let neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) {
      neighbour = {
        peer,
        alive: true,
        busy: false,
        goneAtMs: NEVER,
        toldVersion: 0,
        tellAtMs: NEVER,
        version: 0,
        patterns: [],
        shares: new Map(),
        outgoing: new Outgoing(),
        life: null,
        upto: 0,
      };
      this.#neighbours.set(peer, neighbour);
    }
    return neighbour;
  }

  #rearm(): void {
    let wakeAt = NEVER;
    for (const { alive, goneAtMs, tellAtMs, outgoing } of this.#neighbours.values()) {
      const at = alive ? Math.min(tellAtMs, outgoing.wakeAt) : goneAtMs + FORGET_MS;
      if (at < wakeAt) wakeAt = at;
    }
    this.#wakeAt = wakeAt;
  }
}

function wants({ patterns, shares }: Neighbour, topic: string): boolean {
  for (const pattern of patterns) if (matchesTopic(pattern, topic)) return true;
  for (const pattern of shares.values()) if (matchesTopic(pattern, topic)) return true;
  return false;
}

function sameLife(a: Life, b: Life): boolean {
  return (
    a.incarnation === b.incarnation &&
    a.identity.birth === b.identity.birth &&
    a.identity.random === b.identity.random
  );
}
