// Helpers of the tests about trust: credentials of small sites, made once, and whoever judges by them.

import { createPublicKey, type KeyObject } from 'node:crypto';
import type { PeerId } from '../model/ids.ts';
import { authorityCertificate, FOREVER_MS, nodeCertificate } from './certificate.ts';
import type { Credentials } from './credentials.ts';
import { drawnKey } from './keys.ts';
import type { Trust } from './peer-security.ts';

/** An authority of the site `test` that lives as long as the test. */
export class TestAuthority {
  readonly key: KeyObject = drawnKey();
  readonly site: string;

  constructor(site = 'test') {
    this.site = site;
  }

  credentials(node: PeerId, untilMs: number = FOREVER_MS, issuedMs = 1): Credentials {
    const key = drawnKey();
    const name = { site: this.site, node };
    return {
      name,
      authority: authorityCertificate(this.site, this.key),
      certificate: nodeCertificate(name, createPublicKey(key), this.key, {
        issuedMs,
        untilMs,
        hosts: ['localhost', '127.0.0.1'],
      }),
      key,
    };
  }

  trustOf(node: PeerId, untilMs: number = FOREVER_MS): TestTrust {
    return new TestTrust(this.credentials(node, untilMs));
  }
}

export class TestTrust implements Trust {
  credentials: Credentials;
  readonly revoked = new Set<string>();

  constructor(credentials: Credentials) {
    this.credentials = credentials;
  }

  isRevoked({ node }: { readonly node: PeerId }): boolean {
    return this.revoked.has(node);
  }
}
