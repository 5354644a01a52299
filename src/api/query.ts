// What queries are made of: parameters that are checked one by one, and one clear line for what is not understood.
// SPEC rule AP4.

import { z } from '@hono/zod-openapi';
import { quoted } from '../model/ids.ts';

export function wholeNumber(name: string, max: number) {
  const what = `${name} is a whole number from 0 to ${max}`;
  return z
    .string({ error: what })
    .regex(/^\d{1,16}$/, what)
    .transform(Number)
    .refine((number) => number <= max, what);
}

export function strictQuery<Shape extends z.ZodRawShape>(shape: Shape) {
  const allowed = Object.keys(shape).join(', ') || 'none';
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      return `unknown parameter ${quoted(issue.keys.join(', '))}; allowed here: ${allowed}`;
    },
  });
}

/** One clear line out of what the schema found: the first problem is enough to go on with. */
export function queryProblem(error: z.ZodError): string {
  return error.issues[0]?.message ?? 'the query is not understood';
}
