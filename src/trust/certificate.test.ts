import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { authorityCertificate, FOREVER_MS, issuedMsOf, nodeCertificate, nodeNameOf } from './certificate.ts';
import { clusterCredentials } from './credentials.ts';
import { drawnKey, keyOfSeed, publicBytes, publicKeyOf } from './keys.ts';

const VALID = { issuedMs: Date.UTC(2026, 1, 2), untilMs: FOREVER_MS };
const ann = { site: 'hall.7', node: 'ann' as PeerId };

test('[TR2] a certificate names its site and its node, is signed by the authority, and is none itself', () => {
  const authorityKey = drawnKey();
  const authority = authorityCertificate('hall.7', authorityKey);

  const certificate = nodeCertificate(ann, createPublicKey(drawnKey()), authorityKey, VALID);

  expect(nodeNameOf(certificate)).toEqual(ann);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect([authority.ca, certificate.ca]).toEqual([true, false]);
  expect(nodeNameOf(authority)).toBeNull();
});

test('[TR2] certificates hold at a clock that was never set, until the time they were made for', () => {
  const untilMs = Date.UTC(2031, 4, 6, 7, 8, 9);

  const certificate = nodeCertificate(ann, createPublicKey(drawnKey()), drawnKey(), { issuedMs: 1, untilMs });

  expect(Date.parse(certificate.validFrom)).toBe(Date.UTC(2000, 0, 1));
  expect(Date.parse(certificate.validTo)).toBe(untilMs);
});

test('[TR13] when a certificate was signed can be read in it', () => {
  const certificate = nodeCertificate(ann, createPublicKey(drawnKey()), drawnKey(), VALID);

  expect(issuedMsOf(certificate)).toBe(VALID.issuedMs);
});

test('[TR2] two nodes with one key have one authority, and with another key or site another one', () => {
  const anns = clusterCredentials('a shared key', ann);
  const bobs = clusterCredentials('a shared key', { ...ann, node: 'bob' as PeerId });
  const foreign = clusterCredentials('another key', ann);
  const elsewhere = clusterCredentials('a shared key', { ...ann, site: 'barn' });

  expect(bobs.authority.raw.equals(anns.authority.raw)).toBe(true);
  expect(bobs.certificate.verify(anns.authority.publicKey)).toBe(true);
  expect(foreign.certificate.verify(anns.authority.publicKey)).toBe(false);
  expect(publicBytes(elsewhere.authority.publicKey).equals(publicBytes(anns.authority.publicKey))).toBe(
    false,
  );
});

test('[TR2] serial numbers are drawn, so that one certificate can be told from the next', () => {
  const key = drawnKey();
  const of = () => nodeCertificate(ann, createPublicKey(key), key, VALID).serialNumber;

  expect(new Set(Array.from({ length: 50 }, of)).size).toBe(50);
});

test('[TR2] a key made of a seed is the same key each time, and what is no key is none', () => {
  const seed = Buffer.alloc(32, 7);

  expect(publicBytes(keyOfSeed(seed)).equals(publicBytes(keyOfSeed(seed)))).toBe(true);
  expect(publicKeyOf(publicBytes(keyOfSeed(seed)))?.asymmetricKeyType).toBe('ed25519');
  expect(publicKeyOf(Buffer.alloc(31))).toBeNull();
  expect(verify(null, Buffer.from('x'), keyOfSeed(seed), Buffer.alloc(64))).toBe(false);
});

test('[TR2] what is read back is what was written', () => {
  const { certificate } = clusterCredentials('a shared key', ann);

  expect(new X509Certificate(certificate.toString()).raw.equals(certificate.raw)).toBe(true);
});
