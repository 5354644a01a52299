// Assertions stay on in production: a peer that finds itself wrong stops rather than spreads what it believes.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: boolean, whatMustHold: string): asserts condition {
  if (!condition) throw new AssertionError(whatMustHold);
}

/** Ends a `switch` over a union: the compiler objects when a case is missing, the program when one appears. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

/** The value, where the program is wrong if there is none. */
export function must<T>(value: T | undefined | null, whatMustExist: string): T {
  if (value === undefined || value === null) throw new AssertionError(whatMustExist);
  return value;
}
