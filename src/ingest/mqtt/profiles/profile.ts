// What a payload says, as a profile reads it: readings, or nothing that is a reading. SPEC rules MQ13, MQ14.

import type { Candidate } from '../../../model/check-reading.ts';

export type Understood =
  | { readonly kind: 'readings'; readonly readings: readonly Candidate[] }
  /** A command, a description, or what else is meant for somebody: passed on and no reading. */
  | { readonly kind: 'message' }
  /** Nobody told what this is; it is passed on, and shown in the inbox. */
  | { readonly kind: 'unknown'; readonly why: string };

export type Profile = (topic: string, payload: Buffer) => Understood;

export const MESSAGE: Understood = { kind: 'message' };

export function unknown(why: string): Understood {
  return { kind: 'unknown', why };
}

export function readings(...given: readonly Candidate[]): Understood {
  return { kind: 'readings', readings: given };
}
