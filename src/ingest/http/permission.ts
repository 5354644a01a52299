// What a device may write over HTTP, and how much. A request that holds what is beyond its rights is refused as a whole, so
// that whoever set it up sees it at once. SPEC rules AC4, AC6.

import type { Caller } from '../../access/caller.ts';
import type { Reading } from '../../model/reading.ts';
import { type Refusal, shown } from './refusal.ts';

/** Null: it may, and so much has been taken of its bounds. */
export function refusalTo(caller: Caller, readings: readonly Reading[], bytes: number): Refusal | null {
  const { device } = caller;
  if (device === null || readings.length === 0) return null;
  const beyond = readings.find(({ sensor }) => !caller.mayPublish(sensor));
  if (beyond !== undefined) {
    const allowed = device.publish.map(shown).join(', ') || 'nothing';
    return {
      code: 'forbidden',
      detail: `${device.name} may write to ${allowed}, not to ${shown(beyond.sensor)}; nothing was taken`,
    };
  }
  const overuse = caller.take(readings.length, bytes);
  if (overuse === null) return null;
  const { bound, retryAfterS } = overuse;
  const allowed =
    bound === 'rate' ? `${device.ratePerS} readings a second` : `${device.bytesPerDay} bytes a day`;
  return {
    code: `${bound}-exceeded`,
    detail: `${device.name} may write ${allowed} at this node`,
    headers: { 'retry-after': String(retryAfterS) },
  };
}
