// The thread in which the CSV files are written. Rows that came together go to the disk together, soon; what is
// durable is told, so that the log may be trimmed. SPEC rules HI8, HI10.

import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../kit/assert.ts';
import { CsvWriter } from './csv-writer.ts';
import type { ToWorker } from './entry-message.ts';

export interface CsvWorkerData {
  readonly directory: string;
  readonly wipe: boolean;
}

const WRITE_AFTER_MS = 100;
const CHECKPOINT_AFTER_MS = 5_000;
/** Of its time it gives at most so much to checkpoints, however many files there are. */
const CHECKPOINT_SHARE = 20;
const PLACES_PER_MESSAGE = 5_000;
const TELL_PLACES_MS = 100;
const SAVE_PLACES_MS = 60_000;

const port = must(parentPort, 'this runs in a worker');
const { directory, wipe } = workerData as CsvWorkerData;
const writer = new CsvWriter(directory, wipe);
let writeTimer: NodeJS.Timeout | null = null;
let checkpointTimer: NodeJS.Timeout | null = null;
let placesTimer: NodeJS.Timeout | null = null;
let lastCheckpointMs = 0;
let placesSavedAtMs = performance.now();

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'group':
      writer.startGroup(message.group);
      tell('begun');
      return;
    case 'entries':
      writer.take(message.rows, message.bytes);
      tell('taken');
      plan();
      return;
    case 'close':
      for (const timer of [writeTimer, checkpointTimer, placesTimer]) if (timer) clearTimeout(timer);
      writer.close();
      tell('closed');
      port.close();
  }
});
tell('begun');
plan();

function plan(): void {
  if (writeTimer === null && writer.pendingBytes > 0) {
    writeTimer = setTimeout(() => {
      writeTimer = null;
      writer.write();
    }, WRITE_AFTER_MS);
  }
  if (checkpointTimer === null && writer.isBehind) {
    checkpointTimer = setTimeout(
      checkpoint,
      Math.max(CHECKPOINT_AFTER_MS, lastCheckpointMs * CHECKPOINT_SHARE),
    );
  }
  if (placesTimer === null && writer.places.hasUntold) placesTimer = setTimeout(tellPlaces, TELL_PLACES_MS);
}

function checkpoint(): void {
  checkpointTimer = null;
  const startMs = performance.now();
  writer.checkpoint();
  if (startMs - placesSavedAtMs > SAVE_PLACES_MS) {
    writer.savePlaces();
    placesSavedAtMs = startMs;
  }
  lastCheckpointMs = performance.now() - startMs;
  tell('durable');
}

function tellPlaces(): void {
  placesTimer = null;
  port.postMessage({ type: 'placed', placed: writer.places.takeUntold(PLACES_PER_MESSAGE) });
  plan();
}

function tell(type: 'begun' | 'taken' | 'durable' | 'closed'): void {
  port.postMessage({ type, ...writer.progress() });
}
