// As much of Go's templates, and of what Helm adds to them, as the chart in deploy/helm uses; anything else is refused, so
// that the chart cannot begin to use what is not tested. It renders where Helm cannot be had.

import { stringify } from 'yaml';

export type Scope = { readonly [name: string]: unknown };

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly text: string };

export function render(template: string, scope: Scope): string {
  const reader = new Reader(piecesOf(template));
  const out = block(reader, scope, true);
  if (reader.next !== null) throw new Error(`a template goes on after its end: ${reader.next.text}`);
  return out;
}

class Reader {
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  get next(): Piece | null {
    return this.#pieces[this.#at] ?? null;
  }

  take(): Piece {
    const piece = this.next;
    if (piece === null) throw new Error('a template ends within a block');
    this.#at++;
    return piece;
  }
}

/** A dash inside the braces takes the white space outside them away. */
function piecesOf(template: string): readonly Piece[] {
  const trimmed = template.replaceAll(/\s*\{\{-/g, '{{').replaceAll(/-\}\}\s*/g, '}}');
  return trimmed.split(/(\{\{.*?\}\})/s).flatMap((text): Piece[] => {
    if (text === '') return [];
    if (!text.startsWith('{{')) return [{ kind: 'text', text }];
    return [{ kind: 'action', text: text.slice(2, -2).trim() }];
  });
}

function block(reader: Reader, scope: Scope, isShown: boolean): string {
  let out = '';
  for (let piece = reader.next; piece !== null; piece = reader.next) {
    if (piece.kind === 'action' && /^(end|else)$/.test(piece.text)) break;
    reader.take();
    if (piece.kind === 'text') out += piece.text;
    else if (piece.text.startsWith('if ')) out += conditional(reader, piece.text.slice(3), scope, isShown);
    else if (piece.text.startsWith('range ')) out += loop(reader, piece.text, scope, isShown);
    else if (isShown) out += textOf(pipeline(piece.text, scope));
  }
  return isShown ? out : '';
}

function conditional(reader: Reader, condition: string, scope: Scope, isShown: boolean): string {
  const isTrue = isShown && isTruthy(pipeline(condition, scope));
  let out = block(reader, scope, isTrue);
  if (reader.take().text !== 'else') return out;
  out += block(reader, scope, isShown && !isTrue);
  if (reader.take().text !== 'end') throw new Error('a block has two else');
  return out;
}

function loop(reader: Reader, action: string, scope: Scope, isShown: boolean): string {
  const match = /^range \$(\w+), \$(\w+) := (.+)$/.exec(action);
  if (!match) throw new Error(`only "range $name, $value := …" is known here: ${action}`);
  const [, name = '', value = '', over = ''] = match;
  const entries = Object.entries((pipeline(over, scope) ?? {}) as Scope).sort(([a], [b]) => (a < b ? -1 : 1));
  const pieces: Piece[] = [];
  for (let depth = 1; depth > 0; ) {
    const piece = reader.take();
    if (piece.kind === 'action' && /^(if|range) /.test(piece.text)) depth++;
    if (piece.kind === 'action' && piece.text === 'end') depth--;
    if (depth > 0) pieces.push(piece);
  }
  if (!isShown) return '';
  return entries
    .map(([key, one]) => block(new Reader(pieces), { ...scope, [`$${name}`]: key, [`$${value}`]: one }, true))
    .join('');
}

function pipeline(text: string, scope: Scope): unknown {
  const [first = '', ...filters] = text.split('|').map((part) => part.trim());
  return filters.reduce(
    (value, filter) => call([...wordsOf(filter), value], scope),
    call(wordsOf(first), scope),
  );
}

function wordsOf(text: string): readonly unknown[] {
  return text.match(/"[^"]*"|\S+/g) ?? [];
}

/** The last argument may be a value that came through a pipe. */
function call([head, ...rest]: readonly unknown[], scope: Scope): unknown {
  const args = rest.map((word) => (typeof word === 'string' ? worthOf(word, scope) : word));
  switch (head) {
    case 'not':
      return !isTruthy(args[0]);
    case 'quote':
      return JSON.stringify(textOf(args[0]));
    case 'default':
      return isTruthy(args[1]) ? args[1] : args[0];
    case 'toYaml':
      return stringify(args[0], { lineWidth: 0 }).trimEnd();
    case 'nindent': {
      const indent = ' '.repeat(Number(args[0]));
      return `\n${textOf(args[1]).replaceAll(/^/gm, indent)}`;
    }
    case 'required':
      if (!isTruthy(args[1])) throw new Error(textOf(args[0]));
      return args[1];
    default:
      if (rest.length > 0) throw new Error(`this function is not known here: ${String(head)}`);
      return worthOf(String(head), scope);
  }
}

function worthOf(word: string, scope: Scope): unknown {
  if (word.startsWith('"')) return word.slice(1, -1);
  if (/^\d+$/.test(word)) return Number(word);
  if (word.startsWith('$')) return scope[word];
  if (!word.startsWith('.')) return word;
  return word
    .slice(1)
    .split('.')
    .reduce<unknown>((value, name) => (value as Scope | undefined)?.[name], scope);
}

function isTruthy(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) throw new Error('a template names a value that is not there');
  return String(value);
}
