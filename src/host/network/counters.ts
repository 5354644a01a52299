// Counters of a transport by name; they only rise. The names are made in code from a few fixed words, so the map
// is bounded.

export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: string, by: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  bump(name: string): void {
    this.add(name, 1);
  }

  all(): { readonly [name: string]: number } {
    return Object.fromEntries(this.#counts);
  }
}
