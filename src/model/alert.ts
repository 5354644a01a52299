// An alert: something at a sensor that somebody should know of, as all nodes know it. There is one for a rule and a sensor;
// each time it is raised anew its turn rises by one, so that `key` names one telling of it for ever.
// It is kept as the value of a register, a flat record. SPEC rules AL4, AL6.

import { parseSensorId, type SensorId } from './ids.ts';
import type { Scalar, Value } from './reading.ts';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Alert {
  /** The rule's name; `silent` for a sensor that has ceased to speak. */
  readonly rule: string;
  readonly sensor: SensorId;
  /** Which field of its record the rule looks at; empty where it looks at a value that is none. */
  readonly field: string;
  readonly severity: Severity;
  readonly state: 'raised' | 'cleared';
  /** How often it has been raised, this time included. */
  readonly turn: number;
  readonly raisedMs: number;
  /** When it was raised or cleared at last. */
  readonly changedMs: number;
  /** What is the matter, for people. */
  readonly text: string;
  /** The value that raised or cleared it; null where there is none. */
  readonly value: Scalar | null;
  /** By the name of who is to be told: the key of what it has been told, and has taken. */
  readonly told: { readonly [target: string]: string };
}

const TOLD = 'told.';

/** Names of the registers that keep alerts begin so. */
export const ALERT_REGISTERS = '$sensorium/alert/';

export function isAlertRegister(register: string): boolean {
  return register.startsWith(ALERT_REGISTERS);
}

/** The same for everybody who tells this change of this alert, so that who is told twice can know. */
export function alertKey({ rule, sensor, turn, state }: Alert): string {
  return `${rule}:${turn}:${state}:${sensor}`;
}

/** Which alert it is, whatever its state: a rule looks at one field. */
export function alertName(rule: string, sensor: SensorId): string {
  return `${rule}\n${sensor}`;
}

/** As subscribers and webhooks get it. */
export function alertBody(alert: Alert): { readonly [field: string]: Scalar | null } {
  const { rule, sensor, field, severity, state, turn, raisedMs, changedMs, text, value } = alert;
  return {
    ...{ key: alertKey(alert), rule, sensor, field, severity, state, turn, text, value },
    ...{ raised_ts_ms: raisedMs, changed_ts_ms: changedMs },
  };
}

export function encodeAlert({ told, value, raisedMs, changedMs, ...rest }: Alert): Value {
  const record: { [field: string]: Scalar } = { ...rest, raised_ms: raisedMs, changed_ms: changedMs };
  if (value !== null) record.value = value;
  for (const [target, key] of Object.entries(told)) record[TOLD + target] = key;
  return record;
}

/** Null where it is nothing that this program wrote. */
export function decodeAlert(record: Value): Alert | null {
  if (typeof record !== 'object') return null;
  const { rule, sensor, field, state, severity, turn, raised_ms, changed_ms, text, value } = record;
  const id = parseSensorId(String(sensor));
  const grade = SEVERITIES.find((one) => one === severity);
  const isAlert =
    (state === 'raised' || state === 'cleared') &&
    typeof rule === 'string' &&
    typeof field === 'string' &&
    typeof text === 'string' &&
    typeof turn === 'number' &&
    typeof raised_ms === 'number' &&
    typeof changed_ms === 'number';
  if (!isAlert || !id.ok || grade === undefined) return null;
  const told = Object.entries(record).flatMap(([name, key]) =>
    name.startsWith(TOLD) ? [[name.slice(TOLD.length), String(key)]] : [],
  );
  return {
    ...{ rule, sensor: id.value, field, severity: grade, state, turn },
    ...{ raisedMs: raised_ms, changedMs: changed_ms, text, value: value ?? null },
    told: Object.fromEntries(told),
  };
}
