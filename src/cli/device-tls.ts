// TLS towards devices and people: the node's own certificate, shown at its inputs and its API as DEVICE_TLS says. SPEC rules
// TR17, TR18, TR20.

import type { DoorTls, ShownCertificate } from '../access/door.ts';
import type { Config } from '../config/config.ts';
import { pemOf } from '../trust/certificate.ts';
import { ClusterTrust, type Credentials } from '../trust/credentials.ts';
import { namesAll } from '../trust/hosts.ts';
import { plainPem } from '../trust/keys.ts';
import type { Trust } from '../trust/peer-security.ts';
import { EXIT, Failure } from './failure.ts';

export interface DeviceTls extends DoorTls {
  /** By which the certificate that is shown is known, as PEM. */
  readonly authority: string;
}

const LOOK_MS = 60_000;

/** Null where devices speak plain. */
export function deviceTls({ deviceTls: policy }: Config, trust: Trust | null): DeviceTls | null {
  if (policy === 'off') return null;
  if (trust === null) {
    if (policy === 'offered') return null;
    const todo = 'give the site a CLUSTER_KEY, or begin one with sensorium init';
    throw new Failure(`DEVICE_TLS = required needs a certificate: ${todo}`, EXIT.usage);
  }
  let kept = shownOf(trust.credentials);
  return {
    authority: pemOf(trust.credentials.authority),
    isRequired: policy === 'required',
    shown: () => {
      if (kept.credentials !== trust.credentials) kept = shownOf(trust.credentials);
      return kept;
    },
  };
}

/** A certificate of a CLUSTER_KEY follows what this machine is called. Returns how to end that. */
export function keepNamed(trust: Trust | null, hosts: () => readonly string[]): () => void {
  if (!(trust instanceof ClusterTrust)) return () => {};
  const looking = setInterval(() => {
    const current = hosts();
    if (!namesAll(trust.credentials.certificate, current)) trust.renew(current);
  }, LOOK_MS);
  return () => clearInterval(looking);
}

/** The authority is not sent along: who is to trust it has it. */
function shownOf(credentials: Credentials): ShownCertificate & { readonly credentials: Credentials } {
  const { certificate, key } = credentials;
  return { credentials, cert: pemOf(certificate), key: plainPem(key) };
}
