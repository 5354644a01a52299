// A real Chromium that looks at real nodes: what it complains of, whom it asks, what it shows, and what a check of
// accessibility finds.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Pictures of every page, to be looked at; git does not keep them. */
const SHOTS = join(import.meta.dirname, 'shots');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export type Look = 'light' | 'dark' | 'phone';

const LOOKS: { readonly [look in Look]: BrowserContextOptions } = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true },
};

export function hasChromium(): boolean {
  return existsSync(CHROMIUM);
}

export function openBrowser(): Promise<Browser> {
  // Tests run as root in containers, where the sandbox of Chromium cannot be had and shared memory is small.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** What the browser says by itself of a node that died; that it died is what the test wanted. */
const OF_THE_DEAD = /^Failed to load resource: net::ERR_/;

export class Visitor {
  readonly page: Page;
  /** Errors on the console and thrown ones. */
  readonly complaints: string[] = [];
  /** Requests to anybody who is no node of the site. */
  readonly strangers: string[] = [];
  /** Whether nodes die in this test. */
  expectsDeath = false;

  /** `origins`: of all nodes of the site. */
  static async open(browser: Browser, url: string, origins: readonly string[], look: Look = 'light') {
    const context = await browser.newContext(LOOKS[look]);
    const visitor = new Visitor(await context.newPage(), origins);
    await visitor.page.goto(url);
    return visitor;
  }

  private constructor(page: Page, origins: readonly string[]) {
    this.page = page;
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('dialog', (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (this.expectsDeath && OF_THE_DEAD.test(message.text())) return;
      this.complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!origins.includes(new URL(request.url()).origin)) this.strangers.push(request.url());
    });
  }

  /** Goes to a page of the UI: `sensors`, `sensor/bed1%2Ftemperature`. */
  async go(to: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/${to}`)}`);
  }

  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).first().textContent()) ?? '';
  }

  /** Between the middles of those two that are nearest to each other, in pixels. */
  async nearest(selector: string): Promise<number> {
    const boxes = await Promise.all(
      (await this.page.locator(selector).all()).map((one) => one.boundingBox()),
    );
    const places = boxes.map((box) => ({ x: box?.x ?? 0, y: box?.y ?? 0 }));
    const apart = places.flatMap((a, at) =>
      places.slice(at + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)),
    );
    return Math.min(...apart);
  }

  /** Kept beside the tests, to be looked at. */
  async shot(name: string): Promise<void> {
    mkdirSync(SHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SHOTS, `${name}.png`), animations: 'disabled' });
  }

  /** What axe finds that is serious or critical, a line each. */
  async seriousFindings(): Promise<readonly string[]> {
    await this.page.evaluate(readFileSync(AXE, 'utf8'));
    return this.page.evaluate(FINDINGS);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

/** Runs in the page. */
const FINDINGS = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 160) + ' ' + failureSummary)))`;
