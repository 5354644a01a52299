// What the members of a group say of each other, as they say it: no questions are asked, so that looking costs
// them nothing but the lines they print anyway.

export type Sight = 'alive' | 'suspected' | 'gone';

export class Eyes {
  readonly #views = new Map<string, Map<string, Sight>>();
  #check: (() => void) | null = null;

  says(observer: string, subject: string, sight: Sight): void {
    const view = this.#views.get(observer) ?? new Map<string, Sight>();
    this.#views.set(observer, view);
    view.set(subject, sight);
    this.#check?.();
  }

  /** A process that starts anew has seen nobody yet. */
  forget(observer: string): void {
    this.#views.delete(observer);
  }

  /** Whether each of `observers` says one of `sights` of each of `subjects` but itself. */
  agree(observers: readonly string[], subjects: readonly string[], ...sights: readonly Sight[]): boolean {
    return observers.every((observer) => {
      const view = this.#views.get(observer);
      return subjects.every((subject) => {
        const sight = view?.get(subject);
        return subject === observer || (sight !== undefined && sights.includes(sight));
      });
    });
  }

  /** When `seen` became true; null if it did not in time. One at a time. */
  async when(seen: () => boolean, withinMs: number): Promise<number | null> {
    if (seen()) return performance.now();
    return new Promise((resolve) => {
      const end = (atMs: number | null) => {
        clearTimeout(timer);
        this.#check = null;
        resolve(atMs);
      };
      const timer = setTimeout(() => end(null), withinMs);
      this.#check = () => {
        if (seen()) end(performance.now());
      };
    });
  }
}
