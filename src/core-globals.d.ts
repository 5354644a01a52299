// What every JavaScript engine offers and the ES library does not declare. The core is checked without
// Node's types (tsconfig.core.json), so anything else of the outside world does not exist there.

declare class TextEncoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}
