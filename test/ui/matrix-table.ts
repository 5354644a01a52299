// The matrix of nodes and origins as it stands on the page of convergence.

import type { Page } from 'playwright-core';

export class MatrixTable {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The origins of which the node lacks something that it should have by now, in the order of the page. */
  async litOf(node: string): Promise<readonly string[]> {
    const origins = await this.#origins();
    const heats = await this.#cellsOf(node).evaluateAll((cells) =>
      cells.map((cell) => Number(cell.getAttribute('data-heat') ?? 0)),
    );
    return origins.filter((_, at) => (heats[at] ?? 0) > 0);
  }

  /** How many readings of the origin the node lacks. */
  async lagOf(node: string, origin: string): Promise<number> {
    const at = (await this.#origins()).indexOf(origin);
    return Number(await this.#cellsOf(node).nth(at).getAttribute('data-lag'));
  }

  /** Its first column names nodes, the last two are of the common order. */
  async #origins(): Promise<readonly string[]> {
    return (await this.#page.locator('.matrix thead th').allTextContents()).slice(1, -2);
  }

  #cellsOf(node: string) {
    const name = this.#page.locator(`[href="#/node/${node}"]`);
    return this.#page.locator('.matrix tbody tr', { has: name }).locator('td');
  }
}
