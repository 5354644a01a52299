// Ed25519 keys (RFC 8032): drawn, or made of a seed, so that whoever knows the seed has the same key. On a disk a
// private key stands encrypted. SPEC rules TR2, TR11.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** What stands before the 32 bytes of a private key in PKCS #8, and of a public one in X.509. (RFC 8410) */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
const CIPHER = 'aes-256-cbc';

export function drawnKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

export function keyOfSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** The 32 bytes of a key's public half. */
export function publicBytes(key: KeyObject): Buffer {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  return half.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length);
}

/** Null where these bytes are no public key. */
export function publicKeyOf(bytes: Uint8Array): KeyObject | null {
  if (bytes.length !== KEY_BYTES) return null;
  try {
    return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** For the eyes of OpenSSL in this process; never written down. */
export function plainPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

export function encryptedPem(key: KeyObject, passphrase: string): string {
  return key.export({ format: 'pem', type: 'pkcs8', cipher: CIPHER, passphrase }).toString();
}

/** Throws where the passphrase is another one, or the text no key. */
export function decryptedKey(pem: string, passphrase: string): KeyObject {
  return createPrivateKey({ key: pem, passphrase });
}
