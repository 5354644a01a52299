// The fields of an object in a JSON file that an operator wrote: each is read with what is allowed, and all that is wrong
// is told at once, each in one line with its place. SPEC rules MO1, SK1.

import { ok, type Result, refused } from '../kit/result.ts';
import { quoted } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

/** What `read` makes of the file's one object. The problem is all problems, a line each. */
export function parseFile<T>(text: string, read: (root: Fields, problems: string[]) => T): Result<T> {
  const problems: string[] = [];
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (cause) {
    return refused(`is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const made = read(new Fields('', root, problems), problems);
  return problems.length === 0 ? ok(made) : refused(problems.join('\n'));
}

/** Each name belongs to one alone. `told` says of a name that it does not. */
export function noneTwice(
  names: readonly string[],
  told: (name: string) => string,
  problems: string[],
): void {
  for (const name of new Set(names.filter((one, at) => names.indexOf(one) !== at))) problems.push(told(name));
}

/** The fields of one object, and where it stands in the file. */
export class Fields {
  readonly #place: string;
  readonly #fields: { readonly [name: string]: unknown };
  readonly #problems: string[];

  constructor(place: string, object: unknown, problems: string[]) {
    this.#place = place;
    this.#problems = problems;
    const isObject = typeof object === 'object' && object !== null && !Array.isArray(object);
    this.#fields = isObject ? { ...object } : {};
    if (!isObject) this.wrong('must be an object');
  }

  all(): { readonly [name: string]: unknown } {
    return this.#fields;
  }

  wrong(why: string): void {
    const isRoom = this.#problems.length < LIMITS.fileProblemsMax;
    if (isRoom) this.#problems.push(this.#place === '' ? why : `${this.#place}: ${why}`);
  }

  only(names: readonly string[]): void {
    for (const name of Object.keys(this.#fields)) {
      if (!names.includes(name))
        this.wrong(`the field ${quoted(name)} is not known; it has ${names.join(', ')}`);
    }
  }

  whole(name: string, min: number, max: number, byDefault?: number): number {
    const value = this.#fields[name] ?? byDefault;
    const isRight = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    if (isRight) return value;
    this.wrong(
      `${name} must be a whole number from ${min} to ${max}, got ${JSON.stringify(value) ?? 'nothing'}`,
    );
    return min;
  }

  number(name: string, byDefault: number): number {
    const value = this.#fields[name] ?? byDefault;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    this.wrong(`${name} must be a number, got ${JSON.stringify(value)}`);
    return byDefault;
  }

  text(name: string, pattern: RegExp, allowed: string, byDefault?: string): string {
    const value = this.#fields[name] ?? byDefault;
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.wrong(`${name} must be ${allowed}, got ${JSON.stringify(value) ?? 'nothing'}`);
    return '';
  }

  word<const W extends string>(name: string, words: readonly W[], byDefault: W): W {
    const value = this.#fields[name] ?? byDefault;
    const word = words.find((one) => one === value);
    if (word !== undefined) return word;
    this.wrong(`${name} must be one of ${words.join(', ')}, got ${JSON.stringify(value)}`);
    return byDefault;
  }

  yes(name: string, byDefault: boolean): boolean {
    const value = this.#fields[name] ?? byDefault;
    if (typeof value === 'boolean') return value;
    this.wrong(`${name} must be true or false, got ${JSON.stringify(value)}`);
    return byDefault;
  }

  /** Undefined where it is not there. */
  texts(name: string, max: number): readonly string[] | undefined {
    const value = this.#fields[name];
    if (value === undefined) return undefined;
    const isRight = Array.isArray(value) && value.length >= 1 && value.length <= max;
    if (isRight && value.every((one) => typeof one === 'string')) return value;
    this.wrong(`${name} must be a list of 1 to ${max} texts, got ${JSON.stringify(value)}`);
    return undefined;
  }

  list(name: string, max: number): Fields[] {
    const place = this.#place === '' ? name : `${this.#place}.${name}`;
    return listOf(this.#fields[name], place, max, this.#problems).map(
      (item, at) => new Fields(`${place}[${at}]`, item, this.#problems),
    );
  }
}

export function listOf(value: unknown, place: string, max: number, problems: string[]): readonly unknown[] {
  if (Array.isArray(value) && value.length >= 1 && value.length <= max) return value;
  problems.push(`${place} must be a list of 1 to ${max}`);
  return [];
}
