// What a value may be: how it is read from text, how it is shown, and what to tell an operator who wrote
// something else. A kind refuses with the sentence that follows "must be". SPEC rule CF2.

import { type Address, addressText, parseAddress } from '../model/address.ts';
import { type PeerId, parsePeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

export interface Kind<T> {
  /** Completes the sentence "must be …". */
  readonly allowed: string;
  /** Undefined where the text is not allowed. The text is trimmed and not empty. */
  parse(text: string): T | undefined;
  show(value: T): string;
}

const WHOLE = /^[+-]?\d{1,16}$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const HOST_NAME = /^(?:[A-Za-z0-9._-]+|[0-9a-fA-F:.]+(?:%[A-Za-z0-9._-]+)?)$/;
const BOOLEAN_WORDS: { readonly [word: string]: boolean | undefined } = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

export function whole(min: number, max: number): Kind<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse: (text) => within(WHOLE.test(text) ? Number(text) : Number.NaN, min, max),
    show: String,
  };
}

export function decimal(min: number, max: number): Kind<number> {
  return {
    allowed: `a number from ${min} to ${max}`,
    parse: (text) => within(read(text), min, max),
    show: String,
  };
}

/** Any number with which one can still reckon without leaving the finite ones. */
export const FINITE: Kind<number> = decimal(-1e100, 1e100);

/** Written in seconds, held in milliseconds. */
export function seconds(min: number, max: number): Kind<number> {
  return {
    allowed: `a number of seconds from ${min} to ${max}`,
    parse: (text) => {
      const value = within(read(text), min, max);
      return value === undefined ? undefined : Math.round(value * 1000);
    },
    show: (ms) => String(ms / 1000),
  };
}

export const BOOLEAN: Kind<boolean> = {
  allowed: 'true or false (also 1/0, yes/no, on/off)',
  parse: (text) => BOOLEAN_WORDS[text.toLowerCase()],
  show: String,
};

/** One of a few words, in any case. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return {
    allowed: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word.toLowerCase() === text.toLowerCase()),
    show: String,
  };
}

export function text(allowed: string, pattern: RegExp): Kind<string> {
  return { allowed, parse: (given) => (pattern.test(given) ? given : undefined), show: String };
}

export const PATH: Kind<string> = text('a path', /^[^\0]{1,4096}$/);
export const HOST: Kind<string> = {
  allowed: 'an IP address or a host name',
  parse: (given) => {
    const bare = given.startsWith('[') && given.endsWith(']') ? given.slice(1, -1) : given;
    return HOST_NAME.test(bare) && bare.length <= LIMITS.hostNameBytesMax ? bare : undefined;
  },
  show: String,
};

/** A listener that is always there: 0 and `any` leave the choice to the system. */
export const PORT: Kind<number> = {
  allowed: 'a port from 1 to 65535, or 0 or any for a free one',
  parse: (given) => (given.toLowerCase() === 'any' ? 0 : whole(0, 65_535).parse(given)),
  show: (port) => (port === 0 ? 'any' : String(port)),
};

/** A listener that can be turned off (null); `any` leaves the choice to the system and is held as 0. */
export const PORT_OR_OFF: Kind<number | null> = {
  allowed: 'a port from 1 to 65535, 0 or off for no listener, or any for a free one',
  parse: (given) => {
    const word = given.toLowerCase();
    if (word === 'any') return 0;
    return word === 'off' || word === '0' ? null : whole(1, 65_535).parse(given);
  },
  show: (port) => (port === null ? 'off' : PORT.show(port)),
};

export const NODE_ID: Kind<PeerId> = {
  allowed: '1 to 64 of a-z 0-9 . _ - and start with a letter or digit',
  parse: (given) => {
    const id = parsePeerId(given);
    return id.ok ? id.value : undefined;
  },
  show: String,
};

export const ADDRESSES: Kind<readonly Address[]> = {
  allowed: `at most ${LIMITS.bootstrapPeersMax} of host:port with commas between, ports from 1 to 65535, IPv6 in brackets`,
  parse: (given) => {
    const addresses: Address[] = [];
    for (const item of given.split(',')) {
      if (item.trim() === '') continue;
      const address = parseAddress(item.trim());
      if (!address.ok) return undefined;
      addresses.push(address.value);
    }
    return addresses.length <= LIMITS.bootstrapPeersMax ? addresses : undefined;
  },
  show: (addresses) => addresses.map(addressText).join(','),
};

/** A list of words with commas between, none of them empty. */
export function words(countMax: number, bytesMax: number): Kind<readonly string[]> {
  return {
    allowed: `1 to ${countMax} words with commas between, none above ${bytesMax} characters`,
    parse: (given) => {
      const list = given.split(',').map((word) => word.trim());
      const kept = list.filter((word) => word !== '');
      const fits =
        kept.length >= 1 && kept.length <= countMax && kept.every((word) => word.length <= bytesMax);
      return fits ? kept : undefined;
    },
    show: (list) => list.join(','),
  };
}

/** A value, or the word that stands for none of that kind. */
export function or<T, const W extends string>(word: W, kind: Kind<T>): Kind<T | W> {
  return {
    allowed: `${kind.allowed}, or ${word}`,
    parse: (given) => (given.toLowerCase() === word ? word : kind.parse(given)),
    show: (value) => (value === word ? word : kind.show(value as T)),
  };
}

/** An option that may stay unset (null). */
export function unset<T>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, show: (value) => (value === null ? '' : kind.show(value)) };
}

function read(given: string): number {
  return DECIMAL.test(given) ? Number(given) : Number.NaN;
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}
