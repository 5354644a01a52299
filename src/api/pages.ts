// The pages a node serves, read once at start from the package's `web` folder. What is not in the list made then
// does not exist, so no path of a client ever reaches the file system. SPEC rules AP15-AP16.

import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../model/limits.ts';

export interface Page {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** By the path they are served at. */
export type Pages = ReadonlyMap<string, Page>;

/** The same two steps up lead from `src/api` and from `dist/api` to the package. */
export const WEB_DIRECTORY = fileURLToPath(new URL('../../web', import.meta.url));

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

const PATHS_OF_THE_INDEX = ['/', '/ui', '/dashboard'];

/**
 * Nothing from elsewhere is loaded, no script stands in the page, and texts cannot become markup. A page may
 * speak to other nodes, to go on when its own dies.
 */
export const PAGE_HEADERS: { readonly [name: string]: string } = {
  'Content-Security-Policy': [
    "default-src 'self'",
    "connect-src 'self' http: https:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
};

export async function readPages(directory: string): Promise<Pages> {
  const pages = new Map<string, Page>();
  for (const name of await readdir(directory)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = new Uint8Array(await readFile(join(directory, name)));
    if (body.byteLength > LIMITS.webFileBytesMax) {
      throw new Error(`${name} in ${directory} is larger than ${LIMITS.webFileBytesMax} bytes`);
    }
    const page = { type, body };
    if (name === 'index.html') for (const path of PATHS_OF_THE_INDEX) pages.set(path, page);
    else pages.set(`/assets/${name}`, page);
  }
  return pages;
}
