// One connection from its HELLO to its end: who is there, what they say, and what they are told when it makes no
// sense. SPEC rules NW2, NW3, NW4, TR3, TR6.
//
//   greeting ──HELLO both ways──▶ linked ──replaced──▶ leaving (still heard)
//      └────refused, self, namesake, too late────────▶ leaving (unheard)
//
// Where connections are secured, nothing is said or heard before TLS has told who is there.
//
// The side that dialled speaks first. The other answers HELLO or ERROR, so a stranger is told nothing.

import { unreachable } from '../../kit/assert.ts';
import type { Address } from '../../model/address.ts';
import { addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { TrustRefusal } from '../../model/trust-refusal.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import { claimedBy } from '../../trust/claims.ts';
import { type Authenticated, handshakeRefusal } from '../../trust/peer-security.ts';
import { decodeFirst, decodeMessage, encodeFirst } from '../../wire/codec.ts';
import { malformedCode, malformedText } from '../../wire/malformed.ts';
import { type ErrorCode, type Hello, type Message, PROTOCOL_MIN } from '../../wire/messages.ts';
import type { Connection } from './connection.ts';
import { frameOf, messageFrame } from './framing.ts';
import { errorMessage, judge, spokenBy } from './handshake.ts';
import type { Line } from './links.ts';
import { Rate } from './rate.ts';

export interface SessionOptions {
  /** How long HELLO may take, and how long a farewell. */
  readonly timeoutMs: number;
  /** What HELLO says at this moment. */
  readonly hello: () => Hello;
  /** Whether peers are known by their certificates. */
  readonly isSecured: boolean;
}

/** Why a session is of no use any more. */
export type SessionEnd =
  | { readonly kind: 'lost'; readonly cause: LinkLoss; readonly errorCode: string | null }
  | { readonly kind: 'too-late' }
  /** One of the two sides refused the other. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'self' }
  | { readonly kind: 'namesake'; readonly hello: Hello };

export interface SessionEvents {
  /** Where the process listens because of which this one is not welcome, or null. */
  outlivedBy(hello: Hello): Address | null;
  linked(session: Session, hello: Hello): void;
  message(from: PeerId, message: Message): void;
  refused(where: string, code: ErrorCode, reason: string): void;
  /** `named`: whom it says, or is known, to be. */
  distrusted(where: string, why: TrustRefusal, named: PeerId | null): void;
  /** Called once, unless `close` or `drop` came first. `peer` is known once the session was linked. */
  ended(session: Session, end: SessionEnd, peer: PeerId | null): void;
}

type State =
  | { readonly name: 'greeting'; readonly untilMs: number }
  | { readonly name: 'linked'; readonly peer: PeerId }
  | { readonly name: 'leaving'; readonly heardAs: PeerId | null };

const COMPLAINTS_PER_SECOND = 10;
/** What is told to whom it concerns; of all else the reason's own word. */
const DISTRUST: { readonly [why in TrustRefusal]?: string } = {
  'no-certificate': 'this site asks for a certificate, or the CLUSTER_KEY',
  'foreign-certificate': 'your certificate, or CLUSTER_KEY, is not of this site',
  'other-site': 'this is another site',
  'expired-certificate': 'your certificate has expired',
  revoked: 'your certificate is revoked',
  'forged-sender': 'your certificate is for another node or site than you say',
};

export class Session implements Line {
  readonly dialledBy: 'us' | 'them';
  /** Where it was dialled, if we dialled. */
  readonly dialledAt: Address | null;
  readonly where: string;
  readonly connection: Connection;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #complaints = new Rate(COMPLAINTS_PER_SECOND);
  readonly #startedAtMs = performance.now();
  #state: State;
  /** Whom TLS has shown to be there. */
  #who: Authenticated | null = null;
  /** One of the two gave it up because there are many others. */
  #isIdle = false;
  #spoken = PROTOCOL_MIN;

