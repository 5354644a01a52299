// What the system says of a file, in the words of the disk's port. SPEC rule ST2.

import { refused } from '../../kit/result.ts';
import type { DiskProblem } from '../../storage/disk.ts';

export function failed(
  error: NodeJS.ErrnoException,
  what: string,
): { readonly ok: false; readonly problem: DiskProblem } {
  const { code } = error;
  const kind = code === 'ENOENT' ? 'missing' : code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'broken';
  return refused({ kind, detail: `${what}: ${error.message}` });
}
