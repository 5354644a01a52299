// Who has a connection to whom: a byte for each ordered pair, since a full mesh of a thousand has a million of
// them. Each end knows only its own byte.

export const LINKED = 1;
/** Somebody asked for an answer to the dial that is under way. */
export const CONTACTED = 2;
/** The process at the other end is gone and nobody could say so. */
export const STALE = 4;
/** Something was sent in vain: the end gives the connection up before long. */
export const DOOMED = 8;

export class LinkTable {
  readonly #stations: number;
  readonly #flags: Uint8Array;

  constructor(stations: number) {
    this.#stations = stations;
    this.#flags = new Uint8Array(stations * stations);
  }

  has(from: number, to: number, flag: number): boolean {
    return ((this.#flags[from * this.#stations + to] as number) & flag) !== 0;
  }

  set(from: number, to: number, flag: number): void {
    const at = from * this.#stations + to;
    this.#flags[at] = (this.#flags[at] as number) | flag;
  }

  clear(from: number, to: number, flags: number): void {
    const at = from * this.#stations + to;
    this.#flags[at] = (this.#flags[at] as number) & ~flags;
  }

  /** All that one station knows of its connections. */
  clearAll(from: number): void {
    this.#flags.fill(0, from * this.#stations, (from + 1) * this.#stations);
  }

  /** Each of these to each other. */
  linkAll(stations: readonly { readonly index: number }[]): void {
    for (const from of stations) {
      for (const to of stations) if (from !== to) this.set(from.index, to.index, LINKED);
    }
  }
}
