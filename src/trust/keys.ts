// Keys of the curve P-256 (FIPS 186-5), which browsers and small devices know as well: drawn, or made of a seed, so that
// whoever knows the seed has the same key. On a disk a private key stands encrypted. SPEC rules TR2, TR11.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { octets, oid, sequence, unsigned } from './der.ts';

/** Bytes of a seed: half as many again as of a key, so that the remainder favours none. (FIPS 186-5 A.2.1) */
export const SEED_BYTES = 48;

/** What stands before the point of a public key in X.509. (RFC 5480) */
const PUBLIC_HEAD = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
const POINT_BYTES = 65;
const SCALAR_BYTES = 32;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const P_256 = '1.2.840.10045.3.1.7';
const CIPHER = 'aes-256-cbc';

export function drawnKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export function keyOfSeed(seed: Uint8Array): KeyObject {
  const number = (BigInt(`0x${Buffer.from(seed).toString('hex')}`) % (ORDER - 1n)) + 1n;
  const scalar = Buffer.from(number.toString(16).padStart(2 * SCALAR_BYTES, '0'), 'hex');
  const key = sequence(
    unsigned(Buffer.of(0)),
    sequence(oid(EC_PUBLIC_KEY), oid(P_256)),
    octets(sequence(unsigned(Buffer.of(1)), octets(scalar))),
  );
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

/** The point that is a key's public half. */
export function publicBytes(key: KeyObject): Buffer {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length);
}

/** Null where these bytes are no public key. */
export function publicKeyOf(bytes: Uint8Array): KeyObject | null {
  if (bytes.length !== POINT_BYTES) return null;
  try {
    return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** ECDSA with SHA-256, as X.509 has it. */
export function signatureOf(data: Uint8Array, key: KeyObject): Buffer {
  return sign('sha256', data, key);
}

export function isSignedBy(data: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  return verify('sha256', data, key, signature);
}

/** For the eyes of OpenSSL in this process; never written down. */
export function plainPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

export function encryptedPem(key: KeyObject, passphrase: string): string {
  return key.export({ format: 'pem', type: 'pkcs8', cipher: CIPHER, passphrase }).toString();
}

/** Throws where the passphrase is another one, or the text no such key. */
export function decryptedKey(pem: string, passphrase: string): KeyObject {
  const key = createPrivateKey({ key: pem, passphrase });
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('it is no key of the curve P-256');
  return key;
}
