import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import type { PeerId } from '../model/ids.ts';
import { issuedMsOf, nodeNameOf } from './certificate.ts';
import { drawnKey, publicBytes } from './keys.ts';
import { revocationIn, revocationName, revocationOf, revocationValue } from './revocation.ts';
import { foundSite, type Signing, SiteTrust } from './site-trust.ts';
import { TrustFiles, TrustFilesError } from './trust-files.ts';

const ann = 'ann' as PeerId;
const bob = 'bob' as PeerId;
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22);

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

test('[TR11] a site that is begun has an authority, and keys that only the passphrase opens', () => {
  const files = filesIn(directory());

  foundSite(files, { site: 'hall', node: ann }, at(NOW_MS));
  const trust = new SiteTrust(filesAt(files));

  const { certificate, name } = trust.credentials;
  expect(trust.isAuthority).toBe(true);
  expect(name).toEqual({ site: 'hall', node: ann });
  expect(Date.parse(certificate.validTo)).toBe(NOW_MS + HOUR_MS);
  for (const file of ['node.pem', 'authority.key', 'passphrase']) {
    expect(statSync(join(files.path, file)).mode & 0o777).toBe(0o600);
  }
  expect(readFileSync(join(files.path, 'node.pem'), 'utf8')).toContain('ENCRYPTED PRIVATE KEY');
});

test('[TR11] keys do not open without their passphrase, nor with another, and that is told in one line', () => {
  const passphrase = join(directory(), 'passphrase');
  const files = new TrustFiles(directory(), passphrase);
  foundSite(files, { site: 'hall', node: ann }, at(NOW_MS));

  rmSync(passphrase);

  expect(() => new SiteTrust(files)).toThrow(TrustFilesError);
  expect(() => files.saveAuthorityKey(drawnKey())).toThrow('it opens the keys');
});

test('[TR13] a revocation takes all certificates of a node that were signed before, and none after', () => {
  const trust = founded();
  const before = signed(trust, bob, NOW_MS);
  const revocation = must(trust.revoke(bob, NOW_MS + 1), 'an authority');

  const isNews = [trust.heard(revocation), trust.heard(revocation)];
  // The authority's clock was set back meanwhile.
  const after = signed(trust, bob, NOW_MS - HOUR_MS);

  const name = must(nodeNameOf(before), 'a name');
  expect(isNews).toEqual([true, false]);
  expect(trust.isRevoked(name, issuedMsOf(before))).toBe(true);
  expect(trust.isRevoked(name, issuedMsOf(after))).toBe(false);
  expect(trust.isRevoked({ ...name, node: ann }, issuedMsOf(before))).toBe(false);
});

test('[TR13] a revocation is kept, and one that the authority has not signed is not', () => {
  const trust = founded();
  const genuine = must(trust.revoke(bob, NOW_MS), 'an authority');
  const forged = revocationOf('hall', ann, NOW_MS, drawnKey());
  const moved = { ...genuine, node: ann };
  const stretched = { ...genuine, uptoMs: NOW_MS + HOUR_MS };

  const heard = [forged, moved, stretched, genuine].map((one) => trust.heard(one));
  const again = new SiteTrust(filesAt(trust.files));

  expect(heard).toEqual([false, false, false, true]);
  expect(again.wasRevoked(bob)).toBe(true);
  expect(again.wasRevoked(ann)).toBe(false);
});

test('[TR13] a revocation travels as a reading that no device can write', () => {
  const revocation = must(founded().revoke(bob, NOW_MS), 'an authority');

  const read = revocationIn(revocationName(bob), revocationValue(revocation));

  expect(read).toEqual(revocation);
  expect(revocationName(bob).startsWith('$sensorium/')).toBe(true);
  expect(revocationIn('kitchen', revocationValue(revocation))).toBeNull();
  expect(revocationIn(revocationName(bob), 21)).toBeNull();
});

test('[TR16] a certificate that follows another is there after a restart, with its key', () => {
  const trust = founded();
  const key = drawnKey();
  const certificate = must(trust.sign(ann, createPublicKey(key), at(NOW_MS + 1)), 'an authority');

  trust.renewed(certificate, key);
  const again = new SiteTrust(filesAt(trust.files));

  expect(again.credentials.certificate.serialNumber).toBe(certificate.serialNumber);
  expect(publicBytes(again.credentials.key).equals(publicBytes(key))).toBe(true);
});

test('[TR16] a node without the key of the authority signs and revokes nothing', () => {
  const trust = founded();
  rmSync(join(trust.files.path, 'authority.key'));

  const member = new SiteTrust(filesAt(trust.files));

  expect(member.isAuthority).toBe(false);
  expect(member.sign(bob, createPublicKey(drawnKey()), at(NOW_MS))).toBeNull();
  expect(member.revoke(bob, NOW_MS)).toBeNull();
});

function at(nowMs: number): Signing {
  return { lifeMs: HOUR_MS, nowMs, hosts: [] };
}

function founded(): SiteTrust {
  const files = filesIn(directory());
  foundSite(files, { site: 'hall', node: ann }, at(NOW_MS));
  return new SiteTrust(files);
}

function signed(trust: SiteTrust, node: PeerId, nowMs: number) {
  return must(trust.sign(node, createPublicKey(drawnKey()), at(nowMs)), 'an authority');
}

function filesIn(path: string): TrustFiles {
  return new TrustFiles(path, null);
}

/** The same files, as another process would find them. */
function filesAt({ path }: TrustFiles): TrustFiles {
  return filesIn(join(path, '..'));
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'sensorium-trust-'));
  directories.push(path);
  return path;
}
