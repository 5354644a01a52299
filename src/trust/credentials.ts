// What a node shows others, and by what it judges what they show: the same whether a shared key stands behind it or
// an authority of the site's own. SPEC rules TR1, TR2.

import { createPublicKey, type KeyObject, scryptSync, type X509Certificate } from 'node:crypto';
import { authorityCertificate, FOREVER_MS, type NodeName, nodeCertificate } from './certificate.ts';
import { drawnKey, keyOfSeed } from './keys.ts';

export interface Credentials {
  readonly name: NodeName;
  readonly authority: X509Certificate;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** What one guess at a key costs whoever tries: about a tenth of a second and 32 MiB. */
const SCRYPT = { N: 32_768, r: 8, p: 1, maxmem: 67_108_864 };
const SEED_BYTES = 32;

/**
 * Whoever has the key can make the authority, and so a certificate for itself. It lives as long as the process, and
 * no node needs to know another's.
 */
export function clusterCredentials(clusterKey: string, name: NodeName): Credentials {
  const seed = scryptSync(clusterKey, `sensorium cluster key, site ${name.site}`, SEED_BYTES, SCRYPT);
  const authorityKey = keyOfSeed(seed);
  const key = drawnKey();
  return {
    name,
    authority: authorityCertificate(name.site, authorityKey),
    certificate: nodeCertificate(name, createPublicKey(key), authorityKey, {
      issuedMs: 0,
      untilMs: FOREVER_MS,
    }),
    key,
  };
}
