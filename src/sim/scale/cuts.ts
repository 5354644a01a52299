// Which paths of a large cluster are cut: the two sides of a split, and single directions. SPEC rule SM21.

export class Cuts {
  readonly #stations: number;
  /** The side of each station; stations of different sides do not hear each other. */
  readonly #sides: Uint8Array;
  readonly #ways = new Set<number>();
  #split = false;

  constructor(stations: number) {
    this.#stations = stations;
    this.#sides = new Uint8Array(stations);
  }

  isCut(from: number, to: number): boolean {
    if (this.#split && this.#sides[from] !== this.#sides[to]) return true;
    return this.#ways.size > 0 && this.#ways.has(from * this.#stations + to);
  }

  split(sideOf: (station: number) => number): void {
    for (let station = 0; station < this.#stations; station++) this.#sides[station] = sideOf(station);
    this.#split = true;
  }

  /** What `from` sends does not reach `to`; the other way is another matter. */
  cutWay(from: number, to: number): void {
    this.#ways.add(from * this.#stations + to);
  }

  mend(): void {
    this.#split = false;
    this.#ways.clear();
  }
}
