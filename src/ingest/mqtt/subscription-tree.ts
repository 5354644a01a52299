// Who subscribed to what, by levels of the filters, so that a message costs what matches it and not what there is. SPEC
// rule MQ6.

interface Level<T> {
  readonly below: Map<string, Level<T>>;
  /** By owner: those whose filter ends here, and those for whom all below counts as well (`#`). */
  readonly here: Map<string, T>;
  readonly rest: Map<string, T>;
}

export class SubscriptionTree<T> {
  readonly #root: Level<T> = level();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `owner` has one entry for each pattern; the later one stays. */
  add(pattern: string, owner: string, entry: T): void {
    let at = this.#root;
    const levels = pattern.split('/');
    const isOpen = levels.at(-1) === '#';
    if (isOpen) levels.pop();
    for (const name of levels) {
      let next = at.below.get(name);
      if (next === undefined) {
        next = level();
        at.below.set(name, next);
      }
      at = next;
    }
    const entries = isOpen ? at.rest : at.here;
    if (!entries.has(owner)) this.#size++;
    entries.set(owner, entry);
  }

  remove(pattern: string, owner: string): void {
    const levels = pattern.split('/');
    const isOpen = levels.at(-1) === '#';
    if (isOpen) levels.pop();
    const path = [this.#root];
    for (const name of levels) {
      const next = path.at(-1)?.below.get(name);
      if (next === undefined) return;
      path.push(next);
    }
    const last = path.at(-1);
    if ((isOpen ? last?.rest : last?.here)?.delete(owner)) this.#size--;
    for (let depth = levels.length; depth > 0; depth--) {
      const empty = path[depth];
      if (empty === undefined || empty.here.size + empty.rest.size + empty.below.size > 0) return;
      path[depth - 1]?.below.delete(levels[depth - 1] ?? '');
    }
  }

  /** Calls for each entry whose filter takes the topic in. */
  match(topic: string, found: (owner: string, entry: T) => void): void {
    if (this.#size === 0) return;
    const levels = topic.split('/');
    this.#walk(this.#root, levels, 0, topic.startsWith('$'), found);
  }

  #walk(
    at: Level<T>,
    levels: readonly string[],
    depth: number,
    isHidden: boolean,
    found: (owner: string, entry: T) => void,
  ): void {
    // A wildcard at the beginning takes no topic that begins with $. [MQTT-4.7.2-1]
    const wildcards = depth > 0 || !isHidden;
    if (wildcards) for (const [owner, entry] of at.rest) found(owner, entry);
    if (depth === levels.length) {
      for (const [owner, entry] of at.here) found(owner, entry);
      return;
    }
    if (at.below.size === 0) return;
    const exact = at.below.get(levels[depth] ?? '');
    if (exact !== undefined) this.#walk(exact, levels, depth + 1, isHidden, found);
    const any = wildcards ? at.below.get('+') : undefined;
    if (any !== undefined) this.#walk(any, levels, depth + 1, isHidden, found);
  }
}

function level<T>(): Level<T> {
  return { below: new Map(), here: new Map(), rest: new Map() };
}
