// Which peers are reached, and over which connection: one link a peer, and in the end one connection a link.
// SPEC rules NW5, NW6, NW7, NW21.
//
// When both sides dial at once there are two connections for a moment. Both sides prefer the same one: that
// dialled by the greater id, and of several dialled by one side the latest. Each side closes what it dialled
// itself and does not prefer. The other side waits for that; when it does not come, the dialler does not know of
// the preferred connection, which therefore is dead at its end.
//
// A FIN on one connection may overtake the HELLO that makes another one stand. So a link whose last connection
// ended while a dial of our own waits for its HELLO is held until that dial has ended. Under which name the dial
// was made says little, so any dial counts.

import { must } from '../../kit/assert.ts';
import { type Address, addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER } from '../../model/time.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import type { Hello } from '../../wire/messages.ts';

/** A connection over which both sides have said HELLO. */
export interface Line {
  readonly dialledBy: 'us' | 'them';
  /** Ends it without losing what is under way. */
  close(): void;
  /** Ends it; what still comes in is of no interest. */
  drop(): void;
  /** Ends it as `close` does, and says that it was idle. */
  release(): void;
}

export interface LinkEvents {
  up(hello: Hello): void;
  down(peer: PeerId, cause: LinkLoss): void;
  /** Whether a dial of our own has reached somebody who owes us HELLO. */
  helloDue(): boolean;
}

export interface LinkOptions {
  /** How long a connection that is not preferred may stand, and how long a link without one is held. */
  readonly spareMs: number;
  /** Links that may stand for as long as they like; of more, those that are idle are closed. */
  readonly linksKept: number;
  /** A link over which nothing went for so long is idle. */
  readonly idleMs: number;
}

interface Link {
  readonly peer: PeerId;
  readonly instance: string;
  /** When the process started, by our steady clock. */
  readonly startedAtMs: number;
  readonly advertised: Address;
  /** Under which addresses the process is known: what it advertises, and where it was dialled. */
  readonly addresses: Set<string>;
  /** In order of arrival. Empty while the link is held. */
  lines: StandingLine[];
  /** Since when the link is held, and why its last connection ended. */
  held: { readonly sinceMs: number; readonly cause: LinkLoss } | null;
  preferred: Line | null;
  /** When anything went over it last, either way. */
  usedAtMs: number;
  /** When the peer was heard over it last. */
  heardAtMs: number;
}

interface StandingLine {
  readonly line: Line;
  /** Since when another one is preferred; NEVER for the preferred one. */
  spareSinceMs: number;
}

const ADDRESSES_PER_LINK_MAX = 8;

export class Links {
  readonly #self: PeerId;
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #links = new Map<PeerId, Link>();

  constructor(self: PeerId, options: LinkOptions, events: LinkEvents) {
    this.#self = self;
    this.#options = options;
    this.#events = events;
  }

  /** The connection to use, where there is one. */
  lineTo(peer: PeerId): Line | null {
    return this.#links.get(peer)?.preferred ?? null;
  }

  /** Whether the process that is linked as `peer` is known to listen at `address`. */
  listensAt(peer: PeerId, address: Address): boolean {
    return this.#links.get(peer)?.addresses.has(addressText(address)) ?? false;
  }

  reaches(address: Address): boolean {
    const text = addressText(address);
    for (const link of this.#links.values()) {
      if (link.preferred !== null && link.addresses.has(text)) return true;
    }
    return false;
  }

  /** Where the process listens that has the link of that id and started later than this one. (NW6) */
  outlivedBy(hello: Hello, nowMs: number): Address | null {
    const link = this.#links.get(hello.peer);
    if (link === undefined || link.instance === hello.instance) return null;
    return nowMs - hello.uptimeMs < link.startedAtMs ? link.advertised : null;
  }

  /**
   * Both sides have said HELLO on `line`, and the process is not outlived. `dialledAt`: where we dialled it, if
   * it was us.
   */
  admit(line: Line, hello: Hello, dialledAt: Address | null, nowMs: number): void {
    const standing = this.#links.get(hello.peer);
    if (standing !== undefined && standing.instance !== hello.instance) this.#dismiss(standing, 'closed');

    const link = this.#links.get(hello.peer);
    if (link === undefined) {
      this.#open(line, hello, dialledAt, nowMs);
      return;
    }
    if (dialledAt !== null) know(link, dialledAt);
    link.held = null;
    link.lines.push({ line, spareSinceMs: NEVER });
    this.#prefer(link, nowMs);
  }

