// Names: of peers, of sensors, and of a peer's life with one disk (identity).

import { compareText } from '../kit/order.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { LIMITS } from './limits.ts';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type PeerId = Branded<'PeerId'>;
export type SensorId = Branded<'SensorId'>;

/**
 * Born with a node's data directory. `birth` is 1 + the highest birth ever heard for the node's id, so the
 * identities of one id are ordered; `random` (16 hex digits) tells two directories apart that never heard of
 * each other.
 */
export interface Identity {
  readonly birth: number;
  readonly random: string;
}

const PEER_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const ZONE = /^[A-Za-z0-9._-]{0,32}$/;
const RANDOM = /^[0-9a-f]{16}$/;
const NOT_IN_SENSOR_ID =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be in an id
  /[\u0000-\u001f\u007f+#]|^\s|\s$|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

export function parsePeerId(text: string): Result<PeerId> {
  if (!PEER_ID.test(text)) {
    return refused(
      `a node id is 1 to 64 of a-z 0-9 . _ - and starts with a letter or digit, got ${quoted(text)}`,
    );
  }
  return ok(text as PeerId);
}

/** A tag of where a peer stands (a hall, a building, a data centre); empty where nobody said. */
export function parseZone(text: string): Result<string> {
  if (!ZONE.test(text)) return refused(`a zone is 0 to 32 of A-Z a-z 0-9 . _ -, got ${quoted(text)}`);
  return ok(text);
}

export function parseSensorId(text: string): Result<SensorId> {
  if (text.length === 0) return refused('a sensor id is not empty');
  if (text.length > LIMITS.sensorIdBytesMax || utf8Length(text) > LIMITS.sensorIdBytesMax) {
    return refused(`a sensor id has at most ${LIMITS.sensorIdBytesMax} bytes`);
  }
  if (NOT_IN_SENSOR_ID.test(text)) {
    return refused(
      `a sensor id has no control characters, no + or #, no space at its ends, got ${quoted(text)}`,
    );
  }
  return ok(text as SensorId);
}

export function isIdentity(birth: number, random: string): boolean {
  return Number.isSafeInteger(birth) && birth >= 1 && RANDOM.test(random);
}

export function compareIdentities(a: Identity, b: Identity): number {
  return a.birth - b.birth || compareText(a.random, b.random);
}

export function sameIdentity(a: Identity, b: Identity): boolean {
  return a.birth === b.birth && a.random === b.random;
}

/** As it is shown and used as a map key: `3.9f86d081884c7d65`. */
export function identityText(identity: Identity): string {
  return `${identity.birth}.${identity.random}`;
}

/** The UTF-8 length of a text, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff && i + 1 < text.length) {
      bytes += 2;
      i++;
    } else bytes += 2;
  }
  return bytes;
}

/** A text as a message may show it: escaped and short, whatever somebody sent. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
