// What every option came to: its value, as text, and where it came from. Reads a table of options out of what
// was given, and collects every problem instead of stopping at the first. SPEC rules CF2, CF6.

import { quoted } from '../model/ids.ts';
import type { Given } from './given.ts';
import { defaultFor, type Option, type Profile, type Table, type ValuesOf } from './option.ts';

export interface Setting {
  readonly name: string;
  /** Masked where it is secret; empty where nothing is set. */
  readonly text: string;
  readonly from: string;
}

/** JSON can say half a character; no other node could be told of it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export class Settings {
  readonly problems: string[] = [];
  /** What was given for options that are never shown. */
  readonly secrets: string[] = [];
  readonly #given: ReadonlyMap<string, Given>;
  readonly #settings = new Map<string, Setting>();
  readonly #failed = new Set<string>();

  /** Of several givens with one name the last counts, so the source that precedes all others comes last. */
  constructor(given: readonly Given[]) {
    // A composed environment passes what is unset as empty, so an empty text counts as not given. (CF4)
    const meant = given.filter(({ text }) => text.trim() !== '');
    this.#given = new Map(meant.map((item) => [item.name, item]));
  }

  /** Every option's setting, in the order of reading. */
  all(): readonly Setting[] {
    return [...this.#settings.values()];
  }

  /** The names given and not read by any table. */
  unread(): readonly Given[] {
    return [...this.#given.values()].filter(({ name }) => !this.#settings.has(name));
  }

  isGiven(name: string): boolean {
    return this.#given.has(name);
  }

  hasFailed(name: string): boolean {
    return this.#failed.has(name);
  }

  /** `PORT = "9000" (default)`, the beginning of a problem's line. */
  quote(name: string): string {
    const setting = this.#settings.get(name);
    return setting === undefined ? name : `${name} = ${quoted(setting.text)} (${setting.from})`;
  }

  /** Shows what a default was made of in place of the default. */
  derive(name: string, text: string): void {
    const setting = this.#settings.get(name);
    if (setting && !this.isGiven(name)) this.#settings.set(name, { ...setting, text });
  }

  readTable<T extends Table>(table: T, prefix: string, profile: Profile): ValuesOf<T> {
    const values: { [key: string]: unknown } = {};
    for (const [key, option] of Object.entries(table)) values[key] = this.read(option, prefix, profile);
    // The loop has just given each key of the table a value of its option's type.
    return values as ValuesOf<T>;
  }

  /** The option's value; where that is wrong, a problem and the default. */
  read<T>(option: Option<T>, prefix: string, profile: Profile): T {
    const name = prefix + option.name;
    const given = this.#given.get(name);
    if (given === undefined) return this.#fallBack(name, option, profile);

    const text = given.text.trim();
    if (option.secret === true) this.secrets.push(text);
    const value = LONE_SURROGATE.test(text) ? undefined : option.kind.parse(text);
    if (value === undefined) {
      this.#fail(
        name,
        `${name} = ${quoted(masked(option, text))} (${given.from}): must be ${option.kind.allowed}`,
      );
      return option.default;
    }
    this.#settings.set(name, { name, text: masked(option, option.kind.show(value)), from: given.from });
    return value;
  }

  #fallBack<T>(name: string, option: Option<T>, profile: Profile): T {
    const { value, from } = defaultFor(option, profile);
    if (option.required) this.#fail(name, `${name} is not set: must be ${option.kind.allowed}`);
    this.#settings.set(name, { name, text: option.kind.show(value), from });
    return value;
  }

  #fail(name: string, problem: string): void {
    this.#failed.add(name);
    this.problems.push(problem);
    this.#settings.set(name, { name, text: '', from: 'problem' });
  }
}

function masked(option: Option<unknown>, text: string): string {
  return option.secret ? '********' : text;
}
