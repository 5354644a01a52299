// What a node shows others, and by what it judges what they show: the same whether a shared key stands behind it or
// an authority of the site's own. SPEC rules TR1, TR2, TR17.

import { createPublicKey, type KeyObject, scryptSync, type X509Certificate } from 'node:crypto';
import { authorityCertificate, FOREVER_MS, type NodeName, nodeCertificate } from './certificate.ts';
import { drawnKey, keyOfSeed, SEED_BYTES } from './keys.ts';

export interface Credentials {
  readonly name: NodeName;
  readonly authority: X509Certificate;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** What one guess at a key costs whoever tries: about a tenth of a second and 32 MiB. */
const SCRYPT = { N: 32_768, r: 8, p: 1, maxmem: 67_108_864 };

/**
 * Whoever has the key can make the authority, and so a certificate for itself. It lives as long as the process, and
 * no node needs to know another's.
 */
export class ClusterTrust {
  readonly #authorityKey: KeyObject;
  #credentials: Credentials;

  constructor(clusterKey: string, name: NodeName, hosts: readonly string[]) {
    const seed = scryptSync(clusterKey, `sensorium cluster key, site ${name.site}`, SEED_BYTES, SCRYPT);
    this.#authorityKey = keyOfSeed(seed);
    const authority = authorityCertificate(name.site, this.#authorityKey);
    this.#credentials = { name, authority, ...this.#drawn(name, hosts) };
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  isRevoked(): boolean {
    return false;
  }

  /** From the next connection on another certificate is shown, with these names and addresses. */
  renew(hosts: readonly string[]): void {
    const { name, authority } = this.#credentials;
    this.#credentials = { name, authority, ...this.#drawn(name, hosts) };
  }

  #drawn(name: NodeName, hosts: readonly string[]): Pick<Credentials, 'certificate' | 'key'> {
    const key = drawnKey();
    const terms = { issuedMs: 0, untilMs: FOREVER_MS, hosts };
    return { key, certificate: nodeCertificate(name, createPublicKey(key), this.#authorityKey, terms) };
  }
}

/** Of who speaks to nodes alone, and not to devices. */
export function clusterCredentials(clusterKey: string, name: NodeName): Credentials {
  return new ClusterTrust(clusterKey, name, []).credentials;
}
