// Invitations that are out: each lets one machine in, once, for a while. What is kept is not what lets in: of a code's
// secret only the hash. SPEC rules TR14, TR15.

import { createHash } from 'node:crypto';
import { LIMITS } from '../model/limits.ts';
import { drawnSecret } from './join-code.ts';

export interface Invitation {
  readonly hash: string;
  readonly untilMs: number;
  /** The key it has let in, in base64; null while nobody has come. */
  readonly usedBy: string | null;
}

export type Redeemed = 'welcome' | 'unknown' | 'used' | 'expired' | 'too-many';

/** Wrong codes a minute, of all who come; above it every code is wrong. */
const GUESSES_MAX = 10;
const GUESS_WINDOW_MS = 60_000;
/** How long one is remembered that lets in nobody any more, so that it is told why. */
const REMEMBER_MS = 86_400_000;

export class Invitations {
  #invitations: readonly Invitation[];
  readonly #save: (invitations: readonly Invitation[]) => void;
  #guesses: number[] = [];

  constructor(invitations: readonly Invitation[], save: (invitations: readonly Invitation[]) => void) {
    this.#invitations = invitations;
    this.#save = save;
  }

  /** Null: too many are out. The secret is told once. */
  draw(nowMs: number, untilMs: number): Buffer | null {
    const kept = this.#invitations.filter((one) => one.untilMs + REMEMBER_MS > nowMs);
    if (kept.length >= LIMITS.invitationsMax) return null;
    const secret = drawnSecret();
    this.#keep([...kept, { hash: hashOf(secret), untilMs, usedBy: null }]);
    return secret;
  }

  /** Whoever lost the answer may ask again with the same key. */
  redeem(secret: Buffer, key: string, nowMs: number): Redeemed {
    this.#guesses = this.#guesses.filter((atMs) => nowMs - atMs < GUESS_WINDOW_MS);
    if (this.#guesses.length >= GUESSES_MAX) return 'too-many';
    const hash = hashOf(secret);
    const found = this.#invitations.find((one) => one.hash === hash);
    if (found === undefined) {
      this.#guesses.push(nowMs);
      return 'unknown';
    }
    if (found.usedBy !== null && found.usedBy !== key) return 'used';
    if (nowMs >= found.untilMs) return 'expired';
    if (found.usedBy === null) {
      this.#keep(this.#invitations.map((one) => (one === found ? { ...one, usedBy: key } : one)));
    }
    return 'welcome';
  }

  #keep(invitations: readonly Invitation[]): void {
    this.#save(invitations);
    this.#invitations = invitations;
  }
}

function hashOf(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('hex');
}
