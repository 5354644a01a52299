// The load of `_load.ts` in a process of its own, so that whoever measures does not also carry it.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { LoadPlan, LoadResult } from './_load.ts';

export interface Load {
  /** When all is posted and answered, or when it was ended before. */
  readonly result: Promise<LoadResult | null>;
  end(): void;
}

export function startLoad(plan: LoadPlan): Load {
  const script = join(import.meta.dirname, '_load.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const result = new Promise<LoadResult | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(text === '' ? null : JSON.parse(text)));
  });
  return { result, end: () => child.kill() };
}
