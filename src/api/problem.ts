// What the read-only API answers when it cannot answer: problems (RFC 9457), all from this one table. A code is
// stable: clients may switch on it, and it is never reused for something else. SPEC rules AP3-AP4. The table is
// documented in docs/problems.md, which a test compares with it.

export const PROBLEMS = {
  'bad-query': { status: 400, title: 'The query is not understood' },
  'malformed-request': { status: 400, title: 'The request is not HTTP as it should be' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This listener is read-only' },
  'other-group': { status: 409, title: 'That is a place in the order of another group' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  'target-too-long': { status: 414, title: 'The path and query are too long' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'The node failed to answer' },
  'not-ready': { status: 503, title: 'The node is not ready' },
  'too-many-streams': { status: 503, title: 'Too many live streams are open' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
}

export const PROBLEM_CODES = Object.freeze(Object.keys(PROBLEMS).filter(isProblemCode));

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** `detail` says what was wrong this time and what is allowed. */
export function problemOf(code: ProblemCode, detail: string): Problem {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:sensorium:problem:${code}`, title, status, code, detail };
}

/** The headers that a problem of this code brings along. */
export function problemHeaders(code: ProblemCode): { readonly [name: string]: string } {
  switch (code) {
    case 'method-not-allowed':
      return { Allow: ALLOWED_METHODS };
    case 'not-ready':
    case 'too-many-streams':
      return { 'Retry-After': '5' };
    default:
      return {};
  }
}

export const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';

function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}
