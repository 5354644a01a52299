// Starting what listens on a port, and what the system says of one that cannot be had, in the words of an operator.

import { EXIT, Failure } from './failure.ts';

export async function listening<T>(host: string, port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    const root = rootOf(cause);
    const isInUse = root instanceof Error && 'code' in root && root.code === 'EADDRINUSE';
    const why = isInUse ? 'it is in use' : textOf(root);
    throw new Failure(`cannot listen on ${host} port ${port}: ${why}`, EXIT.usage, { cause });
  }
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}
