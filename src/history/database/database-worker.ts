// The thread in which the database lives: it takes entries of the order, writes them together, soon, and answers questions
// meanwhile. SPEC rules HD1, HD3-HD8, HD10, HD11.

import { parentPort, workerData } from 'node:worker_threads';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { RangeAnswer, RangeQuery, SqlAnswer } from '../../hub/past.ts';
import { PastRefused } from '../../hub/past.ts';
import { must } from '../../kit/assert.ts';
import { LIMITS } from '../../model/limits.ts';
import type { ToWorker } from '../entry-message.ts';
import { HistoryDatabase } from './history-database.ts';
import { answerSql } from './people-sql.ts';
import { rangeOf } from './range.ts';
import type { DatabaseOptions } from './tables.ts';

export type Question =
  | { readonly type: 'range'; readonly id: number; readonly query: RangeQuery }
  | { readonly type: 'sql'; readonly id: number; readonly text: string };

export interface Answered {
  readonly type: 'answered';
  readonly id: number;
  readonly answer: RangeAnswer | SqlAnswer | null;
  /** Why there is no answer. */
  readonly refused: string | null;
}

const WRITE_AFTER_MS = 250;
/** Rows in memory: then reading goes on only when they are written. */
const PENDING_ROWS_MAX = 200_000;
/** Looking for what is too old, or too much, takes a scan of all that is there. */
const FORGET_EVERY_MS = 600_000;

const port = must(parentPort, 'this runs in a worker');
const options = workerData as DatabaseOptions;
const database = await HistoryDatabase.open(options);
/** Whatever writes waits for what was asked before it; readings are taken into memory meanwhile. */
let turn: Promise<void> = Promise.resolve();
let writeTimer: NodeJS.Timeout | null = null;
let isClosing = false;
const asking = new Set<DuckDBConnection>();
const answers = new Set<Promise<void>>();

port.on('message', (message: ToWorker | Question) => {
  switch (message.type) {
    case 'range':
    case 'sql': {
      const answered = answer(message).finally(() => answers.delete(answered));
      answers.add(answered);
      return;
    }
    case 'group':
      inTurn(async () => {
        await database.startGroup(message.group);
        tell('begun');
      });
      return;
    case 'entries':
      if (!isClosing) take(message);
      return;
    case 'close':
      close();
  }
});
tell('begun');
if (options.maxAges.length > 0 || options.maxRows.length > 0) {
  const forget = () => inTurn(() => database.forget(options, Date.now()));
  forget();
  setInterval(forget, FORGET_EVERY_MS).unref();
}

function take({ rows, bytes }: Extract<ToWorker, { type: 'entries' }>): void {
  try {
    database.take(rows, bytes);
  } catch (cause) {
    inTurn(() => Promise.reject(cause));
    return;
  }
  const trims = rows.flatMap(({ body }) => (body.kind === 'trim' ? body.firstKept : []));
  if (trims.length > 0) {
    inTurn(async () => {
      await database.commit();
      await database.trim(Math.max(...trims));
      tell('taken');
    });
  } else if (database.pendingRows > PENDING_ROWS_MAX) {
    inTurn(async () => {
      await write();
      tell('taken');
    });
  } else tell('taken');
  writeTimer ??= setTimeout(() => {
    writeTimer = null;
    inTurn(write);
  }, WRITE_AFTER_MS);
}

async function write(): Promise<void> {
  if (!database.isBehind) return;
  await database.commit();
  tell('durable');
  if (database.recentRows >= LIMITS.historyRecentRowsMax) await database.archive();
}

/** A thread that ends with a question under way takes the process with it: all of them end first. */
function close(): void {
  isClosing = true;
  if (writeTimer !== null) clearTimeout(writeTimer);
  database.interrupt();
  for (const connection of asking) connection.interrupt();
  turn = turn
    .then(() => database.commit())
    // What was interrupted or could not be written is taken from the log again.
    .catch(() => {})
    .then(() => Promise.all(answers))
    .then(() => {
      database.close();
      tell('closed');
      port.close();
    });
}

function inTurn(act: () => Promise<void>): void {
  turn = turn.then(async () => {
    if (!isClosing) await act();
  });
  turn.catch((cause: unknown) => {
    if (!isClosing) failed(cause);
  });
}

/** The next thread begins where this one had written to. */
function failed(cause: unknown): void {
  isClosing = true;
  for (const connection of asking) connection.interrupt();
  void Promise.all(answers).then(() => {
    database.close();
    throw cause;
  });
}

async function answer(question: Question): Promise<void> {
  const { id } = question;
  if (isClosing) return;
  const connection = await database.connect();
  asking.add(connection);
  try {
    const answer =
      question.type === 'range'
        ? await rangeOf(connection, question.query)
        : await answerSql(connection, question.text);
    port.postMessage({ type: 'answered', id, answer, refused: null } satisfies Answered);
  } catch (cause) {
    const isTheirs = cause instanceof PastRefused;
    const why = cause instanceof Error ? cause.message : String(cause);
    const refused = isTheirs ? why : `the database could not answer: ${why}`;
    port.postMessage({ type: 'answered', id, answer: null, refused } satisfies Answered);
  } finally {
    asking.delete(connection);
    connection.closeSync();
  }
}

function tell(type: 'begun' | 'taken' | 'durable' | 'closed'): void {
  const { group, next, sequence } = database.progress;
  const { written } = database;
  const durable = { index: written.next - 1, sequence: written.sequence };
  port.postMessage({ type, group, next, sequence, durable });
}
