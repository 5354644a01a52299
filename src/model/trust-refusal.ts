// Why somebody who would take part was not let in, or what came in its name was thrown away. The words name counters
// and facts. SPEC rule TR8.

export const TRUST_REFUSALS = [
  /** Spoke without TLS where TLS is asked for, or the other way round. */
  'plaintext',
  /** Would not speak TLS 1.3. */
  'old-tls',
  /** Broke off while TLS was being agreed on, or took too long. */
  'handshake',
  'no-certificate',
  /** Signed by somebody else, or for something else. */
  'foreign-certificate',
  /** Signed by another site's authority, as far as it says itself. */
  'other-site',
  'expired-certificate',
  'revoked',
  /** Called itself something else than its certificate does. */
  'forged-sender',
  /** Said something in its own name that only another may say. */
  'forged-claim',
  /** A datagram that is not sealed where all are. */
  'unsealed',
  /** A datagram sealed by a key that nobody here has, such as one of a process that is gone. */
  'unknown-seal',
  /** A datagram that was changed on its way. */
  'broken-seal',
  /** A datagram that was here before, or is too old to tell. */
  'replayed',
  /** Came to join, or for a new certificate, and was sent away. */
  'join-unknown',
  'join-used',
  'join-expired',
  'join-too-many',
  'join-taken',
  'join-malformed',
  'join-certificate',
  'join-not-authority',
] as const;
export type TrustRefusal = (typeof TRUST_REFUSALS)[number];

export function trustCounter(why: TrustRefusal): string {
  return `trust_refused_${why.replaceAll('-', '_')}_total`;
}
