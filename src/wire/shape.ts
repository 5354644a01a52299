// Shapes: one definition of a message gives its encoder, its strict decoder and its layout in words, which a
// test pins to the wire version. SPEC rules WR4-WR6.
//
// Writing asserts the limits, since what we send is our own doing; reading tells the reader what was wrong and
// where, and gives something of the right type that nobody looks at.

import { assert, must } from '../kit/assert.ts';
import type { ByteReader, ByteWriter } from '../kit/bytes.ts';

export interface Shape<T> {
  /** The layout in words. */
  readonly text: string;
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** A shape for every property, in the order in which they are written. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> };

export function struct<T extends object>(fields: Fields<T>): Shape<T> {
  const parts = partsOf(fields);
  return {
    text: partsText(parts),
    write: (writer, value) => writeParts(parts, writer, value),
    read: (reader) => readParts(parts, reader, {}) as T,
  };
}

export type Variants<T extends { readonly [key in D]: string }, D extends string> = {
  readonly [V in T[D]]: readonly [
    tag: number,
    fields: Fields<Omit<Extract<T, { readonly [key in D]: V }>, D>>,
  ];
};

/** A union told apart by its property `discriminator`, on the wire by a byte. */
export interface Union<T> extends Shape<T> {
  /** The variant's name, or undefined where there is none of this tag. */
  nameOf(tag: number): string | undefined;
}

export function union<T extends { readonly [key in D]: string }, D extends string>(
  discriminator: D,
  variants: Variants<T, D>,
): Union<T> {
  const byName = new Map<string, Variant>();
  const byTag = new Map<number, Variant>();
  for (const [name, [tag, fields]] of Object.entries<readonly [number, object]>(variants)) {
    assert(tag > 0 && tag < 0x80 && !byTag.has(tag), 'each variant has a tag of its own, from 1 to 127');
    const variant = { name, tag, parts: partsOf(fields) };
    byName.set(name, variant);
    byTag.set(tag, variant);
  }
  const texts = [...byTag.values()].map(({ tag, name, parts }) => `${tag}:${name}${partsText(parts)}`);
  return {
    text: `${discriminator}<${texts.join('|')}>`,
    nameOf: (tag) => byTag.get(tag)?.name,
    write(writer, value) {
      const variant = must(byName.get(value[discriminator]), 'every variant of a union has a shape');
      writer.u8(variant.tag);
      writeParts(variant.parts, writer, value);
    },
    read(reader) {
      const tag = reader.u8();
      const variant = byTag.get(tag);
      if (variant === undefined) {
        reader.refuse(`${discriminator} ${tag} is not known, allowed are ${[...byTag.keys()].join(' ')}`);
        return {} as T;
      }
      const value = { [discriminator]: variant.name };
      return readParts(variant.parts, reader, value) as T;
    },
  };
}

/** One of a few words, on the wire by its place among them. */
export function choice<T extends string>(words: readonly T[]): Shape<T> {
  return {
    text: `choice(${words.join('|')})`,
    write(writer, value) {
      const place = words.indexOf(value);
      assert(place >= 0, 'a choice is one of its words');
      writer.u8(place);
    },
    read(reader) {
      const place = reader.u8();
      if (place >= words.length) reader.refuse(`${place} is none of ${words.length} (${words.join(' ')})`);
      return words[place] ?? ('' as T);
    },
  };
}

/** At most `max` items, each of at least one byte, so that a count can promise no more than there is. */
export function list<T>(item: Shape<T>, max: number): Shape<readonly T[]> {
  const rule = `a list has at most ${max} items`;
  return {
    text: `list(${item.text},<=${max})`,
    write(writer, items) {
      assert(items.length <= max, rule);
      writer.varint(items.length);
      for (const it of items) item.write(writer, it);
    },
    read(reader) {
      const count = reader.varint();
      if (count > max) reader.refuse(`a list of ${count} is too long, allowed are ${max}`);
      const items: T[] = [];
      while (items.length < count && !reader.failed) {
        items.push(item.read(reader));
        if (reader.failed) reader.inside(`[${items.length - 1}]`);
      }
      return items;
    },
  };
}

/** The value, or nothing, after a byte that says which. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    text: `optional(${shape.text})`,
    write(writer, value) {
      writer.u8(value === undefined ? 0 : 1);
      if (value !== undefined) shape.write(writer, value);
    },
    read(reader) {
      const there = reader.u8();
      if (there > 1) reader.refuse(`a flag is 0 or 1, got ${there}`);
      return there === 1 ? shape.read(reader) : undefined;
    },
  };
}

interface Variant {
  readonly name: string;
  readonly tag: number;
  readonly parts: readonly Part[];
}

interface Part {
  readonly name: string;
  readonly shape: Shape<unknown>;
}

interface Open {
  [name: string]: unknown;
}

function partsOf(fields: object): readonly Part[] {
  return Object.entries<Shape<unknown>>(fields as { [name: string]: Shape<unknown> }).map(
    ([name, shape]) => ({ name, shape }),
  );
}

function partsText(parts: readonly Part[]): string {
  return `(${parts.map(({ name, shape }) => `${name}:${shape.text}`).join(',')})`;
}

function writeParts(parts: readonly Part[], writer: ByteWriter, value: object): void {
  for (const { name, shape } of parts) shape.write(writer, (value as Open)[name]);
}

function readParts(parts: readonly Part[], reader: ByteReader, into: Open): object {
  for (const { name, shape } of parts) {
    into[name] = shape.read(reader);
    if (reader.failed) {
      reader.inside(`.${name}`);
      break;
    }
  }
  return into;
}
