// The CSV files follow the committed order, in a thread of their own, which also learns where each sensor's latest reading
// stands. SPEC rules HI1, HI8-HI10.

import { Worker } from 'node:worker_threads';
import type { LogSource } from '../hub/log-source.ts';
import type { Placed } from '../hub/places.ts';
import type { Log } from '../kit/log.ts';
import type { CsvWorkerData } from './csv-worker.ts';
import type { Progress } from './entry-message.ts';
import { LogFollower } from './log-follower.ts';

export interface CsvFollowerOptions {
  /** Where the node keeps all of its own. */
  readonly directory: string;
  /** Whether what is there is to go first. */
  readonly wipe: boolean;
  readonly source: LogSource;
  /** Where latest readings have their places. */
  readonly placed: (placed: readonly Placed[]) => void;
  /** Places told before are those of an order that has ended. */
  readonly forgetPlaces: () => void;
  /** It is durable up to this entry: the log need not keep it for the files. */
  readonly durable: (upto: Progress['durable']) => void;
  /** How the thread is started; the program's own way without it. */
  readonly startThread?: (data: CsvWorkerData) => Worker;
}

interface PlacedMessage {
  readonly type: 'placed';
  readonly placed: readonly Placed[];
}

export class CsvFollower {
  readonly #follower: LogFollower<PlacedMessage>;
  #wipe: boolean;

  constructor(log: Log, options: CsvFollowerOptions) {
    const { directory, source, placed, forgetPlaces, durable, startThread = csvThread } = options;
    this.#wipe = options.wipe;
    this.#follower = new LogFollower<PlacedMessage>(log, {
      what: 'the CSV files',
      source,
      startThread: () => startThread({ directory, wipe: this.#wipe }),
      canBeCut: true,
      begun: () => {
        this.#wipe = false;
      },
      told: (message) => placed(message.placed),
      groupChanged: forgetPlaces,
      durable,
    });
  }

  /** How far the files are, for those who watch. */
  counters(): { readonly [name: string]: number } {
    const { sequence = 0, durable } = this.#follower.progress ?? {};
    return {
      csv_sequence: sequence,
      csv_sequence_durable: durable?.sequence ?? 0,
      csv_failures_total: this.#follower.failures,
    };
  }

  /** The order may have gone on. */
  committed(): void {
    this.#follower.committed();
  }

  stop(): Promise<void> {
    return this.#follower.stop();
  }
}

function csvThread(workerData: CsvWorkerData): Worker {
  return new Worker(new URL('./csv-worker.js', import.meta.url), { workerData });
}
