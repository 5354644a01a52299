// All sessions of this node and the tree of what they subscribed to: a message goes in, and each client that wants it gets
// it once, at the highest quality it asked for. SPEC rules MQ6, MQ7, MQ10.

import type { TokenId } from '../../access/token.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Message } from './message.ts';
import { type Delivery, Session, type SessionCounts, type Subscribed } from './session.ts';
import { SubscriptionTree } from './subscription-tree.ts';

interface Wanted {
  readonly session: Session;
  qos: 0 | 1;
  retain: boolean;
  readonly subscriptionIds: number[];
}

export interface SessionsEvents {
  /** Somebody wants, or nobody wants any more, messages of this filter. */
  interest(filter: string, change: 1 | -1): void;
}

export class Sessions {
  readonly counts: SessionCounts = { sent: 0, dropped: 0, queuedBytes: 0 };
  readonly #events: SessionsEvents;
  readonly #byId = new Map<string, Session>();
  readonly #tree = new SubscriptionTree<{ readonly session: Session; readonly subscribed: Subscribed }>();
  /** By the filter as it was asked for: who takes turns. */
  readonly #shares = new Map<string, Session[]>();
  readonly #shareTree = new SubscriptionTree<string>();

  constructor(events: SessionsEvents) {
    this.#events = events;
  }

  get size(): number {
    return this.#byId.size;
  }

  get connected(): number {
    let connected = 0;
    for (const { line } of this.#byId.values()) if (line !== null) connected++;
    return connected;
  }

  get subscriptions(): number {
    return this.#tree.size + this.#shareTree.size;
  }

  find(clientId: string): Session | null {
    return this.#byId.get(clientId) ?? null;
  }

  open(clientId: string, bridge: boolean): Session {
    if (this.#byId.size >= LIMITS.mqttSessionsMax) this.#dropLongestAway();
    const session = new Session(clientId, bridge, this.counts);
    this.#byId.set(clientId, session);
    return session;
  }

  end(session: Session): void {
    for (const subscribed of [...session.subscriptions.values()])
      this.unsubscribe(session, subscribed.filter);
    session.end();
    if (this.#byId.get(session.clientId) === session) this.#byId.delete(session.clientId);
  }

  ownedBy(device: TokenId): readonly Session[] {
    return [...this.#byId.values()].filter(({ owner }) => owner?.id === device);
  }

  /** Ends those that have outlived their client for as long as was agreed. */
  expire(nowMs: number): void {
    for (const session of [...this.#byId.values()]) {
      if (session.leftAtMs !== null && nowMs - session.leftAtMs >= session.expiryMs) this.end(session);
    }
  }

  /** False: it was there already and has been replaced. */
  subscribe(session: Session, subscribed: Subscribed): boolean {
    const { filter, pattern, share } = subscribed;
    const isNew = !session.subscriptions.has(filter);
    session.subscriptions.set(filter, subscribed);
    if (share === null) this.#tree.add(pattern, session.clientId, { session, subscribed });
    else if (isNew) {
      const members = this.#shares.get(filter);
      if (members === undefined) this.#shares.set(filter, [session]);
      else members.push(session);
      this.#shareTree.add(pattern, filter, filter);
    }
    if (isNew) this.#events.interest(filter, 1);
    return isNew;
  }

  unsubscribe(session: Session, filter: string): boolean {
    const subscribed = session.subscriptions.get(filter);
    if (subscribed === undefined) return false;
    session.subscriptions.delete(filter);
    const { pattern, share } = subscribed;
    if (share === null) this.#tree.remove(pattern, session.clientId);
    else {
      const members = (this.#shares.get(filter) ?? []).filter((member) => member !== session);
      if (members.length > 0) this.#shares.set(filter, members);
      else {
        this.#shares.delete(filter);
        this.#shareTree.remove(pattern, filter);
      }
    }
    this.#events.interest(filter, -1);
    return true;
  }

  /** The shared subscriptions here that take the topic in. */
  sharesOf(topic: string): readonly string[] {
    const shares: string[] = [];
    this.#shareTree.match(topic, (_, filter) => shares.push(filter));
    return shares;
  }

  wants(topic: string): boolean {
    let wanted = false;
    this.#tree.match(topic, () => {
      wanted = true;
    });
    return wanted || this.sharesOf(topic).length > 0;
  }

  /** To all that subscribed to it, and to one of each of the shared subscriptions named. */
  route(message: Message, shares: readonly string[], nowMs: number, extra?: Delivery['extra']): void {
    const wanted = new Map<Session, Wanted>();
    this.#tree.match(message.topic, (_, { session, subscribed }) =>
      add(wanted, session, subscribed, message),
    );
    for (const { session, qos, retain, subscriptionIds } of wanted.values()) {
      session.deliver({ message, qos, retain, subscriptionIds, ...(extra && { extra }) }, nowMs);
    }
    for (const filter of shares) this.#shared(message, filter, nowMs, extra);
  }

  #shared(message: Message, filter: string, nowMs: number, extra: Delivery['extra']): void {
    const members = this.#shares.get(filter);
    if (members === undefined) return;
    // Who was served goes to the end; who is not there is passed over as long as somebody is.
    const at = Math.max(
      0,
      members.findIndex(({ line }) => line !== null && !line.congested),
    );
    const [session] = members.splice(at, 1);
    if (session === undefined) return;
    members.push(session);
    const subscribed = session.subscriptions.get(filter);
    if (subscribed === undefined) return;
    const one = new Map<Session, Wanted>();
    add(one, session, subscribed, message);
    for (const { qos, retain, subscriptionIds } of one.values()) {
      session.deliver({ message, qos, retain, subscriptionIds, ...(extra && { extra }) }, nowMs);
    }
  }

  #dropLongestAway(): void {
    let longest: Session | null = null;
    for (const session of this.#byId.values()) {
      if (session.leftAtMs === null) continue;
      if (longest === null || session.leftAtMs < (longest.leftAtMs ?? 0)) longest = session;
    }
    if (longest !== null) this.end(longest);
  }
}

function add(wanted: Map<Session, Wanted>, session: Session, subscribed: Subscribed, message: Message): void {
  // A bridge by the bit in its CONNECT counts on not hearing itself.
  if ((subscribed.noLocal || session.bridge) && message.client === session.clientId) return;
  // A bridge gets nothing that came over a bridge: it would go round for ever. (MQ17)
  if (session.bridge && message.bridged) return;
  const qos = Math.min(subscribed.qos, message.qos, 1) as 0 | 1;
  const retain = (subscribed.retainAsPublished || session.bridge) && message.retain;
  const { subscriptionId } = subscribed;
  const before = wanted.get(session);
  if (before === undefined) {
    const subscriptionIds = subscriptionId === null ? [] : [subscriptionId];
    wanted.set(session, { session, qos, retain, subscriptionIds });
    return;
  }
  before.qos = Math.max(before.qos, qos) as 0 | 1;
  before.retain ||= retain;
  if (subscriptionId !== null) before.subscriptionIds.push(subscriptionId);
}
