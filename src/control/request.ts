// What the control socket understands. SPEC rules CT2-CT4.

import type { SqlAnswer } from '../hub/past.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { type PeerId, parsePeerId, parseSensorId, type SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

export type ControlRequest =
  | { readonly act: 'forget'; readonly sensors: readonly SensorId[] }
  /** The leader hands over to another voter. */
  | { readonly act: 'transfer'; readonly to: PeerId }
  /** This node leaves the group for good. */
  | { readonly act: 'leave' }
  /** Another node, which will not come back, is taken out of the group. */
  | { readonly act: 'remove'; readonly peer: PeerId }
  /** The past is asked in SQL: one statement that reads. */
  | { readonly act: 'sql'; readonly text: string }
  /** In a drill: nothing goes from this node to these peers until another cut. */
  | { readonly act: 'cut'; readonly peers: readonly PeerId[] };

export type ControlAnswer =
  | {
      readonly ok: true;
      readonly forgotten: readonly SensorId[];
      readonly unknown: readonly SensorId[];
      readonly firstN: number;
    }
  | { readonly ok: true; readonly done: 'transfer' | 'leave' | 'remove' | 'cut' }
  | ({ readonly ok: true } & SqlAnswer)
  | { readonly ok: false; readonly problem: string };

const WHAT_IS_ALLOWED =
  '{"act": "forget", "sensors": ["…"]}, {"act": "transfer", "to": "…"}, {"act": "leave"}, {"act": "remove", "peer": "…"} or {"act": "sql", "text": "…"}';

export function parseRequest(line: string): Result<ControlRequest> {
  const request = parseJson(line);
  if (typeof request !== 'object' || request === null || !('act' in request)) {
    return refused(`a request is one line of JSON: ${WHAT_IS_ALLOWED}`);
  }
  switch (request.act) {
    case 'forget':
      return sensorsOf('sensors' in request ? request.sensors : undefined);
    case 'transfer': {
      const to = parsePeerId(String('to' in request ? request.to : ''));
      return to.ok ? ok({ act: 'transfer', to: to.value }) : to;
    }
    case 'leave':
      return ok({ act: 'leave' });
    case 'remove': {
      const peer = parsePeerId(String('peer' in request ? request.peer : ''));
      return peer.ok ? ok({ act: 'remove', peer: peer.value }) : peer;
    }
    case 'sql': {
      const text = 'text' in request ? request.text : undefined;
      return typeof text === 'string' ? ok({ act: 'sql', text }) : refused('"text" is one statement in SQL');
    }
    case 'cut':
      return cutOf('peers' in request ? request.peers : undefined);
    default:
      return refused(`the acts are "forget", "transfer", "leave", "remove" and "sql": ${WHAT_IS_ALLOWED}`);
  }
}

function cutOf(named: unknown): Result<ControlRequest> {
  if (!Array.isArray(named) || named.length > LIMITS.membersMax) return refused('"peers" lists node ids');
  const peers: PeerId[] = [];
  for (const id of named) {
    const peer = parsePeerId(String(id));
    if (!peer.ok) return peer;
    peers.push(peer.value);
  }
  return ok({ act: 'cut', peers });
}

function sensorsOf(named: unknown): Result<ControlRequest> {
  if (!Array.isArray(named) || named.length < 1 || named.length > LIMITS.readingsPerSubmitMax) {
    return refused(`"sensors" lists 1 to ${LIMITS.readingsPerSubmitMax} sensor ids`);
  }
  const sensors: SensorId[] = [];
  for (const id of named) {
    const sensor = parseSensorId(String(id));
    if (!sensor.ok) return sensor;
    sensors.push(sensor.value);
  }
  return ok({ act: 'forget', sensors });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
