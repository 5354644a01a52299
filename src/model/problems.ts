// What a node answers over HTTP when it cannot answer: problems (RFC 9457), all from this one table, at the inputs as at
// the read-only API. A code is stable: clients may switch on it, refusals are counted by it, and it is never reused for
// something else. SPEC rules AP3, IN7. The table is documented in docs/problems.md, which a test compares with it.

export const PROBLEMS = {
  'bad-query': { status: 400, title: 'The query is not understood' },
  'bad-body': { status: 400, title: 'The body is not understood' },
  'nothing-accepted': { status: 400, title: 'No reading could be accepted' },
  'malformed-request': { status: 400, title: 'The request is not HTTP as it should be' },
  unauthorized: { status: 401, title: 'A token is needed that is known here' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This path does not take that method' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'other-group': { status: 409, title: 'That is a place in the order of another group' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'too-many-readings': { status: 413, title: 'A request has too many readings' },
  'target-too-long': { status: 414, title: 'The path and query are too long' },
  'unsupported-type': { status: 415, title: 'The content type is not known here' },
  'unsupported-encoding': { status: 415, title: 'The content encoding is not known' },
  'tls-required': { status: 426, title: 'TLS is needed here' },
  overloaded: { status: 429, title: 'The node has too much in work' },
  'rate-exceeded': { status: 429, title: 'The device sends faster than it may' },
  'quota-exceeded': { status: 429, title: 'The device has sent as much today as it may' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'The node failed to answer' },
  'not-ready': { status: 503, title: 'The node is not ready' },
  'storage-failed': { status: 503, title: 'The readings could not be stored' },
  'too-many-connections': { status: 503, title: 'Too many connections are open' },
  'too-many-streams': { status: 503, title: 'Too many live streams are open' },
  'disk-full': { status: 507, title: 'The disk of the node is full' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
}

export const PROBLEM_CODES: readonly ProblemCode[] = Object.freeze(
  Object.keys(PROBLEMS).filter(isProblemCode),
);

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** `detail` says what was wrong this time and what is allowed. */
export function problemOf(code: ProblemCode, detail: string): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:sensorium:problem:${code}`, title, status, code, detail };
}

function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}
