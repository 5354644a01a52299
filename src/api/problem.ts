// The headers that problems of the read-only API bring along. SPEC rules AP3-AP4.

import type { ProblemCode } from '../model/problems.ts';

export const ALLOWED_METHODS = 'GET, HEAD, OPTIONS';

export function problemHeaders(code: ProblemCode): { readonly [name: string]: string } {
  switch (code) {
    case 'method-not-allowed':
      return { Allow: ALLOWED_METHODS };
    case 'unauthorized':
      // Basic is what browsers know to ask for: the device's name and its token.
      return { 'WWW-Authenticate': 'Basic realm="sensorium", charset="UTF-8"' };
    case 'not-ready':
    case 'too-many-streams':
      return { 'Retry-After': '5' };
    default:
      return {};
  }
}
