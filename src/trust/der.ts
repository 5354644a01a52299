// Writes ASN.1 values in DER (X.690), as far as certificates need them. It reads nothing: what others send is read by
// OpenSSL alone. SPEC rule TR2.

const SHORT_LENGTH_MAX = 0x7f;
const TAGS = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, text: 0x0c } as const;
const SEQUENCE = 0x30;
const SET = 0x31;
/** Dates up to 2049 have a form of their own, which other readers insist on. (RFC 5280 §4.1.2.5) */
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const UTC_TIME_ENDS = Date.UTC(2050, 0, 1);

export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(SEQUENCE, Buffer.concat(parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return tagged(SET, Buffer.concat(parts));
}

/** `[at]`, around a whole value. */
export function explicit(at: number, content: Buffer): Buffer {
  return tagged(0xa0 + at, content);
}

/** `[at]`, in place of a primitive value's own tag. */
export function implicit(at: number, content: Buffer): Buffer {
  return tagged(0x80 + at, content);
}

/** A number of any length that is not negative, most significant byte first. */
export function unsigned(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const kept = first < 0 ? Buffer.of(0) : Buffer.from(bytes.subarray(first));
  return tagged(TAGS.integer, (kept[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), kept]) : kept);
}

export function yes(): Buffer {
  return tagged(TAGS.boolean, Buffer.of(0xff));
}

export function octets(content: Buffer): Buffer {
  return tagged(TAGS.octets, content);
}

/** Bits of whole bytes, but for `unused` at the end. */
export function bits(content: Buffer, unused = 0): Buffer {
  return tagged(TAGS.bits, Buffer.concat([Buffer.of(unused), content]));
}

export function text(content: string): Buffer {
  return tagged(TAGS.text, Buffer.from(content, 'utf8'));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(TAGS.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  if (ms < UTC_TIME_ENDS) return tagged(UTC_TIME, Buffer.from(digits.slice(2), 'latin1'));
  return tagged(GENERALIZED_TIME, Buffer.from(digits, 'latin1'));
}

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) + 128);
  }
  return digits;
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length <= SHORT_LENGTH_MAX) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  const digits = size.subarray(size.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 + digits.length), digits, content]);
}
