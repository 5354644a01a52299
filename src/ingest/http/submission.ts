// Readings given to the hub, and how a program that only knows status codes is told that it did not work. SPEC rules IN6,
// IN7.

import { createHash } from 'node:crypto';
import { type Durability, type Hub, NotCommitted, type SubmitReceipt, SubmitRefused } from '../../hub/hub.ts';
import type { Reading } from '../../model/reading.ts';
import type { Refusal } from './refusal.ts';

/** Null where they are as durable as asked; `overloaded` where the same may succeed later. */
export async function submitTo(
  hub: Hub,
  readings: readonly Reading[],
  ack: Durability,
  body: Buffer,
): Promise<Refusal | null> {
  try {
    await hub.submit(readings, ack, repeatable(readings, ack, body));
    return null;
  } catch (cause) {
    if (cause instanceof NotCommitted) return { code: 'overloaded', detail: cause.message };
    if (!(cause instanceof SubmitRefused)) {
      return { code: 'storage-failed', detail: 'the readings could not be stored at this node' };
    }
    return { code: cause.retry ? 'overloaded' : 'nothing-accepted', detail: cause.message };
  }
}

/**
 * Who is told to come again sends the same, and that must not be taken twice. Readings without times of their own may
 * well be the same and meant twice.
 */
function repeatable(readings: readonly Reading[], ack: Durability, body: Buffer): SubmitReceipt | undefined {
  if (ack === 'stored' || readings.some(({ tsMs }) => tsMs === undefined)) return undefined;
  return { key: `body-${createHash('sha256').update(body).digest('base64url')}`, answer: '' };
}
