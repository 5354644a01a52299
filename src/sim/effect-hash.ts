// A running hash of numbers and texts, 64 bits wide: two runs with one hash did the same. Not against forgers;
// FNV-1a's mixing on two lanes.

export class EffectHash {
  #high = 0x811c_9dc5;
  #low = 0x9e37_79b9;
  readonly #texts = new Map<string, number>();

  number(value: number): void {
    // The whole part and a fraction to a 2^-20th: virtual times are fractions of milliseconds.
    const whole = Math.floor(value);
    this.#mix(whole | 0);
    this.#mix(Math.floor(whole / 0x1_0000_0000) ^ Math.floor((value - whole) * 0x10_0000));
  }

  /** Texts repeat, so each is hashed once. */
  text(text: string): void {
    let hash = this.#texts.get(text);
    if (hash === undefined) {
      hash = 0x811c_9dc5;
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
      if (this.#texts.size < TEXTS_MAX) this.#texts.set(text, hash);
    }
    this.#mix(hash);
  }

  get hex(): string {
    return word(this.#high) + word(this.#low);
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x0100_0193);
    this.#low = Math.imul((this.#low ^ (this.#high >>> 15)) + value, 0x85eb_ca6b);
  }
}

const TEXTS_MAX = 65_536;

function word(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
