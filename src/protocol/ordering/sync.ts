// Before it claims, a candidate whose log is behind takes over the longer tail from whoever has it, so that the
// highest peer may lead and nothing is dropped for it. The whole tail is adopted at once or not at all, only if it
// is ahead, and never against what is known committed here. SPEC rules EL8, OR12, OR32.

import type { Random } from '../../kit/random.ts';
import { type Ballot, compareBallots } from '../../model/ballot.ts';
import type { Entry } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { ReplicateMessage } from '../../wire/ordering-messages.ts';
import type { OrderingOutbox } from './port.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

type Response = Extract<ReplicateMessage, { type: 'MISSING_SEQ_RESPONSE' }>;

export type SyncResult =
  | { readonly kind: 'under-way' }
  | { readonly kind: 'adopted'; readonly entries: number }
  | { readonly kind: 'failed' };

export class Sync {
  readonly #site: Site;
  readonly #replica: Replica;
  #lastNonce: number;
  #asked: { readonly peer: PeerId; readonly nonce: number } | null = null;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(site: Site, replica: Replica, random: Random) {
    this.#site = site;
    this.#replica = replica;
    this.#lastNonce = random.below(1_000_000_000);
  }

  begin(peer: PeerId, out: OrderingOutbox): void {
    this.#entries = [];
    this.#bytes = 0;
    const nonce = ++this.#lastNonce;
    this.#asked = { peer, nonce };
    const { group, commitIndex, lastIndex, epochs } = this.#replica;
    const { identity, options } = this.#site;
    out.send(
      peer,
      {
        type: 'MISSING_SEQ_REQUEST',
        group,
        identity,
        nonce,
        from: commitIndex + 1,
        to: lastIndex,
        bytesMax: options.syncBytesMax,
        sync: epochs.table(),
      },
      'stream',
    );
  }

  end(): void {
    this.#asked = null;
    this.#entries = [];
  }

  /** Null for what answers another question. */
  answered(
    from: PeerId,
    response: Response,
    now: Now,
    out: OrderingOutbox,
    raise: (ballot: Ballot) => void,
  ): SyncResult | null {
    const asked = this.#asked;
    if (asked === null || from !== asked.peer || !this.#site.rules.isAnswer(response.nonce, asked.nonce))
      return null;
    for (const entry of response.entries) {
      this.#entries.push(entry);
      this.#bytes += entry.bytes.length;
    }
    if (this.#bytes > this.#site.options.syncBytesMax) return this.#fail();
    if (response.more) return { kind: 'under-way' };
    const entries = this.#entries;
    this.end();
    // Whoever takes over what was written under a ballot follows nobody below it any more.
    if (entries.length > 0) raise(response.lastBallot);
    return this.#adopt(entries, response, now, out)
      ? { kind: 'adopted', entries: entries.length }
      : { kind: 'failed' };
  }

  #adopt(
    entries: readonly Entry[],
    { lastBallot, lastIndex }: Response,
    now: Now,
    out: OrderingOutbox,
  ): boolean {
    const replica = this.#replica;
    const first = entries[0];
    if (first === undefined || entries.at(-1)?.index !== lastIndex) return false;
    const ahead = compareBallots(lastBallot, replica.lastBallot) || lastIndex - replica.lastIndex;
    const agreed = first.index - 1;
    if (ahead <= 0 || agreed > replica.lastIndex) return false;
    const floor = Math.max(replica.commitIndex, replica.savedFloor);
    if (agreed < replica.lastIndex && !this.#site.rules.mayCut(agreed, floor)) return false;
    if (!this.#isWhole(entries, agreed)) return false;
    replica.cut(agreed, out);
    return replica.appendFitting(entries, () => true, now, out) === null;
  }

  /**
   * Whether these are all there is behind what both have: with a part missing nothing is adopted, and then nothing may
   * leave this log either.
   */
  #isWhole(entries: readonly Entry[], agreed: number): boolean {
    let index = agreed;
    let chain = this.#replica.chainAt(agreed);
    for (const entry of entries) {
      if (chain === null || entry.index !== index + 1) return false;
      if (!this.#site.rules.continues(chain, entry)) return false;
      index = entry.index;
      chain = entry.chain;
    }
    return true;
  }

  #fail(): SyncResult {
    this.end();
    return { kind: 'failed' };
  }
}
