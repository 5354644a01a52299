// Hands the committed order to one sink: asks the target where it stands, and goes on from there, batch by batch. It holds
// nothing up: what the target does not take stays in the log, and what leaves the log in the meantime is counted as missed
// and said. SPEC rules SK2-SK8.

import { readPage } from '../hub/log-page.ts';
import type { LogExtent, LogSource } from '../hub/log-source.ts';
import type { Log } from '../kit/log.ts';
import type { GroupId } from '../model/group-view.ts';
import type { SinkState, SinkView } from '../model/sink-view.ts';
import { matchesTopic } from '../model/topic-filter.ts';
import { Duty } from './duty.ts';
import { type Sink, SinkMoved, type SinkPlace, samePlace, unwritten, type Written } from './sink.ts';
import { type SinkOptions, targetOf } from './sink-options.ts';
import { within } from './within.ts';

export interface SinkFollowerOptions {
  readonly sink: SinkOptions;
  readonly source: LogSource;
  /** Whether this node leads the group. */
  readonly leads: () => boolean;
  /** A connection to the target; each one is used until it fails. */
  readonly open: () => Sink;
}

/** A target that does not answer is tried less and less often, up to this. */
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 30_000;
/** How often a node that leaves the writing to another looks where the target stands. */
const WATCH_MS = 1_000;
const CLOSE_MS = 1_000;

export class SinkFollower {
  readonly #log: Log;
  readonly #options: SinkFollowerOptions;
  readonly #finished: Promise<void>;
  #duty: Duty;
  #state: SinkState = 'connecting';
  #place: SinkPlace | null = null;
  /** What the target has of producers where it stands in another group's order; null: it was not asked. */
  #written: { readonly group: GroupId; readonly upto: Written } | null = null;
  #replayFrom: number | null = null;
  /** Since when something waits to be handed over; null: nothing does. */
  #lackingSinceMs: number | null = null;
  #lookedAtMs = 0;
  #counts = { readings: 0, batches: 0, failures: 0, missed: 0 };
  #failuresInARow = 0;
  #lastError = { text: '', atMs: null as number | null };
  #stopped = false;
  #wake: () => void = () => {};
  /** Something happened since the last sleep began: the next one does not wait. */
  #isWoken = false;

  constructor(log: Log, options: SinkFollowerOptions) {
    this.#log = log;
    this.#options = options;
    this.#duty = new Duty(options.sink.takeoverMs, performance.now());
    this.#finished = this.#run();
  }

  get name(): string {
    return this.#options.sink.name;
  }

  /** The order may have gone on. */
  committed(): void {
    this.#lackingSinceMs ??= performance.now();
    this.#stir();
  }

  /** What stands from this sequence on is handed over once more, whoever wrote it. */
  replay(from: number): void {
    this.#replayFrom = from;
    this.#stir();
  }

  view(): SinkView {
    const { sink } = this.#options;
    const lagReadings = this.#lacking(this.#options.source.extent());
    const since = this.#lackingSinceMs;
    return {
      name: sink.name,
      type: sink.engine.type,
      target: targetOf(sink.engine),
      state: this.#state,
      group: this.#place?.group ?? null,
      sequence: this.#place?.sequence ?? 0,
      lagReadings,
      lagMs: lagReadings === 0 || since === null ? 0 : Math.round(performance.now() - since),
      ...this.#counts,
      lastError: this.#lastError.text,
      lastErrorAtMs: this.#lastError.atMs,
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#finished;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const sink = this.#options.open();
      try {
        await this.#follow(sink);
      } catch (cause) {
        if (cause instanceof SinkMoved) this.#duty.leave(this.#place, performance.now());
        else this.#failed(cause);
      } finally {
        await within(CLOSE_MS, sink.close()).catch(() => {});
      }
      if (!this.#stopped && this.#state === 'failing') {
        this.#isWoken = false;
        await this.#sleep(Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(10, this.#failuresInARow)));
      }
    }
  }

