// What happened in a run, twice over: a hash of every effect, so that two runs are told apart by one number,
// and, when asked for, a story people can read. SPEC rules SM1, SM7.

import { unreachable } from '../kit/assert.ts';
import { type Address, addressText } from '../model/address.ts';
import type { Recovered, StreamName } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import { identityText, type PeerId } from '../model/ids.ts';
import type { Record } from '../model/reading.ts';
import type { Channel } from '../protocol/outbox.ts';
import type { Delta, Digest, Message } from '../wire/messages.ts';
import { isOrderingMessage } from '../wire/ordering-messages.ts';
import type { DiskWrite } from './disk.ts';
import { EffectHash } from './effect-hash.ts';
import type { Timeline } from './timeline.ts';
import { type Place, Watcher } from './watcher.ts';

/** A long story keeps its end. */
const STORY_LINES_MAX = 50_000;

export class Trace extends Watcher {
  readonly #timeline: Timeline;
  readonly #hash = new EffectHash();
  readonly #story: string[] | null;
  readonly #sent = new Map<string, number>();
  #messages = 0;
  #facts = 0;

  constructor(timeline: Timeline, options: { readonly story: boolean }) {
    super();
    this.#timeline = timeline;
    this.#story = options.story ? [] : null;
  }

  get hash(): string {
    return this.#hash.hex;
  }

  get story(): readonly string[] {
    return this.#story ?? [];
  }

  get messages(): number {
    return this.#messages;
  }

  get facts(): number {
    return this.#facts;
  }

  /** Messages sent, by type. */
  get sentByType(): { readonly [type: string]: number } {
    return Object.fromEntries([...this.#sent].sort());
  }

  override started(at: Place, { hardState }: Recovered): void {
    this.#effect(1, at);
    this.#hash.text(hardState.identity.random);
    this.#hash.number(hardState.incarnation);
    if (this.#story) this.#tell(at, `starts as ${identityText(hardState.identity)}, life ${at.life}`);
  }

  override stopped(at: Place, graceful: boolean): void {
    this.#effect(2, at);
    if (this.#story) this.#tell(at, graceful ? 'stops' : 'crashes');
  }

  override sent(at: Place, to: PeerId, message: Message, channel: Channel): void {
    this.#messages++;
    this.#sent.set(message.type, (this.#sent.get(message.type) ?? 0) + 1);
    this.#effect(channel === 'stream' ? 3 : 4, at);
    this.#hash.text(to);
    this.#hash.text(message.type);
    this.#hashMessage(message);
  }

  override contacted(at: Place, address: Address): void {
    this.#effect(5, at);
    this.#hash.text(address.host);
    this.#hash.number(address.port);
  }

  override announced(at: Place, fact: Fact): void {
    this.#facts++;
    this.#effect(6, at);
    this.#hash.text(fact.type);
    if ('peer' in fact) this.#hash.text(fact.peer);
    if ('firstN' in fact) this.#hash.number(fact.firstN);
    if (fact.type === 'registers-changed') this.#hashRecords(fact.records);
    if (this.#story && fact.type !== 'stored') this.#tell(at, factText(fact));
  }

  override asked(at: Place, write: DiskWrite): void {
    this.#effect(7, at);
    this.#hash.text(write.type);
    if (write.type === 'batch') this.#hashRecords(write.batch.records);
    else if (write.type === 'hard-state') this.#hash.number(write.state.incarnation);
    else if (write.type === 'snapshot') this.#hash.number(write.snapshot.ownN);
    else this.#hash.text(write.write.type);
  }

  override fault(what: string): void {
    this.#hash.number(this.#timeline.nowMs);
    this.#hash.text(what);
    this.#line('world', what);
  }

  #effect(kind: number, at: Place): void {
    this.#hash.number(this.#timeline.nowMs);
    this.#hash.number(kind * 65_536 + at.index);
  }

  #hashMessage(message: Message): void {
    if (isOrderingMessage(message)) {
      this.#hash.text(message.type);
      return;
    }
    switch (message.type) {
      case 'JOIN_REQUEST':
        this.#hash.number(message.self.incarnation);
        return;
      case 'PEER_LIST':
        this.#hashRumours(message.rumours);
        return;
      case 'PING':
      case 'PONG':
        this.#hash.number(message.nonce);
        this.#hash.number(message.wallMs);
        this.#hashRumours(message.rumours);
        return;
      case 'PING_REQUEST':
        this.#hash.number(message.nonce);
        this.#hash.text(message.target);
        return;
      case 'GET_STATE':
      case 'FULL_SYNC_REQUEST':
        this.#hashDigest(message.digest);
        return;
      case 'GOSSIP_STATE':
      case 'GET_DELTA':
        this.#hashDigest(message.digest);
        this.#hashDeltas(message.deltas);
        return;
      case 'SENSOR_UPDATE':
      case 'FULL_SYNC_RESPONSE':
        this.#hashDeltas(message.deltas);
        return;
      case 'DELTA_UNAVAILABLE':
        for (const stream of message.streams) this.#hashStream(stream);
        return;
      case 'ACK':
        this.#hash.text(message.of);
        return;
      case 'ERROR':
        this.#hash.text(message.code);
        return;
      case 'INTEREST':
      case 'INTEREST_ACK':
        this.#hash.number(message.version);
        return;
      case 'PUBLISH':
        this.#hash.number(message.first);
        return;
      case 'PUBLISH_ACK':
        this.#hash.number(message.upto);
        return;
      default:
        unreachable(message);
    }
  }

  #hashRumours(rumours: Extract<Message, { type: 'PEER_LIST' }>['rumours']): void {
    this.#hash.number(rumours.length);
    for (const { peer, status, incarnation } of rumours) {
      this.#hash.text(peer);
      this.#hash.text(status);
      this.#hash.number(incarnation);
    }
  }

  #hashDigest(digest: Digest): void {
    switch (digest.kind) {
      case 'root':
        this.#hash.number(digest.hash);
        return;
      case 'buckets':
        for (const hash of digest.hashes) this.#hash.number(hash);
        return;
      case 'places':
        for (const { bucket, uptos } of digest.parts) {
          this.#hash.number(bucket);
          for (const upto of uptos) this.#hash.number(upto);
        }
        return;
      case 'entries':
        this.#hash.number(digest.entries.length);
        for (const entry of digest.entries) {
          this.#hashStream(entry);
          this.#hash.number(entry.upto);
        }
        return;
      default:
        unreachable(digest);
    }
  }

  #hashDeltas(deltas: readonly Delta[]): void {
    this.#hash.number(deltas.length);
    for (const delta of deltas) {
      this.#hashStream(delta);
      this.#hash.number(delta.after);
      this.#hash.number(delta.upto);
      this.#hashRecords(delta.records);
    }
  }

