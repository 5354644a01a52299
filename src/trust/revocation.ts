// That a node is no longer of the site, as its authority says: all its certificates up to a moment. The word is signed,
// so that every node can pass it on and none can make it up. SPEC rule TR13.

import type { KeyObject } from 'node:crypto';
import type { PeerId, SensorId } from '../model/ids.ts';
import { parsePeerId } from '../model/ids.ts';
import type { Value } from '../model/reading.ts';
import { isSignedBy, signatureOf } from './keys.ts';

export interface Revocation {
  readonly node: PeerId;
  /** Certificates signed at this time or before. */
  readonly uptoMs: number;
  /** Base64. */
  readonly signature: string;
}

const PREFIX = '$sensorium/revoked-node/';

export function revocationOf(
  site: string,
  node: PeerId,
  uptoMs: number,
  authorityKey: KeyObject,
): Revocation {
  const signature = signatureOf(statement(site, node, uptoMs), authorityKey).toString('base64');
  return { node, uptoMs, signature };
}

export function isGenuine(
  { node, uptoMs, signature }: Revocation,
  site: string,
  authority: KeyObject,
): boolean {
  return isSignedBy(statement(site, node, uptoMs), authority, Buffer.from(signature, 'base64'));
}

export function revocationName(node: PeerId): SensorId {
  // The name of a register is a sensor's, and a node id has no letter that may not be in one.
  return `${PREFIX}${node}` as SensorId;
}

export function revocationValue({ uptoMs, signature }: Revocation): Value {
  return { upto_ms: uptoMs, signature };
}

/** Null where it is none. */
export function revocationIn(sensor: string, value: Value): Revocation | null {
  if (!sensor.startsWith(PREFIX) || typeof value !== 'object') return null;
  const node = parsePeerId(sensor.slice(PREFIX.length));
  const { upto_ms: uptoMs, signature } = value;
  if (!node.ok || typeof uptoMs !== 'number' || typeof signature !== 'string') return null;
  return { node: node.value, uptoMs, signature };
}

function statement(site: string, node: PeerId, uptoMs: number): Buffer {
  return Buffer.from(`sensorium: of site ${site}, node ${node} is revoked up to ${uptoMs}`, 'utf8');
}
