// `npm run bench [-- NAME…]`: every benchmark in bench/, or those named, one after the other.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bin, prepare, ROOT, run } from './prepare.mjs';

prepare();
const named = process.argv.slice(2);
const all = readdirSync(join(ROOT, 'bench'))
  .filter((file) => file.endsWith('.ts') && !file.startsWith('_'))
  .map((file) => file.slice(0, -3));
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(2);
}
for (const name of named.length > 0 ? named : all) {
  console.log(`\n── ${name} ${'─'.repeat(80 - name.length)}`);
  run(bin('tsx'), [join('bench', `${name}.ts`)]);
}
