// Certificates of a site (X.509, RFC 5280): its authority's own, and one for each node, which says of which site and
// which node it is, and by which names and addresses it is reached. They are written here and read by OpenSSL. SPEC rules
// TR2, TR17.
//
// A machine without a clock of its own boots in the past. So certificates hold from a date long gone: who is not yet
// trusted has none, and who is no longer trusted is revoked by name.

import { createHash, createPublicKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type PeerId, parsePeerId } from '../model/ids.ts';
import { bits, explicit, implicit, octets, oid, sequence, set, text, time, unsigned, yes } from './der.ts';
import { addressBytes } from './hosts.ts';
import { publicBytes, signatureOf } from './keys.ts';

export const FROM_MS = Date.UTC(2000, 0, 1);
/** The last second X.509 can say: "no well-defined expiration". (RFC 5280 §4.1.2.5) */
export const FOREVER_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const VERSION_3 = explicit(0, unsigned(Buffer.of(2)));
const COMMON_NAME = '2.5.4.3';
const ORGANISATION = '2.5.4.10';
const SUBJECT_KEY = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const OTHER_NAMES = '2.5.29.17';
const CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY = '2.5.29.35';
const PURPOSES = '2.5.29.37';
const TLS_SERVER = '1.3.6.1.5.5.7.3.1';
const TLS_CLIENT = '1.3.6.1.5.5.7.3.2';
const SERIAL_BYTES = 16;
const ISSUED_BYTES = 6;
const DNS_TAG = 2;
const URI_TAG = 6;
const ADDRESS_TAG = 7;
const NODE_URI = /^URI:sensorium:\/\/([A-Za-z0-9._-]{1,64})\/([a-z0-9._-]{1,64})(?:, |$)/;

/** Who a certificate is for. */
export interface NodeName {
  readonly site: string;
  readonly node: PeerId;
}

export interface Terms {
  readonly issuedMs: number;
  readonly untilMs: number;
  /** By which names and addresses the node is reached. */
  readonly hosts: readonly string[];
}

/**
 * One authority signs for a site. The same key and site make the same authority, with another signature by itself, so
 * nodes need not send it around.
 */
export function authorityCertificate(site: string, key: KeyObject): X509Certificate {
  const name = nameOf(site, 'Sensorium authority');
  return certificate(key, {
    serial: createHash('sha256').update(publicBytes(key)).digest().subarray(0, SERIAL_BYTES),
    issuer: name,
    subject: name,
    untilMs: FOREVER_MS,
    publicKey: createPublicKey(key),
    extensions: [
      // An authority, and those below it are none.
      extension(CONSTRAINTS, sequence(yes(), unsigned(Buffer.of(0))), true),
      // keyCertSign and cRLSign.
      extension(KEY_USAGE, bits(Buffer.of(0b0000_0110), 1), true),
      extension(SUBJECT_KEY, octets(keyId(key))),
    ],
  });
}

export function nodeCertificate(
  { site, node }: NodeName,
  publicKey: KeyObject,
  authorityKey: KeyObject,
  { issuedMs, untilMs, hosts }: Terms,
): X509Certificate {
  // When it was signed is in its serial number, so that one line can revoke all that came before.
  const serial = randomBytes(SERIAL_BYTES);
  serial.writeUIntBE(issuedMs, 0, ISSUED_BYTES);
  return certificate(authorityKey, {
    serial,
    issuer: nameOf(site, 'Sensorium authority'),
    subject: nameOf(site, node),
    untilMs,
    publicKey,
    extensions: [
      // digitalSignature
      extension(KEY_USAGE, bits(Buffer.of(0b1000_0000), 7), true),
      extension(PURPOSES, sequence(oid(TLS_SERVER), oid(TLS_CLIENT))),
      extension(AUTHORITY_KEY, sequence(implicit(0, keyId(authorityKey)))),
      extension(
        OTHER_NAMES,
        sequence(
          implicit(URI_TAG, Buffer.from(`sensorium://${site}/${node}`, 'latin1')),
          ...hosts.map(otherName),
        ),
      ),
    ],
  });
}

/** Null where it is no certificate of a node. That its authority has signed it is for TLS to find out. */
export function nodeNameOf(certificate: X509Certificate): NodeName | null {
  const match = NODE_URI.exec(certificate.subjectAltName ?? '');
  const node = parsePeerId(match?.[2] ?? '');
  return match && node.ok ? { site: match[1] ?? '', node: node.value } : null;
}

export function issuedMsOf({ serialNumber }: { readonly serialNumber: string }): number {
  const hex = serialNumber.padStart(2 * SERIAL_BYTES, '0');
  return Number.parseInt(hex.slice(0, 2 * ISSUED_BYTES), 16);
}

/** By this whoever is to join knows the authority. */
export function fingerprintOf(authority: X509Certificate): Buffer {
  return createHash('sha256').update(publicBytes(authority.publicKey)).digest();
}

export function pemOf(certificate: X509Certificate): string {
  return certificate.toString();
}

interface Contents {
  readonly serial: Uint8Array;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly untilMs: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function certificate(signer: KeyObject, contents: Contents): X509Certificate {
  const { serial, issuer, subject, untilMs, publicKey, extensions } = contents;
  const signed = sequence(
    VERSION_3,
    unsigned(serial),
    ECDSA_SHA256,
    issuer,
    sequence(time(FROM_MS), time(untilMs)),
    subject,
    publicKey.export({ format: 'der', type: 'spki' }),
    explicit(3, sequence(...extensions)),
  );
  return new X509Certificate(sequence(signed, ECDSA_SHA256, bits(signatureOf(signed, signer))));
}

function nameOf(site: string, name: string): Buffer {
  const part = (type: string, value: string) => set(sequence(oid(type), text(value)));
  return sequence(part(ORGANISATION, site), part(COMMON_NAME, name));
}

function otherName(host: string): Buffer {
  if (isIP(host) === 0) return implicit(DNS_TAG, Buffer.from(host, 'latin1'));
  return implicit(ADDRESS_TAG, addressBytes(host));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(oid(id), ...(isCritical ? [yes()] : []), octets(value));
}

/** As RFC 5280 §4.2.1.2 has it. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(publicBytes(key)).digest();
}
