// A device as a node knows it: its name, its role, what it may do and how much of it, and the hash of its token. It is kept
// as the value of a register that is written once and never changed; taking it away is a register of its own. SPEC rules
// AC1, AC3.

import { ok, type Result, refused } from '../kit/result.ts';
import { quoted, type SensorId } from '../model/ids.ts';
import type { Value } from '../model/reading.ts';
import { parsePatterns } from './rights.ts';
import type { TokenId } from './token.ts';

/** `device` writes and subscribes; `reader` reads the API; `metrics` reads what Prometheus reads and nothing else. */
export const ROLES = ['device', 'reader', 'metrics'] as const;
export type Role = (typeof ROLES)[number];

/** What an operator asks for. */
export interface DeviceSpec {
  readonly name: string;
  readonly role: Role;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Readings or messages a second at one node; null for no bound. */
  readonly ratePerS: number | null;
  /** Of payload, a day (UTC) and node; null for no bound. */
  readonly bytesPerDay: number | null;
  /** From then on its token lets nobody in; null for as long as it is there. */
  readonly expiresMs: number | null;
}

export interface Device extends DeviceSpec {
  readonly id: TokenId;
  readonly hash: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const HASH = /^[0-9a-f]{64}$/;
const RATE_MIN = 0.001;
const RATE_MAX = 1_000_000;
/** The last time that a date can say. */
const TIME_MS_MAX = 8.64e15;
const DEVICE = '$sensorium/device/';
const REVOKED = '$sensorium/revoked/';

export function deviceName(id: TokenId): SensorId {
  return (DEVICE + id) as SensorId;
}

/** Whoever has a register of this name has been taken away, whatever any clock says. */
export function revokedName(id: TokenId): SensorId {
  return (REVOKED + id) as SensorId;
}

export function idOfDeviceName(sensor: string): TokenId | null {
  return sensor.startsWith(DEVICE) ? sensor.slice(DEVICE.length) : null;
}

export function idOfRevokedName(sensor: string): TokenId | null {
  return sensor.startsWith(REVOKED) ? sensor.slice(REVOKED.length) : null;
}

/** As an operator may ask for it, over whatever way it came. Without rights a device publishes below its own name. */
export function parseSpec(asked: { readonly [field: string]: unknown }): Result<DeviceSpec> {
  const { name, role = 'device', publish, subscribe } = asked;
  const { ratePerS = null, bytesPerDay = null, expiresMs = null } = asked;
  if (typeof name !== 'string' || !NAME.test(name)) {
    return refused(
      `a device's name is 1 to 64 of A-Z a-z 0-9 . _ - and starts with a letter or digit, got ${quoted(String(name))}`,
    );
  }
  const known = ROLES.find((one) => one === role);
  if (known === undefined)
    return refused(`a role is one of ${ROLES.join(', ')}, got ${quoted(String(role))}`);
  const writes = known === 'device';
  const mayPublish = patternsOf('publish', publish, writes ? [`${name}/#`] : []);
  if (!mayPublish.ok) return mayPublish;
  const maySubscribe = patternsOf('subscribe', subscribe, []);
  if (!maySubscribe.ok) return maySubscribe;
  if (!writes && mayPublish.value.length + maySubscribe.value.length > 0) {
    return refused(`a ${known} reads the API; only a device has topics`);
  }
  if (!isBound(ratePerS, RATE_MIN, RATE_MAX)) {
    const allowed = `a number a second from ${RATE_MIN} to ${RATE_MAX}`;
    return refused(`a rate is ${allowed}, got ${quoted(String(ratePerS))}`);
  }
  if (!isBound(bytesPerDay, 1, Number.MAX_SAFE_INTEGER)) {
    return refused(`a quota is a number of bytes a day from 1 on, got ${quoted(String(bytesPerDay))}`);
  }
  if (!isBound(expiresMs, 1, TIME_MS_MAX)) {
    return refused(`a token expires at a time in milliseconds, got ${quoted(String(expiresMs))}`);
  }
  return ok({
    name,
    role: known,
    publish: mayPublish.value,
    subscribe: maySubscribe.value,
    ratePerS,
    bytesPerDay,
    expiresMs,
  });
}

export function deviceValue(device: Device): Value {
  const { name, role, hash, publish, subscribe, ratePerS, bytesPerDay, expiresMs } = device;
  return {
    name,
    role,
    hash,
    publish: JSON.stringify(publish),
    subscribe: JSON.stringify(subscribe),
    rate: ratePerS ?? 0,
    quota: bytesPerDay ?? 0,
    ...(expiresMs !== null && { expires: expiresMs }),
  };
}

/** Null where another version wrote what this one cannot read: it lets nobody in. */
export function deviceOf(id: TokenId, value: Value): Device | null {
  if (typeof value !== 'object' || typeof value.hash !== 'string' || !HASH.test(value.hash)) return null;
  const { name, role, hash, publish, subscribe, rate, quota, expires } = value;
  const spec = parseSpec({
    name,
    role,
    publish: listOf(publish),
    subscribe: listOf(subscribe),
    ratePerS: rate === 0 ? null : rate,
    bytesPerDay: quota === 0 ? null : quota,
    expiresMs: expires,
  });
  return spec.ok ? { ...spec.value, id, hash } : null;
}

function patternsOf(what: string, given: unknown, byDefault: readonly string[]): Result<readonly string[]> {
  if (given === undefined) return ok(byDefault);
  if (!Array.isArray(given) || !given.every((one) => typeof one === 'string')) {
    return refused(`patterns to ${what} are a list of texts`);
  }
  return parsePatterns(what, given);
}

function isBound(value: unknown, min: number, max: number): value is number | null {
  return value === null || (typeof value === 'number' && value >= min && value <= max);
}

function listOf(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return null;
  }
}
