// Tokens: 256 random bits with the id under which a node finds whose they are, so that a token alone says it all. A node
// keeps a hash; since the bits are random a plain one is enough, as there is nothing to guess. SPEC rule AC2.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 16 hex digits. */
export type TokenId = string;

const TOKEN = /^sen_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;
const ID_BYTES = 8;
const SECRET_BYTES = 32;

export interface DrawnToken {
  readonly id: TokenId;
  /** Shown once, and kept nowhere. */
  readonly text: string;
  readonly hash: string;
}

export function drawToken(): DrawnToken {
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `sen_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, text, hash: hashOf(text) };
}

/** Null: no token of ours, whatever else it may be. */
export function idOfToken(text: string): TokenId | null {
  return TOKEN.exec(text)?.[1] ?? null;
}

export function isTokenOf(text: string, hash: string): boolean {
  const given = Buffer.from(hashOf(text), 'hex');
  const kept = Buffer.from(hash, 'hex');
  return given.length === kept.length && timingSafeEqual(given, kept);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
