// What the control socket understands. SPEC rules CT2-CT4.

import type { SqlAnswer } from '../hub/past.ts';
import type { DescriptionChange, SensorDescription } from '../hub/sensor-registry.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { type PeerId, parsePeerId, parseSensorId, type SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { type DeviceAnswer, type DeviceRequest, parseDeviceRequest } from './device-acts.ts';
import { parseTrustRequest, type TrustAnswer, type TrustRequest } from './trust-acts.ts';

/** The longest name that is written down of who asked. */
const BY_MAX = 100;

export type ControlRequest =
  | DeviceRequest
  | TrustRequest
  | { readonly act: 'forget'; readonly sensors: readonly SensorId[] }
  /** The leader hands over to another voter. */
  | { readonly act: 'transfer'; readonly to: PeerId }
  /** This node leaves the group for good. */
  | { readonly act: 'leave' }
  /** Another node, which will not come back, is taken out of the group. */
  | { readonly act: 'remove'; readonly peer: PeerId }
  /** The past is asked in SQL: one statement that reads. */
  | { readonly act: 'sql'; readonly text: string }
  /** What people call a sensor: an empty text takes a name, a group or a label away. */
  | { readonly act: 'describe'; readonly sensor: SensorId; readonly change: DescriptionChange }
  /** A sink is given what it was given from this sequence on once more. */
  | { readonly act: 'replay'; readonly sink: string; readonly from: number }
  /** What the node keeps is copied as it is at this moment, to be taken away by who asks. */
  | { readonly act: 'freeze' }
  /** In a drill: nothing goes from this node to these peers until another cut. */
  | { readonly act: 'cut'; readonly peers: readonly PeerId[] }
  /** In a drill: what this node sends leaves so much later. */
  | { readonly act: 'slow'; readonly delayMs: number };

/** Where the copy lies, and what it is of. */
export interface Frozen {
  readonly staging: string;
  readonly node: string;
  readonly site: string;
  readonly group: string | null;
  readonly watermark: number;
}

export type ControlAnswer =
  | DeviceAnswer
  | TrustAnswer
  | {
      readonly ok: true;
      readonly forgotten: readonly SensorId[];
      readonly unknown: readonly SensorId[];
      readonly firstN: number;
    }
  | { readonly ok: true; readonly done: 'transfer' | 'leave' | 'remove' | 'replay' | 'cut' | 'slow' }
  | { readonly ok: true; readonly description: SensorDescription }
  | { readonly ok: true; readonly frozen: Frozen }
  | ({ readonly ok: true } & SqlAnswer)
  | { readonly ok: false; readonly problem: string };

const WHAT_IS_ALLOWED =
  '{"act": "forget", "sensors": ["…"]}, {"act": "transfer", "to": "…"}, {"act": "leave"}, {"act": "remove", "peer": "…"}, {"act": "device-add", "device": {"name": "…"}}, {"act": "device-list"}, {"act": "device-remove", "name": "…"} or {"act": "sql", "text": "…"}';

const WHAT_A_CHANGE_IS = `"change" has "name", "group" and "labels", an object of at most ${2 * LIMITS.labelsPerSensorMax} texts`;

export function parseRequest(line: string): Result<ControlRequest> {
  const request = parseJson(line);
  if (typeof request !== 'object' || request === null || !('act' in request)) {
    return refused(`a request is one line of JSON: ${WHAT_IS_ALLOWED}`);
  }
  const onDevices = parseDeviceRequest(request);
  if (onDevices !== null) return onDevices;
  const onTrust = parseTrustRequest(request);
  if (onTrust !== null) return onTrust;
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
    case 'describe':
      return descriptionOf(
        'sensor' in request ? request.sensor : '',
        'change' in request ? request.change : undefined,
      );
    case 'freeze':
      return ok({ act: 'freeze' });
    case 'replay':
      return replayOf('sink' in request ? request.sink : '', 'from' in request ? request.from : undefined);
    case 'slow':
      return slowOf('delayMs' in request ? request.delayMs : undefined);
    case 'cut':
      return cutOf('peers' in request ? request.peers : undefined);
    default:
      return refused(`the acts are "forget", "transfer", "leave", "remove" and "sql": ${WHAT_IS_ALLOWED}`);
  }
}

function replayOf(sink: unknown, from: unknown): Result<ControlRequest> {
  if (typeof sink !== 'string' || sink === '') return refused('"sink" is the name of a sink');
  if (typeof from !== 'number' || !Number.isSafeInteger(from) || from < 1) {
    return refused('"from" is a sequence, a whole number from 1');
  }
  return ok({ act: 'replay', sink, from });
}

function descriptionOf(id: unknown, change: unknown): Result<ControlRequest> {
  const sensor = parseSensorId(String(id));
  if (!sensor.ok) return sensor;
  if (typeof change !== 'object' || change === null) return refused(WHAT_A_CHANGE_IS);
  const { name, group, labels = {} }: { readonly [field: string]: unknown } = { ...change };
  const isText = (text: unknown) => text === undefined || typeof text === 'string';
  const pairs = typeof labels === 'object' && labels !== null ? Object.entries(labels) : null;
  if (!isText(name) || !isText(group) || pairs === null || pairs.length > 2 * LIMITS.labelsPerSensorMax) {
    return refused(WHAT_A_CHANGE_IS);
  }
  const texts = {
    ...(name !== undefined && { name: String(name) }),
    ...(group !== undefined && { group: String(group) }),
    labels: Object.fromEntries(pairs.map(([label, text]) => [label, String(text)])),
  };
  return ok({ act: 'describe', sensor: sensor.value, change: texts });
}

/** Who asks, as the program says that asks; the socket is open to its own user alone. */
export function parseAsker(line: string): string {
  const request = parseJson(line);
  const by = typeof request === 'object' && request !== null && 'by' in request ? request.by : '';
  return typeof by === 'string' ? by.slice(0, BY_MAX) : '';
}

function slowOf(delayMs: unknown): Result<ControlRequest> {
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= LIMITS.drillDelayMsMax) {
    return ok({ act: 'slow', delayMs });
  }
  return refused(`"delayMs" is a number from 0 to ${LIMITS.drillDelayMsMax}`);
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
