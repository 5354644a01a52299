// What happened in a run of the order: a hash of every effect, so that two runs are told apart by one number, and,
// when asked for, a story people can read. SPEC rules SM40, SM44.

import { ballotText } from '../../model/ballot.ts';
import type { Entry } from '../../model/entry.ts';
import type { Fact } from '../../model/fact.ts';
import { identityText, type PeerId } from '../../model/ids.ts';
import type { Message } from '../../wire/messages.ts';
import { EffectHash } from '../effect-hash.ts';
import type { Timeline } from '../timeline.ts';
import type { OrderWrite } from './image.ts';
import { type OrderPlace, OrderWatcher } from './watcher.ts';

/** A long story keeps its end. */
const STORY_LINES_MAX = 60_000;
/** What comes many times a second and is told only in full stories. */
const CHATTER: ReadonlySet<string> = new Set(['HEARTBEAT', 'HEARTBEAT_ACK']);

export class OrderTrace extends OrderWatcher {
  readonly #timeline: Timeline;
  readonly #hash = new EffectHash();
  readonly #story: string[] | null;
  readonly #sent = new Map<string, number>();
  messages = 0;
  elections = 0;

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

  get sentByType(): ReadonlyMap<string, number> {
    return this.#sent;
  }

  override started(at: OrderPlace): void {
    this.#effect(1, at);
    this.#hash.text(at.identity.random);
    this.#tell(at, () => `starts as ${identityText(at.identity)}, log ends at ${at.asked.last}`);
  }

  override stopped(at: OrderPlace): void {
    this.#effect(2, at);
    this.#tell(at, () => 'is gone');
  }

  override sent(at: OrderPlace, to: PeerId, message: Message): void {
    this.messages++;
    this.#sent.set(message.type, (this.#sent.get(message.type) ?? 0) + 1);
    this.#effect(3, at);
    this.#hash.text(to);
    this.#hash.text(message.type);
    if ('ballot' in message) this.#hash.number(message.ballot.round);
    if ('commitIndex' in message) this.#hash.number(message.commitIndex);
    if ('durableIndex' in message) this.#hash.number(message.durableIndex);
    if (!CHATTER.has(message.type)) this.#tell(at, () => `→ ${to}  ${messageText(message)}`);
  }

  override announced(at: OrderPlace, fact: Fact): void {
    this.#effect(4, at);
    this.#hash.text(fact.type);
    if (fact.type === 'became-leader' && fact.how !== 'reballot') this.elections++;
    this.#tell(at, () => `● ${fact.type} ${fieldsText(fact)}`);
  }

  override asked(at: OrderPlace, write: OrderWrite): void {
    this.#effect(5, at);
    this.#hash.text(write.type);
    if (write.type === 'append') {
      for (const { index, ballot, chain } of write.entries) {
        this.#hash.number(index);
        this.#hash.number(ballot.round);
        this.#hash.number(chain.a);
      }
    }
    this.#tell(at, () => `? ${writeText(write)}`);
  }

  override durable(at: OrderPlace, write: OrderWrite): void {
    this.#effect(6, at);
    this.#hash.text(write.type);
    this.#tell(at, () => `! ${writeText(write)}`);
  }

  override fault(what: string): void {
    if (this.#story) this.#line(`            ✗ ${what}`);
  }

  problem(what: string): void {
    if (this.#story) this.#line(`            ‼ ${what}`);
  }

  #effect(kind: number, at: OrderPlace): void {
    this.#hash.number(kind * 4_096 + at.index);
    this.#hash.number(this.#timeline.nowMs);
  }

  #tell(at: OrderPlace, text: () => string): void {
    if (this.#story) this.#line(`${at.peer.padEnd(4)} ${text()}`);
  }

  #line(text: string): void {
    if (this.#story === null) return;
    if (this.#story.length >= STORY_LINES_MAX) this.#story.splice(0, STORY_LINES_MAX / 2);
    this.#story.push(`${this.#timeline.nowMs.toFixed(2).padStart(10)} ${text}`);
  }
}

export function writeText(write: OrderWrite): string {
  switch (write.type) {
    case 'identity':
      return `identity ${identityText(write.identity)}`;
    case 'state': {
      const { promised, floor, damaged, group } = write.state;
      return `state promised ${ballotText(promised)} floor ${floor} group ${group ?? '-'}${damaged ? ' damaged' : ''}`;
    }
    case 'append':
      return `append ${write.entries.map(entryText).join(' ')} v${write.version} floor ${write.floor}`;
    case 'cut':
      return `cut above ${write.after} v${write.version}`;
    case 'trim':
      return `trim up to ${write.upto}`;
    case 'base':
      return `base at ${write.base.index}`;
    case 'batch':
      return `batch ${write.batch.firstN}..${write.batch.lastN}`;
    case 'ordered':
      return `ordered up to ${write.upto}`;
  }
}

function messageText(message: Message): string {
  const { type } = message;
  const fields: string[] = [];
  if ('ballot' in message) fields.push(ballotText(message.ballot));
  if ('kind' in message) fields.push(message.kind);
  if ('lastBallot' in message) fields.push(`last ${ballotText(message.lastBallot)}@${message.lastIndex}`);
  if ('promised' in message) fields.push(`promised ${ballotText(message.promised)}`);
  if ('prevIndex' in message) fields.push(`prev ${message.prevIndex}`);
  if ('matchedIndex' in message)
    fields.push(`matched ${message.matchedIndex} durable ${message.durableIndex}`);
  if ('commitIndex' in message) fields.push(`commit ${message.commitIndex}`);
  if ('entries' in message) fields.push(message.entries.map((entry) => entryText(entry as Entry)).join(' '));
  if (type === 'SEQUENCER_REQUEST')
    fields.push(`${message.firstN}..${message.lastN} ${message.content.kind}`);
  if (type === 'SEQUENCER_REPLY') fields.push(fieldsText(message.answer));
  if (type === 'MISSING_SEQ_REQUEST')
    fields.push(`${message.from}..${message.to}${message.sync ? ' sync' : ''}`);
  if (type === 'HEARTBEAT' || type === 'HEARTBEAT_ACK') fields.push(`beat ${message.beat}`);
  return `${type} ${fields.join(', ')}`;
}

export function entryText({ index, ballot, body }: Entry): string {
  const what = body.kind === 'data' ? `${body.producer.origin}:${body.firstN}-${body.lastN}` : body.kind;
  return `[${index} ${ballotText(ballot)} ${what}]`;
}

/** What a fact or an answer says, short. */
function fieldsText(fields: object): string {
  return Object.entries(fields)
    .filter(([name]) => name !== 'type')
    .map(([name, value]) => `${name}=${shortText(value)}`)
    .join(' ');
}

function shortText(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'round' in value && 'peer' in value) {
    return `${value.round}.${value.peer}`;
  }
  const text = JSON.stringify(value) ?? '';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
