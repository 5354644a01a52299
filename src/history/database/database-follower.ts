// The database follows the committed order, in a thread of its own that also answers what is asked of the past. It is
// started with the first reading that is committed: a node without a history does without it. SPEC rules HD1, HD4, HD8.

import { Worker } from 'node:worker_threads';
import type { LogSource } from '../../hub/log-source.ts';
import { type Past, PastRefused, type RangeAnswer, type RangeQuery, type SqlAnswer } from '../../hub/past.ts';
import type { Log } from '../../kit/log.ts';
import { LIMITS } from '../../model/limits.ts';
import { LogFollower } from '../log-follower.ts';
import type { Answered, Question } from './database-worker.ts';
import type { DatabaseOptions } from './tables.ts';

export interface DatabaseFollowerOptions extends DatabaseOptions {
  readonly source: LogSource;
  /** How the thread is started; the program's own way without it. */
  readonly startThread?: (options: DatabaseOptions) => Worker;
}

interface Waiting {
  readonly answered: (message: Answered) => void;
}

const NOTHING: RangeAnswer = {
  group: null,
  watermark: 0,
  unit: '',
  readings: [],
  steps: [],
  isCut: false,
};

export class DatabaseFollower implements Past {
  readonly #log: Log;
  readonly #options: DatabaseFollowerOptions;
  readonly #waiting = new Map<number, Waiting>();
  #follower: LogFollower<Answered> | null = null;
  #lastId = 0;
  #isStopped = false;

  constructor(log: Log, options: DatabaseFollowerOptions) {
    this.#log = log;
    this.#options = options;
  }

  counters(): { readonly [name: string]: number } {
    const { sequence = 0, durable } = this.#follower?.progress ?? {};
    return {
      database_sequence: sequence,
      database_sequence_durable: durable?.sequence ?? 0,
      database_failures_total: this.#follower?.failures ?? 0,
    };
  }

  /** The order may have gone on. */
  committed(): void {
    if (this.#isStopped) return;
    if (this.#follower === null && this.#options.source.extent().watermark > 0) this.#start();
    this.#follower?.committed();
  }

  async range(query: RangeQuery): Promise<RangeAnswer> {
    this.committed();
    if (this.#follower === null) return NOTHING;
    const answer = await this.#ask((id) => ({ type: 'range', id, query }));
    return answer as RangeAnswer;
  }

  async sql(text: string): Promise<SqlAnswer> {
    this.committed();
    if (this.#follower === null) throw new PastRefused('nothing has been committed yet');
    const answer = await this.#ask((id) => ({ type: 'sql', id, text }));
    return answer as SqlAnswer;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const [id, { answered }] of this.#waiting) {
      answered({ type: 'answered', id, answer: null, refused: 'the node is being stopped' });
    }
    await this.#follower?.stop();
  }

  #start(): void {
    const { source, startThread = databaseThread, ...options } = this.#options;
    this.#follower = new LogFollower<Answered>(this.#log, {
      what: 'the database of the history',
      source,
      startThread: () => startThread(options),
      canBeCut: false,
      told: (message) => this.#waiting.get(message.id)?.answered(message),
      groupChanged: () => {},
      // The log is not kept for it: what it lacks it takes from where the log begins.
      durable: () => {},
    });
  }

  #ask(question: (id: number) => Question): Promise<RangeAnswer | SqlAnswer> {
    if (this.#waiting.size >= LIMITS.historyQuestionsMax) {
      throw new PastRefused(
        `at most ${LIMITS.historyQuestionsMax} questions are answered at once; ask again`,
      );
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new PastRefused('the database did not answer in time'));
      }, LIMITS.historyAnswerMsMax);
      this.#waiting.set(id, {
        answered: ({ answer, refused }) => {
          clearTimeout(patience);
          this.#waiting.delete(id);
          if (answer !== null) resolve(answer);
          else reject(new PastRefused(refused ?? 'no answer'));
        },
      });
      if (this.#follower?.tell(question(id)) !== true) {
        const refused = 'the database is being opened again';
        this.#waiting.get(id)?.answered({ type: 'answered', id, answer: null, refused });
      }
    });
  }
}

function databaseThread(workerData: DatabaseOptions): Worker {
  return new Worker(new URL('./database-worker.js', import.meta.url), { workerData });
}
