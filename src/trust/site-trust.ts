// A member of a site with an authority: who it is itself, who was revoked, and at the authority the power to sign.
// SPEC rules TR11-TR13, TR16, TR17.

import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { authorityCertificate, type NodeName, nodeCertificate, type Terms } from './certificate.ts';
import type { Credentials } from './credentials.ts';
import { drawnKey } from './keys.ts';
import type { Trust } from './peer-security.ts';
import { isGenuine, type Revocation, revocationOf } from './revocation.ts';
import type { TrustFiles } from './trust-files.ts';

export interface Signing {
  readonly lifeMs: number;
  readonly nowMs: number;
  /** By which names and addresses the node is reached. */
  readonly hosts: readonly string[];
}

/** Begins a site: its authority, and the first node's certificate. */
export function foundSite(files: TrustFiles, name: NodeName, signing: Signing): Credentials {
  const authorityKey = drawnKey();
  files.saveAuthorityKey(authorityKey);
  const key = drawnKey();
  const credentials: Credentials = {
    name,
    authority: authorityCertificate(name.site, authorityKey),
    certificate: nodeCertificate(name, createPublicKey(key), authorityKey, termsOf(signing)),
    key,
  };
  files.save(credentials);
  return credentials;
}

export class SiteTrust implements Trust {
  readonly files: TrustFiles;
  readonly #authorityKey: KeyObject | null;
  readonly #revoked = new Map<PeerId, Revocation>();
  #credentials: Credentials;

  /** Throws `TrustFilesError`. */
  constructor(files: TrustFiles) {
    this.files = files;
    this.#credentials = files.credentials();
    this.#authorityKey = files.haveAuthorityKey ? files.authorityKey() : null;
    for (const revocation of files.revocations()) this.#revoked.set(revocation.node, revocation);
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  get isAuthority(): boolean {
    return this.#authorityKey !== null;
  }

  isRevoked({ node }: NodeName, issuedMs: number): boolean {
    return issuedMs <= (this.#revoked.get(node)?.uptoMs ?? -1);
  }

  wasRevoked(node: PeerId): boolean {
    return this.#revoked.has(node);
  }

  /** Null where this node does not have the authority's key. */
  sign(node: PeerId, publicKey: KeyObject, signing: Signing): X509Certificate | null {
    if (this.#authorityKey === null) return null;
    const { site } = this.#credentials.name;
    // Whoever is back after a revocation gets a certificate that is later than it, whatever the clock says.
    const issuedMs = Math.max(signing.nowMs, (this.#revoked.get(node)?.uptoMs ?? -1) + 1);
    return nodeCertificate({ site, node }, publicKey, this.#authorityKey, { ...termsOf(signing), issuedMs });
  }

  /** Null likewise. */
  revoke(node: PeerId, nowMs: number): Revocation | null {
    if (this.#authorityKey === null) return null;
    return revocationOf(this.#credentials.name.site, node, nowMs, this.#authorityKey);
  }

  /** Whether it says something new that the authority has signed; then it is kept for good. */
  heard(revocation: Revocation): boolean {
    const known = this.#revoked.get(revocation.node);
    if (known !== undefined && known.uptoMs >= revocation.uptoMs) return false;
    if (known === undefined && this.#revoked.size >= LIMITS.membersMax) return false;
    const { name, authority } = this.#credentials;
    if (!isGenuine(revocation, name.site, authority.publicKey)) return false;
    this.#revoked.set(revocation.node, revocation);
    this.files.saveRevocations([...this.#revoked.values()]);
    return true;
  }

  /** From the next connection on it is this one that is shown. */
  renewed(certificate: X509Certificate, key: KeyObject): void {
    const credentials = { ...this.#credentials, certificate, key };
    this.files.save(credentials);
    this.#credentials = credentials;
  }
}

function termsOf({ lifeMs, nowMs, hosts }: Signing): Terms {
  return { issuedMs: nowMs, untilMs: nowMs + lifeMs, hosts };
}
