// `npm run check`: what a change must pass before it is handed in, tests apart: lint and format, types of the
// core (without Node), of the pages and of everything, unused files and exports, and the layer rules.

import { bin, prepare, run } from './prepare.mjs';

prepare();
run(bin('biome'), ['ci', '--error-on-warnings', '.']);
run(bin('tsc'), ['-p', 'tsconfig.core.json']);
run(bin('tsc'), ['-p', 'tsconfig.json']);
run(bin('tsc'), ['-p', 'web']);
run(bin('knip'), []);
run(bin('vitest'), ['run', 'test/layers.test.ts', 'test/tidy.test.ts']);