  /** The connection has ended. */
  gone(line: Line, peer: PeerId, cause: LinkLoss, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link === undefined || !link.lines.some((standing) => standing.line === line)) return;
    link.lines = link.lines.filter((standing) => standing.line !== line);
    if (link.lines.length > 0) {
      this.#prefer(link, nowMs);
    } else if (this.#events.helloDue()) {
      link.preferred = null;
      link.held = { sinceMs: nowMs, cause };
    } else {
      this.#dismiss(link, cause);
    }
  }

  /** A dial of our own has ended: links held for it are released. */
  dialEnded(): void {
    if (!this.#events.helloDue()) this.#release(NEVER);
  }

  /** Gives the link up, whatever stands. */
  abandon(peer: PeerId, cause: LinkLoss): void {
    const link = this.#links.get(peer);
    if (link !== undefined) this.#dismiss(link, cause);
  }

  used(peer: PeerId, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link !== undefined) link.usedAtMs = nowMs;
  }

  heard(peer: PeerId, nowMs: number): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    link.usedAtMs = nowMs;
    link.heardAtMs = nowMs;
  }

  /**
   * Who is missed is asked for at this address: a link there over which nothing came for long is given up. Its other
   * end may be gone without a word, as when a machine gets another address on the same network. (NW11)
   */
  giveUpMute(address: Address, nowMs: number): void {
    const text = addressText(address);
    for (const link of [...this.#links.values()]) {
      const isMute = nowMs - link.heardAtMs >= this.#options.idleMs;
      if (isMute && link.addresses.has(text)) this.#dismiss(link, 'failed');
    }
  }

  /** Judges connections that stand beside the preferred one for too long. */
  sweep(nowMs: number): void {
    for (const link of this.#links.values()) {
      if (link.lines.length > 1) this.#judgeSpares(link, nowMs);
    }
    this.#release(nowMs - this.#options.spareMs);
    this.#closeIdle(nowMs);
  }

  /** In a cluster with more peers than links are kept, those unused for longest make room. (NW21) */
  #closeIdle(nowMs: number): void {
    const { linksKept, idleMs } = this.#options;
    const tooMany = this.#links.size - linksKept;
    if (tooMany <= 0) return;
    const idle = [...this.#links.values()].filter(({ usedAtMs }) => nowMs - usedAtMs >= idleMs);
    idle.sort((a, b) => a.usedAtMs - b.usedAtMs);
    for (const link of idle.slice(0, tooMany)) {
      this.#links.delete(link.peer);
      for (const { line } of link.lines) line.release();
      this.#events.down(link.peer, 'idle');
    }
  }

  #release(heldSinceMs: number): void {
    for (const link of [...this.#links.values()]) {
      if (link.held !== null && link.held.sinceMs <= heldSinceMs) this.#dismiss(link, link.held.cause);
    }
  }

  #open(line: Line, hello: Hello, dialledAt: Address | null, nowMs: number): void {
    const link: Link = {
      peer: hello.peer,
      instance: hello.instance,
      startedAtMs: nowMs - hello.uptimeMs,
      advertised: hello.address,
      addresses: new Set([addressText(hello.address)]),
      lines: [{ line, spareSinceMs: NEVER }],
      held: null,
      preferred: line,
      usedAtMs: nowMs,
      heardAtMs: nowMs,
    };
    if (dialledAt !== null) know(link, dialledAt);
    this.#links.set(hello.peer, link);
    this.#events.up(hello);
  }

  #dismiss(link: Link, cause: LinkLoss): void {
    this.#links.delete(link.peer);
    for (const { line } of link.lines) line.drop();
    this.#events.down(link.peer, cause);
  }

  /** Chooses the connection to use and closes those dialled here that are not it. (NW5) */
  #prefer(link: Link, nowMs: number): void {
    const winner = this.#self > link.peer ? 'us' : 'them';
    const preferred =
      link.lines.findLast(({ line }) => line.dialledBy === winner) ??
      must(link.lines.at(-1), 'a link that is not held has a connection');
    link.preferred = preferred.line;
    const spares = link.lines.filter((standing) => standing !== preferred);
    const tooMany = spares.length - (LIMITS.connectionsPerPeerMax - 1);
    const closing = spares.filter(({ line }, i) => line.dialledBy === 'us' || i < tooMany);
    link.lines = link.lines.filter((standing) => !closing.includes(standing));
    for (const standing of link.lines) {
      standing.spareSinceMs = standing === preferred ? NEVER : Math.min(standing.spareSinceMs, nowMs);
    }
    for (const { line } of closing) line.close();
  }

  #judgeSpares(link: Link, nowMs: number): void {
    const preferred = must(link.preferred, 'a link that is not held has a preferred connection');
    const overdue = link.lines.filter(({ spareSinceMs }) => nowMs - spareSinceMs >= this.#options.spareMs);
    const last = overdue.at(-1);
    if (last === undefined) return;

    // A dialler that does not close its spare does not know of the connection we dialled.
    const closing = preferred.dialledBy === 'us' ? [preferred] : overdue.map(({ line }) => line);
    link.lines = link.lines.filter(({ line }) => !closing.includes(line));
    if (preferred.dialledBy === 'us') {
      link.preferred = last.line;
      last.spareSinceMs = NEVER;
    }
    for (const line of closing) line.close();
  }
}

function know(link: Link, address: Address): void {
  if (link.addresses.size < ADDRESSES_PER_LINK_MAX) link.addresses.add(addressText(address));
}
