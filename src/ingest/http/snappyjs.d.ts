declare module 'snappyjs' {
  /** Throws where the bytes are no snappy block, or say that they become more than `maxLength`. */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
  export function compress(uncompressed: Uint8Array): Uint8Array;
}
