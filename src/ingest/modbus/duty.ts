// Which node polls a device that several are told to poll: the highest of those that get answers. Who sees fresh readings
// of the device from a living higher node leaves it to that one; who sees none, or only those of a lower one, polls. So
// nobody needs to be told, a takeover needs no election, and at worst two nodes read the same for a moment, of which the
// later reading counts. SPEC rule MO5.

import type { Hub } from '../../hub/hub.ts';
import { compareText } from '../../kit/order.ts';
import type { SensorId } from '../../model/ids.ts';

/** Of the device's period: a reading that is older is no sign that somebody polls. */
const FRESH_PERIODS = 2.5;

export function isOnDuty(hub: Hub, sensors: readonly SensorId[], periodMs: number, nowMs: number): boolean {
  const present = new Set(hub.members().flatMap(({ peer, status }) => (isPresent(status) ? [peer] : [])));
  return !sensors.some((sensor) => {
    const latest = hub.latestOf(sensor);
    if (latest === null || latest.origin === hub.self || !present.has(latest.origin)) return false;
    const isFresh = nowMs - latest.record.ingestTsMs <= FRESH_PERIODS * periodMs;
    return isFresh && compareText(latest.origin, hub.self) > 0;
  });
}

function isPresent(status: string): boolean {
  return status === 'alive' || status === 'suspected';
}
