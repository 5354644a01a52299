// What TLS has to say of whoever is at the other end: who it is, or why it is not let in. SPEC rules TR2, TR3, TR8.

import type { TLSSocket } from 'node:tls';
import { ok, type Result, refused } from '../kit/result.ts';
import type { TrustRefusal } from '../model/trust-refusal.ts';
import { issuedMsOf, type NodeName, nodeNameOf, pemOf } from './certificate.ts';
import type { Credentials } from './credentials.ts';
import { plainPem } from './keys.ts';

/** Somebody whose certificate holds. */
export interface Authenticated {
  readonly name: NodeName;
  readonly issuedMs: number;
  readonly untilMs: number;
}

/** What a node judges others by; its parts may change while it runs. */
export interface Trust {
  /** A new object where they have changed. */
  readonly credentials: Credentials;
  /** A certificate of that node, signed at that time. */
  isRevoked(name: NodeName, issuedMs: number): boolean;
}

export interface TlsOptions {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.3';
  readonly maxVersion: 'TLSv1.3';
}

export function tlsOptionsOf({ authority, certificate, key }: Credentials): TlsOptions {
  return {
    ca: pemOf(authority),
    // Who joins has no authority yet, and knows this one by its fingerprint.
    cert: pemOf(certificate) + pemOf(authority),
    key: plainPem(key),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
  };
}

export function authenticate(socket: TLSSocket, trust: Trust): Result<Authenticated, TrustRefusal> {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return refused('no-certificate');
  const name = nodeNameOf(certificate);
  const isElsewhere = name !== null && name.site !== trust.credentials.name.site;
  if (!socket.authorized) {
    if (String(socket.authorizationError) === 'CERT_HAS_EXPIRED') return refused('expired-certificate');
    return refused(isElsewhere ? 'other-site' : 'foreign-certificate');
  }
  if (name === null || isElsewhere) return refused('foreign-certificate');
  const issuedMs = issuedMsOf(certificate);
  if (trust.isRevoked(name, issuedMs)) return refused('revoked');
  return ok({ name, issuedMs, untilMs: Date.parse(certificate.validTo) });
}

/** What a system's error code says of a TLS handshake that came to nothing. */
export function handshakeRefusal(code: string): TrustRefusal | null {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_HTTP_REQUEST') return 'plaintext';
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL' || code.endsWith('_ALERT_PROTOCOL_VERSION')) return 'old-tls';
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO' ? 'handshake' : null;
}
