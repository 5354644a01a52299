// The state as the earlier system shows it: `/api/state`, `/api/updates` and the state section of
// `/api/introspection`, by global ids `<origin>:<sensor_id>`. SPEC rules AP5 and AP7.

import type { Change, Hub } from '../hub/hub.ts';
import { compareText } from '../kit/order.ts';
import type { SensorId } from '../model/ids.ts';
import type { LatestReading } from '../model/view.ts';
import type { SensorState, State, Updates } from './schema.ts';

type StateRecord = State[string][string];

export function stateOf(hub: Hub): State {
  const records: State[string] = {};
  for (const latest of hub.latest()) records[globalId(latest)] = stateRecord(latest);
  return { [hub.self]: records };
}

/** Of several changes of one sensor only the last counts: what was overtaken is in no state any more. */
export function updatesOf(hub: Hub, changes: readonly Change[]): Updates {
  const last = new Map<SensorId, Change>();
  for (const change of changes) last.set(change.sensor, change);

  const records: Updates[string] = {};
  for (const { latest, source } of last.values()) {
    if (latest !== null) records[globalId(latest)] = { ...stateRecord(latest), sync_source: source };
  }
  return { [hub.self]: records };
}

/** For a client whose cursor leads nowhere: everything, as updates. */
export function allAsUpdates(hub: Hub): Updates {
  const records: Updates[string] = {};
  for (const latest of hub.latest()) {
    records[globalId(latest)] = { ...stateRecord(latest), sync_source: 'unknown' };
  }
  return { [hub.self]: records };
}

export function sensorState(hub: Hub): SensorState {
  const records: SensorState['records'] = [];
  for (const latest of hub.latest()) {
    const sensor_id = latest.record.sensor;
    records.push({ global_sensor_id: globalId(latest), sensor_id, ...stateRecord(latest) });
  }
  records.sort((a, b) => compareText(a.global_sensor_id, b.global_sensor_id));
  return { record_count: records.length, records };
}

function globalId(latest: LatestReading): string {
  return `${latest.origin}:${latest.record.sensor}`;
}

function stateRecord(latest: LatestReading): StateRecord {
  return {
    value: latest.record.value,
    ts_ms: latest.record.tsMs,
    origin: latest.origin,
    meta: { unit: latest.unit, period_ms: latest.periodMs },
  };
}