  #hashStream({ origin, identity }: StreamName): void {
    this.#hash.text(origin);
    this.#hash.text(identity.random);
  }

  #hashRecords(records: readonly Record[]): void {
    this.#hash.number(records.length);
    for (const record of records) {
      this.#hash.number(record.n);
      this.#hash.text(record.sensor);
    }
  }

  #tell(at: Place, what: string): void {
    this.#line(at.peer, what);
  }

  #line(who: string, what: string): void {
    const story = this.#story;
    if (story === null) return;
    story.push(`${(this.#timeline.nowMs / 1000).toFixed(3).padStart(9)} ${who.padEnd(5)} ${what}`);
    if (story.length > STORY_LINES_MAX) story.splice(0, STORY_LINES_MAX / 2);
  }
}

function factText(fact: Fact): string {
  const { type, ...rest } = fact;
  const details = Object.entries(rest).map(([name, value]) => `${name}=${valueText(value)}`);
  return [type, ...details].join(' ');
}

const ITEMS_SHOWN = 4;

function valueText(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = value.slice(0, ITEMS_SHOWN).map(valueText).join(' ');
    return value.length > ITEMS_SHOWN ? `[${shown} … ${value.length}]` : `[${shown}]`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  if ('host' in value && 'port' in value)
    return addressText({ host: String(value.host), port: Number(value.port) });
  if ('birth' in value && 'random' in value) {
    return identityText({ birth: Number(value.birth), random: String(value.random) });
  }
  if ('n' in value && 'sensor' in value) return `${value.sensor}:${value.n}`;
  return JSON.stringify(value);
}