  async #follow(sink: Sink): Promise<void> {
    const { timeoutMs } = this.#options.sink;
    this.#place = await within(timeoutMs, sink.connect());
    this.#written = null;
    this.#lookedAtMs = performance.now();
    while (!this.#stopped) {
      this.#isWoken = false;
      const pauseMs = await this.#step(sink);
      if (pauseMs > 0) await this.#sleep(pauseMs);
    }
  }

  /** How long nothing is to be done unless something happens. */
  async #step(sink: Sink): Promise<number> {
    const { source, leads, sink: options } = this.#options;
    if (this.#replayFrom !== null) await this.#rewind(sink, this.#replayFrom);
    if (performance.now() - this.#lookedAtMs >= WATCH_MS && !(leads() && this.#state === 'writing')) {
      await this.#look(sink);
    }
    const extent = source.extent();
    const lacking = this.#lacking(extent);
    const isMine =
      options.writer === 'every' || this.#duty.isMine(leads(), this.#place, lacking, performance.now());
    if (this.#state !== 'failing' || !isMine) this.#turn(isMine ? 'writing' : 'watching');
    if (lacking === 0) this.#lackingSinceMs = null;
    if (!isMine || extent.group === null) return WATCH_MS;
    if (lacking === 0) {
      // A target that answers and lacks nothing is well.
      this.#recovered();
      return WATCH_MS;
    }

    this.#lackingSinceMs ??= performance.now();
    const waitMs = this.#lackingSinceMs + options.flushMs - performance.now();
    if (lacking < options.batchMax && waitMs > 0) return Math.min(WATCH_MS, waitMs);
    // What the log cannot give at the moment is not asked for without a pause.
    return (await this.#handOver(sink, extent.group)) ? 0 : WATCH_MS;
  }

  /** False when there was nothing to hand over. */
  async #handOver(sink: Sink, group: GroupId): Promise<boolean> {
    const { source, sink: options } = this.#options;
    const from = this.#place?.group === group ? this.#place.sequence + 1 : 1;
    const page = await readPage(source, from, options.batchMax);
    const last = page.readings.at(-1);
    // The group may have changed while the log was being read.
    if (last === undefined || page.group !== group || source.extent().group !== group) return false;
    const first = page.readings[0]?.sequence ?? from;
    if (first > from) this.#missed(from, first - 1);
    if (this.#written?.group !== group) {
      const upto = await within(options.timeoutMs, sink.written(group));
      this.#written = { group, upto };
    }
    const wanted = page.readings.filter(({ sensor }) =>
      options.sensors.some((pattern) => matchesTopic(pattern, sensor)),
    );
    const readings = unwritten(wanted, this.#written.upto);
    await within(options.timeoutMs, sink.write({ group, readings, upto: last.sequence }));
    this.#place = { group, sequence: last.sequence };
    this.#duty.saw(this.#place, performance.now());
    this.#counts.batches++;
    this.#counts.readings += readings.length;
    this.#lackingSinceMs = this.#lacking(source.extent()) === 0 ? null : performance.now();
    this.#recovered();
    return true;
  }

  /** Where the target stands by now, when others may write to it. */
  async #look(sink: Sink): Promise<void> {
    const place = await within(this.#options.sink.timeoutMs, sink.place());
    this.#lookedAtMs = performance.now();
    if (samePlace(place, this.#place)) return;
    this.#place = place;
    this.#written = null;
  }

  async #rewind(sink: Sink, from: number): Promise<void> {
    const { group } = this.#options.source.extent();
    if (group === null) return;
    const to = { group, sequence: from - 1 };
    await within(this.#options.sink.timeoutMs, sink.rewind(to));
    this.#replayFrom = null;
    this.#place = to;
    this.#written = { group, upto: new Map() };
    this.#duty = new Duty(this.#options.sink.takeoverMs, performance.now());
    this.#lackingSinceMs = performance.now();
    this.#log.info('what a sink was given is handed over once more', { sink: this.name, from });
  }

  #lacking({ group, first, watermark }: LogExtent): number {
    if (group === null) return 0;
    if (this.#place?.group === group) return Math.max(0, watermark - this.#place.sequence);
    return watermark - first + 1;
  }

  #missed(from: number, to: number): void {
    this.#counts.missed += to - from + 1;
    this.#log.error('readings were not kept any more when a sink was to get them', {
      sink: this.name,
      from,
      to,
    });
  }

  #failed(cause: unknown): void {
    if (this.#stopped) return;
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    this.#counts.failures++;
    this.#lastError = { text: why, atMs: Date.now() };
    if (this.#failuresInARow++ === 0) {
      const { engine } = this.#options.sink;
      this.#log.warn('a sink takes nothing', { sink: this.name, target: targetOf(engine), why });
    }
    this.#state = 'failing';
  }

  #recovered(): void {
    if (this.#failuresInARow > 0) this.#log.info('a sink takes readings again', { sink: this.name });
    this.#failuresInARow = 0;
    this.#turn('writing');
  }

  #turn(state: SinkState): void {
    if (this.#state === state) return;
    if (state === 'watching' && this.#failuresInARow > 0) this.#failuresInARow = 0;
    this.#state = state;
    this.#log.info(state === 'writing' ? 'this node writes to a sink' : 'another node writes to a sink', {
      sink: this.name,
      sequence: this.#place?.sequence ?? 0,
    });
  }

  #stir(): void {
    this.#isWoken = true;
    this.#wake();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        // A sink that fails is not tried more often because the order goes on.
        if (this.#state === 'failing' && !this.#stopped && this.#replayFrom === null) return;
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopped || this.#isWoken) this.#wake();
    });
  }
}
