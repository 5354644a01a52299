// A reading as sinks write it that take JSON: the fields of `/api/v1/log`, with the group that its sequence belongs to.
// SPEC rule SK4.

import type { LogReading } from '../hub/log-page.ts';
import type { GroupId } from '../model/group-view.ts';
import { identityText } from '../model/ids.ts';

export function rowText(group: GroupId, reading: LogReading): string {
  const { sequence, sensor, origin, identity, n, tsMs, ingestTsMs, value, unit, flags } = reading;
  return JSON.stringify({
    group,
    sequence,
    sensor,
    origin,
    identity: identityText(identity),
    n,
    ts_ms: tsMs,
    ingest_ts_ms: ingestTsMs,
    value,
    unit,
    flags,
  });
}

export function placeText(group: GroupId, sequence: number): string {
  return `${group}:${sequence}`;
}

/** Null for what is no place. */
export function parsePlace(text: string): { readonly group: GroupId; readonly sequence: number } | null {
  const match = /^([0-9a-f]{16}):(\d{1,16})$/.exec(text);
  const sequence = Number(match?.[2]);
  return match?.[1] === undefined || !Number.isSafeInteger(sequence) ? null : { group: match[1], sequence };
}
