// How much of the history is kept: looks from time to time which entries are more, or older, than the operator wants,
// and tells the peer. Who leads the group orders what all delete; this only says what it would. SPEC rules HO20, OR39.

import type { LogExtent, LogSource } from '../hub/log-source.ts';
import type { Log } from '../kit/log.ts';
import type { Entry } from '../model/entry.ts';
import { decodeBatch } from '../wire/durable.ts';
import type { Host } from './host.ts';

export interface RetentionLimits {
  /** Infinity: no bound. */
  readonly bytesMax: number;
  readonly ageMsMax: number;
}

/** What is kept at present. */
export interface Kept {
  readonly source: LogSource;
  readonly bytes: number;
  readonly wallMs: number;
}

/** One entry at least, and next to nothing beyond it. */
const PROBE_BYTES = 1;
/** Entries that are looked through for one that says when it was written; others are of elections and views. */
const PROBES_MAX = 64;
const EVERY_MS = 30_000;

/** The highest index up to which entries are more or older than wanted; 0 for none. */
export async function excessUpto(limits: RetentionLimits, kept: Kept): Promise<number> {
  const extent = kept.source.extent();
  if (extent.index < extent.firstIndex) return 0;
  const bySize = tooMany(limits.bytesMax, kept.bytes, extent);
  const byAge = Number.isFinite(limits.ageMsMax)
    ? await tooOld(kept.wallMs - limits.ageMsMax, kept.source, extent)
    : 0;
  return Math.max(bySize, byAge);
}

/** By the mean size of an entry: what is deleted ends at a base anyway, and the next look corrects it. */
function tooMany(bytesMax: number, bytes: number, { firstIndex, index }: LogExtent): number {
  if (bytes <= bytesMax) return 0;
  const entries = index - firstIndex + 1;
  return firstIndex - 1 + Math.floor((entries * (bytes - bytesMax)) / bytes);
}

/** The log rises in time but for what waited in an outbox, so a search by halves finds the place. */
async function tooOld(
  beforeMs: number,
  source: LogSource,
  { firstIndex, index }: LogExtent,
): Promise<number> {
  let low = firstIndex;
  let high = index + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const writtenMs = await writtenAt(source, middle, high);
    if (writtenMs !== null && writtenMs < beforeMs) low = middle + 1;
    else high = middle;
  }
  return low - 1 < firstIndex ? 0 : low - 1;
}

/** When what stands at `from`, or next behind it, came in; null where nothing does before `to`. */
async function writtenAt(source: LogSource, from: number, to: number): Promise<number | null> {
  for (let at = from, probes = 0; at < to && probes < PROBES_MAX; probes++) {
    const [entry] = await source.read({ index: at }, PROBE_BYTES);
    if (entry === undefined) return null;
    const writtenMs = timeOf(entry);
    if (writtenMs !== null) return writtenMs;
    at = entry.index + 1;
  }
  return null;
}

function timeOf({ body }: Entry): number | null {
  if (body.kind !== 'data') return null;
  const batch = decodeBatch(body.payload);
  if (!batch.ok) return null;
  const last = batch.value.records.findLast((record) => record.kind === 'reading');
  return last?.kind === 'reading' ? last.ingestTsMs : null;
}

/** Tells the peer what is too much here. Only where it leads it acts on it, so nobody else looks. */
export async function retain(limits: RetentionLimits, host: Host): Promise<void> {
  if (host.history.view().leader !== host.self) return;
  const bytes = host.counters().history_bytes ?? 0;
  const upto = await excessUpto(limits, { source: host.history, bytes, wallMs: Date.now() });
  if (upto > 0) host.deliver({ type: 'retain', upto, isForced: false });
}

/** Looks now and then, until it is stopped; without a limit there is nothing to look for. */
export class Retention {
  readonly #timer: NodeJS.Timeout | null;
  #looking = Promise.resolve();

  private constructor(everyMs: number | null, look: () => Promise<void>) {
    if (everyMs === null) {
      this.#timer = null;
      return;
    }
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(look);
    }, everyMs);
    this.#timer.unref();
  }

  static start(limits: RetentionLimits, host: Host, log: Log, everyMs = EVERY_MS): Retention {
    const isBounded = Number.isFinite(limits.bytesMax) || Number.isFinite(limits.ageMsMax);
    return new Retention(isBounded ? everyMs : null, () =>
      retain(limits, host).catch((error: unknown) =>
        log.warn('what of the history is too much could not be found', { why: String(error) }),
      ),
    );
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }
}
