// What the options of `sensorium simulate` may be: numbers, ranges and lists of them.

import { InvalidArgumentError } from 'commander';

export type Sizes =
  | { readonly kind: 'range'; readonly min: number; readonly max: number }
  | { readonly kind: 'list'; readonly sizes: readonly number[] };

/** Whole peers of a large cluster fit into the memory of a common machine up to here. */
export const NODES_MAX = 20_000;

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
  };
}

/** In rising order, each once. */
export function wholeNumbers(min: number, max: number): (text: string) => readonly number[] {
  return (text) => {
    const numbers = /^\d+(,\d+)*$/.test(text) ? text.split(',').map(Number) : [];
    const isRight = numbers.length > 0 && numbers.every((number) => number >= min && number <= max);
    if (isRight) return [...new Set(numbers)].sort((a, b) => a - b);
    throw new InvalidArgumentError(`It is a list of whole numbers from ${min} to ${max}, as ${min},${max}.`);
  };
}

/** `100`, `3-12` or `10,30,100`. */
export function sizes(text: string): Sizes {
  const range = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  if (range === null && /^\d{1,5}(,\d{1,5})*$/.test(text)) {
    return { kind: 'list', sizes: wholeNumbers(1, NODES_MAX)(text) };
  }
  const min = Number(range?.[1]);
  const max = Number(range?.[2]);
  if (min >= 1 && min <= max && max <= NODES_MAX) return { kind: 'range', min, max };
  throw new InvalidArgumentError(
    `It is a number from 1 to ${NODES_MAX}, a range as 3-12, or with --plot a list as 10,100,1000.`,
  );
}
