// What the control socket understands.

import { ok, type Result, refused } from '../kit/result.ts';
import { parseSensorId, type SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

export interface ControlRequest {
  readonly act: 'forget';
  readonly sensors: readonly SensorId[];
}

export type ControlAnswer =
  | {
      readonly ok: true;
      readonly forgotten: readonly SensorId[];
      readonly unknown: readonly SensorId[];
      readonly firstN: number;
    }
  | { readonly ok: false; readonly problem: string };

export function parseRequest(line: string): Result<ControlRequest> {
  const request = parseJson(line);
  if (typeof request !== 'object' || request === null || !('act' in request)) {
    return refused('a request is one line of JSON: {"act": "forget", "sensors": ["…"]}');
  }
  if (request.act !== 'forget') return refused('the only act is "forget"');
  const named = 'sensors' in request ? request.sensors : undefined;
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
