// The pages a node serves, read once at start from what the build made of `web`. What is not in the list made then
// does not exist, so no path of a client ever reaches the file system. SPEC rules AP15-AP16.

import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { LIMITS } from '../model/limits.ts';

export interface Page {
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same, smaller; null where it would not be. */
  readonly zipped: Uint8Array<ArrayBuffer> | null;
}

/** By the path they are served at. */
export type Pages = ReadonlyMap<string, Page>;

/** The same two steps up lead from `src/api` and from `dist/api` to the package. */
export const WEB_DIRECTORY = fileURLToPath(new URL('../../dist/web', import.meta.url));

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
 * Nothing from elsewhere is loaded, no script and no style stands in the page, and texts cannot become markup. A page
 * may speak to other nodes, to go on when its own dies.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  'connect-src http: https:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  Vary: 'Accept-Encoding',
};

/** The build names an asset after its content, so it never changes under its name. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export async function readPages(directory: string): Promise<Pages> {
  const pages = new Map<string, Page>();
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = new Uint8Array(await readFile(join(directory, name)));
    if (body.byteLength > LIMITS.webFileBytesMax) {
      throw new Error(`${name} in ${directory} is larger than ${LIMITS.webFileBytesMax} bytes`);
    }
    const zipped = new Uint8Array(await promisify(gzip)(body));
    const isIndex = name === 'index.html';
    const page: Page = {
      headers: { ...HEADERS, 'Content-Type': type, 'Cache-Control': isIndex ? 'no-cache' : FOR_EVER },
      body,
      zipped: zipped.byteLength < body.byteLength ? zipped : null,
    };
    if (isIndex) for (const path of PATHS_OF_THE_INDEX) pages.set(path, page);
    else pages.set(`/${name.split(sep).join('/')}`, page);
  }
  if (!pages.has('/')) throw new Error(`there are no pages in ${directory}: \`npm run build\` makes them`);
  return pages;
}

/** As the client takes it. */
export function pageResponse({ headers, body, zipped }: Page, acceptEncoding = ''): Response {
  return zipped !== null && /\bgzip\b/.test(acceptEncoding)
    ? new Response(zipped, { headers: { ...headers, 'Content-Encoding': 'gzip' } })
    : new Response(body, { headers });
}
