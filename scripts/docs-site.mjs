// `node scripts/docs-site.mjs [--out DIR]`: the documentation as plain pages, one a document of docs/ and the README as the
// first. No script, no outside request; light or dark as the reader has it. A link that leads nowhere ends it with 1.

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { marked } from 'marked';
import { ROOT } from './prepare.mjs';

const args = process.argv.slice(2);
const out = args.includes('--out') ? args[args.indexOf('--out') + 1] : join(ROOT, 'site');
/** In the order people read them; what is not here comes after, by name. */
const ORDER = [
  'OPERATING',
  'INPUTS',
  'MQTT',
  'options',
  'problems',
  'SECURITY',
  'ARCHITECTURE',
  'SPEC',
  'SIMULATOR',
  'GLOSSARY',
];
const STYLE = `:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 15rem minmax(0, 1fr); }
nav { padding: 1.5rem 1rem; border-right: 1px solid #8884; position: sticky; top: 0; height: 100vh; overflow: auto; box-sizing: border-box; }
nav a { display: block; padding: .15rem 0; } nav strong { display: block; margin: .8rem 0 .2rem; }
main { padding: 1.5rem 2rem 4rem; max-width: 60rem; } a { color: light-dark(#0a58ca, #8ab4f8); }
pre { overflow: auto; padding: .8rem; background: #8882; border-radius: 6px; } code { font-size: .92em; }
table { border-collapse: collapse; display: block; overflow: auto; } th, td { border: 1px solid #8884; padding: .3rem .6rem; text-align: left; vertical-align: top; }
img { max-width: 100%; } @media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }`;

const documents = [
  { source: 'README.md', page: 'index.html' },
  ...readdirSync(join(ROOT, 'docs'), { recursive: true })
    .filter((path) => path.endsWith('.md'))
    .sort()
    .map((path) => ({
      source: posix.join('docs', path),
      page: posix.join('docs', path.replace(/\.md$/, '.html')),
    })),
].map((document) => {
  const text = readFileSync(join(ROOT, document.source), 'utf8');
  return { ...document, text, title: /^# (.+)$/m.exec(text)?.[1] ?? document.source };
});
const pages = new Map(documents.map(({ source, page }) => [source, page]));
const anchors = new Map(documents.map(({ source, text }) => [source, anchorsOf(text)]));
const broken = [];

rmSync(out, { recursive: true, force: true });
for (const document of documents) {
  const file = join(out, document.page);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, pageOf(document));
}
for (const line of broken) console.error(line);
console.log(`${documents.length} pages in ${relative(process.cwd(), out) || '.'}`);
process.exitCode = broken.length > 0 ? 1 : 0;

function pageOf(document) {
  const renderer = new marked.Renderer();
  renderer.heading = function heading({ tokens, depth, text }) {
    return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
  };
  renderer.link = function link({ href, tokens }) {
    return `<a href="${targetOf(href, document)}">${this.parser.parseInline(tokens)}</a>`;
  };
  renderer.image = ({ href, text }) => `<img src="${targetOf(href, document)}" alt="${escaped(text)}">`;
  const body = marked.parse(document.text, { renderer });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(document.title)} · Sensorium</title><style>${STYLE}</style>
<nav><a href="${toPage(document, 'index.html')}"><b>Sensorium</b></a>${navigation(document)}</nav>
<main>${body}</main></html>
`;
}

function navigation(document) {
  const rank = ({ source }) => {
    const at = ORDER.indexOf(posix.basename(source, '.md'));
    return at < 0 ? ORDER.length : at;
  };
  const entry = (one) => `<a href="${toPage(document, one.page)}">${escaped(one.title)}</a>`;
  const guides = documents
    .filter(({ source }) => posix.dirname(source) === 'docs')
    .sort((a, b) => rank(a) - rank(b));
  const decisions = documents.filter(({ source }) => posix.dirname(source) === 'docs/decisions');
  return `<strong>Guides</strong>${guides.map(entry).join('')}<strong>Decisions</strong>${decisions.map(entry).join('')}`;
}

/** Documents become pages, other files of the checkout are copied, and the rest of the world stays as it is. */
function targetOf(href, document) {
  if (/^[a-z]+:/i.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const source = path === '' ? document.source : posix.join(posix.dirname(document.source), decodeURI(path));
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const page = pages.get(source);
  if (page !== undefined) {
    if (anchor && !anchors.get(source)?.has(anchor)) complain(document, href);
    return `${toPage(document, page)}${hash}`;
  }
  const file = join(ROOT, source);
  if (!existsSync(file)) complain(document, href);
  else if (statSync(file).isFile()) {
    mkdirSync(dirname(join(out, source)), { recursive: true });
    cpSync(file, join(out, source));
  } else return toPage(document, 'index.html');
  return toPage(document, source);
}

function toPage({ page }, other) {
  return posix.relative(posix.dirname(page), other) || posix.basename(other);
}

function complain({ source }, href) {
  broken.push(`${source}: a link leads nowhere: ${href}`);
}

function anchorsOf(text) {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return new Set([...prose.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => anchorOf(heading)));
}

/** As GitHub makes them. */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[`*]/g, '')
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('`', '');
}
