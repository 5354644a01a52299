import { createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { authorityCertificate, FOREVER_MS, issuedMsOf, nodeCertificate, nodeNameOf } from './certificate.ts';
import { clusterCredentials } from './credentials.ts';
import { hostsAmong, namesAll, ownHosts } from './hosts.ts';
import {
  drawnKey,
  isSignedBy,
  keyOfSeed,
  publicBytes,
  publicKeyOf,
  SEED_BYTES,
  signatureOf,
} from './keys.ts';

const VALID = { issuedMs: Date.UTC(2026, 1, 2), untilMs: FOREVER_MS, hosts: [] };
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

  const certificate = nodeCertificate(ann, createPublicKey(drawnKey()), drawnKey(), { ...VALID, untilMs });

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

  expect(publicBytes(bobs.authority.publicKey).equals(publicBytes(anns.authority.publicKey))).toBe(true);
  expect(bobs.certificate.checkIssued(anns.authority)).toBe(true);
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
  const seed = Buffer.alloc(SEED_BYTES, 7);

  expect(publicBytes(keyOfSeed(seed)).equals(publicBytes(keyOfSeed(seed)))).toBe(true);
  expect(publicKeyOf(publicBytes(keyOfSeed(seed)))?.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(publicKeyOf(Buffer.alloc(64))).toBeNull();
  expect(publicKeyOf(Buffer.alloc(65, 4))).toBeNull();
  expect(isSignedBy(Buffer.from('x'), keyOfSeed(seed), signatureOf(Buffer.from('x'), keyOfSeed(seed)))).toBe(
    true,
  );
  expect(isSignedBy(Buffer.from('x'), keyOfSeed(seed), Buffer.alloc(64))).toBe(false);
});

test('[TR2] what is read back is what was written', () => {
  const { certificate } = clusterCredentials('a shared key', ann);

  expect(new X509Certificate(certificate.toString()).raw.equals(certificate.raw)).toBe(true);
});

test('[TR17] a certificate names where its node is reached: by name, by IPv4, by IPv6 however it is written', () => {
  const hosts = [
    'localhost',
    'ann',
    'Hall_7.example',
    '10.0.0.7',
    '::1',
    'fd00::7:0:9',
    '2001:db8:1:2:3:4:5:6',
  ];

  const certificate = nodeCertificate(ann, createPublicKey(drawnKey()), drawnKey(), { ...VALID, hosts });

  expect(nodeNameOf(certificate)).toEqual(ann);
  expect(namesAll(certificate, hosts)).toBe(true);
  expect(namesAll(certificate, ['fd00:0:0:0:0:7:0:9'])).toBe(true);
  for (const other of ['10.0.0.8', 'bob', '::2', 'ann.example']) {
    expect(namesAll(certificate, [other])).toBe(false);
  }
});

test('[TR17] of what a machine says it is called, what is no name and what is too much is left out', () => {
  const many = Array.from({ length: 100 }, (_, at) => `10.0.0.${at}`);

  expect(hostsAmong(['a,DNS:b', 'x y', '', '-a', 'ann', 'ann', '10.0.0.1', '*.com'])).toEqual([
    'ann',
    '10.0.0.1',
  ]);
  expect(hostsAmong(many).length).toBe(32);
  expect(ownHosts(ann.node, '10.0.0.9', 'hall.example')).toEqual(
    expect.arrayContaining(['localhost', '127.0.0.1', '::1', 'ann', '10.0.0.9', 'hall.example']),
  );
  expect(ownHosts(ann.node, null, null)).toContain('127.0.0.1');
});
