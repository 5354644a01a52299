import { expect, test } from 'vitest';
import { needed, SinkUnusable } from './optional.ts';

test('[SK9] a package that is not installed is named with how it is installed', async () => {
  const missing: string = 'no-package-of-that-name';

  const loading = needed('postgres', 'pg', () => import(missing));

  await expect(loading).rejects.toThrow(
    new SinkUnusable('a sink of type postgres needs what is not installed: npm install pg'),
  );
});

test('[SK9] what fails while a package is loaded is told as it is', async () => {
  const loading = needed('postgres', 'pg', () => Promise.reject(new Error('a broken package')));

  await expect(loading).rejects.toThrow('a broken package');
});
