// What a part of the ordering found that concerns the peer as a whole.

export type Outcome =
  | { readonly kind: 'fine' }
  /** What must never be: the peer takes no further part until people have looked at it. */
  | { readonly kind: 'halt'; readonly why: string; readonly index: number }
  /** Entries that this program does not understand follow. */
  | { readonly kind: 'format'; readonly format: number };

export const FINE: Outcome = { kind: 'fine' };