  constructor(
    connection: Connection,
    where: Address,
    dialledAt: Address | null,
    options: SessionOptions,
    events: SessionEvents,
  ) {
    this.connection = connection;
    this.where = addressText(where);
    this.dialledAt = dialledAt;
    this.dialledBy = dialledAt === null ? 'them' : 'us';
    this.#options = options;
    this.#events = events;
    this.#state = { name: 'greeting', untilMs: this.#startedAtMs + options.timeoutMs };
    if (dialledAt !== null && !options.isSecured) this.#greet();
  }

  get who(): Authenticated | null {
    return this.#who;
  }

  /** The wire version of what is sent once it is linked: the latest that both know. (NW3) */
  get spoken(): number {
    return this.#spoken;
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  get isGreeting(): boolean {
    return this.#state.name === 'greeting';
  }

  get isLeaving(): boolean {
    return this.#state.name === 'leaving';
  }

  get isLeavingHeard(): boolean {
    return this.#state.name === 'leaving' && this.#state.heardAs !== null;
  }

  get linkedPeer(): PeerId | null {
    return this.#state.name === 'linked' ? this.#state.peer : null;
  }

  get ageMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  close(): void {
    const heardAs = this.linkedPeer;
    this.#state = { name: 'leaving', heardAs };
    this.connection.close(this.#options.timeoutMs);
  }

  drop(): void {
    this.#state = { name: 'leaving', heardAs: null };
    this.connection.refuse(null, this.#options.timeoutMs);
  }

  /** Ends it because nothing needs it: the other side is told, so that it does not wonder. (NW21) */
  release(): void {
    this.#isIdle = true;
    const reason = 'nothing was said for a while, and there are many other links';
    this.connection.send(messageFrame(errorMessage('idle', reason), this.#spoken));
    this.close();
  }

  /** Says why, and ends it. */
  refuse(code: ErrorCode, reason: string, end: SessionEnd): void {
    const error = errorMessage(code, reason);
    const frame = this.isGreeting ? frameOf(encodeFirst(error)) : messageFrame(error, this.#spoken);
    this.#events.refused(this.where, code, reason);
    this.#leave(end, () => this.connection.refuse(frame, this.#options.timeoutMs));
  }

  sweep(nowMs: number): void {
    if (this.#state.name === 'greeting' && nowMs >= this.#state.untilMs) {
      this.refuse('silent', `no HELLO within ${this.#options.timeoutMs} ms`, { kind: 'too-late' });
    } else {
      this.connection.sweep(nowMs);
    }
  }

  /** TLS stands and has shown whose certificate is there. */
  authenticated(who: Authenticated): void {
    this.#who = who;
    if (this.dialledAt !== null) this.#greet();
  }

  /** Who is there is not let in, or no longer. */
  distrust(why: TrustRefusal, named: PeerId | null = this.#who?.name.node ?? null): void {
    if (this.isLeaving) return;
    this.#events.distrusted(this.where, why, named);
    const end: SessionEnd =
      this.linkedPeer === null ? { kind: 'refused' } : { kind: 'lost', cause: 'failed', errorCode: null };
    this.refuse(why === 'other-site' ? 'wrong_site' : 'not_welcome', DISTRUST[why] ?? why, end);
  }

  // What the connection reports.

  frame(payload: Uint8Array): void {
    if (this.#state.name === 'greeting') this.#first(payload);
    else if (this.#state.name === 'linked') this.#next(this.#state.peer, payload);
    else if (this.#state.heardAs !== null) this.#next(this.#state.heardAs, payload);
  }

  broken(code: 'oversize' | 'silent', reason: string): void {
    const cause = code === 'silent' ? 'silent' : 'failed';
    const linked = this.#state.name === 'linked';
    this.refuse(code, reason, linked ? { kind: 'lost', cause, errorCode: null } : { kind: 'refused' });
  }

  lost(cause: LinkLoss, errorCode: string | null): void {
    if (this.#options.isSecured && this.#who === null && !this.isLeaving) {
      const why = handshakeRefusal(errorCode ?? '');
      if (why !== null) this.#events.distrusted(this.where, why, null);
    }
    this.#leave({ kind: 'lost', cause, errorCode }, () => {});
  }

  #first(payload: Uint8Array): void {
    if (this.#options.isSecured && this.#who === null) return;
    const first = decodeFirst(payload);
    if (!first.ok) {
      // The layout of HELLO is the same in all versions, so this is no peer of another version.
      this.refuse('malformed', `not a HELLO: ${malformedText(first.problem)}`, { kind: 'refused' });
    } else if (first.value.type === 'ERROR') {
      this.#events.refused(this.where, first.value.code, first.value.reason);
      this.#leave({ kind: 'refused' }, () => this.connection.close(this.#options.timeoutMs));
    } else {
      this.#meet(first.value);
    }
  }

  #meet(other: Hello): void {
    if (this.#who !== null && (this.#who.name.node !== other.peer || this.#who.name.site !== other.site)) {
      this.distrust('forged-sender', other.peer);
      return;
    }
    const verdict = judge(this.#options.hello(), other);
    switch (verdict.kind) {
      case 'refused':
        this.refuse(verdict.code, verdict.reason, { kind: 'refused' });
        return;
      case 'self':
        // The side that dialled is to learn it as well: it knows the address.
        this.#answer();
        this.#leave({ kind: 'self' }, () => this.drop());
        return;
      case 'namesake':
        this.#answer();
        this.#leave({ kind: 'namesake', hello: other }, () => this.drop());
        return;
      case 'welcome':
        this.#welcome(other);
        return;
      default:
        unreachable(verdict);
    }
  }

  #welcome(other: Hello): void {
    const standing = this.#events.outlivedBy(other);
    if (standing !== null) {
      const reason = `a later process of ${other.peer} is linked, at ${addressText(standing)}`;
      this.refuse('duplicate_node', reason, { kind: 'refused' });
      return;
    }
    this.#answer();
    this.connection.trust();
    this.#spoken = spokenBy(this.#options.hello(), other);
    this.#state = { name: 'linked', peer: other.peer };
    this.#events.linked(this, other);
  }

  #next(from: PeerId, payload: Uint8Array): void {
    const message = decodeMessage(payload);
    if (message.ok && message.value.type === 'ERROR' && message.value.code === 'idle') {
      this.#isIdle = true;
      const end: SessionEnd = { kind: 'lost', cause: 'idle', errorCode: null };
      this.#leave(end, () => this.connection.close(this.#options.timeoutMs));
      return;
    }
    if (message.ok) {
      const claimed = claimedBy(message.value);
      if (claimed === null || claimed === from) this.#events.message(from, message.value);
      else this.#events.distrusted(this.where, 'forged-claim', from);
      return;
    }
    // Who answers our HELLO by a refusal has not linked with us, though we have with it.
    const first = decodeFirst(payload);
    if (first.ok && first.value.type === 'ERROR') {
      this.#events.message(from, first.value);
      return;
    }
    // The framing holds, so what follows can be understood: the link stands. (NW4)
    const code = malformedCode(message.problem);
    const reason = malformedText(message.problem);
    this.#events.refused(this.where, code, reason);
    if (this.#complaints.allows(performance.now())) {
      this.connection.send(messageFrame(errorMessage(code, reason), this.#spoken));
    }
  }

  #answer(): void {
    if (this.dialledBy === 'them') this.#greet();
  }

  #greet(): void {
    this.connection.send(frameOf(encodeFirst(this.#options.hello())));
  }

  #leave(end: SessionEnd, farewell: () => void): void {
    if (this.#state.name === 'leaving') return;
    const peer = this.linkedPeer;
    this.#state = { name: 'leaving', heardAs: null };
    farewell();
    this.#events.ended(this, end, peer);
  }
}
