// What to make of another's HELLO. SPEC rules NW3, NW4, NW7.

import { quoted } from '../../model/ids.ts';
import type { ErrorCode, ErrorMessage, Hello } from '../../wire/messages.ts';

export type Verdict =
  | { readonly kind: 'welcome' }
  /** The connection goes round to this very process. */
  | { readonly kind: 'self' }
  /** Another process uses this peer's id. */
  | { readonly kind: 'namesake' }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly reason: string };

export function judge(own: Hello, other: Hello): Verdict {
  if (other.site !== own.site) {
    const reason = `this is site ${quoted(own.site)}, not ${quoted(other.site)}`;
    return { kind: 'refused', code: 'wrong_site', reason };
  }
  if (other.protocolMin > own.protocolMax || other.protocolMax < own.protocolMin) {
    const spoken = `protocols ${own.protocolMin} to ${own.protocolMax} are spoken here`;
    const reason = `${spoken}, not ${other.protocolMin} to ${other.protocolMax}`;
    return { kind: 'refused', code: 'wrong_version', reason };
  }
  if (other.peer !== own.peer) return { kind: 'welcome' };
  return other.instance === own.instance ? { kind: 'self' } : { kind: 'namesake' };
}

/** The latest version that both speak, of two that have a version in common. */
export function spokenBy(own: Hello, other: Hello): number {
  return Math.min(own.protocolMax, other.protocolMax);
}

export function errorMessage(code: ErrorCode, reason: string): ErrorMessage {
  return { type: 'ERROR', code, reason };
}
