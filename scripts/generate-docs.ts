// Writes docs/options.md and .env.example from the table of options. A test fails when they are stale.

import { mkdirSync, writeFileSync } from 'node:fs';
import { envExample, optionsPage } from '../src/config/docs.ts';

const root = new URL('../', import.meta.url);
mkdirSync(new URL('docs/', root), { recursive: true });
writeFileSync(new URL('docs/options.md', root), optionsPage());
writeFileSync(new URL('.env.example', root), envExample());
