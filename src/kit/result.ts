// What came of looking at something that others sent. Nonsense is a value, not an exception.

export type Result<T, P = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: P };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function refused<P>(problem: P): { readonly ok: false; readonly problem: P } {
  return { ok: false, problem };
}
