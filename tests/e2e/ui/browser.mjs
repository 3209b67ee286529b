// A browser with the gateway's page: Debian's chromium, driven by playwright-core. What the page
// reports to its console, and what the browser refuses by its Content-Security-Policy, is a failure.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } };
const WAIT_MS = 30_000;

// The microphone is a tone that chromium makes; nobody is asked whether it may be used.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server', '--disable-background-networking',
  '--disable-component-update', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  '--force-color-profile=srgb', '--enable-features=OverlayScrollbar',
];

export class Browser {
  static async start({ executable, base, shots }) {
    const browser = new Browser();
    browser.base = base;
    browser.shots = shots;
    browser.problems = [];
    browser.transferred = new Map();
    mkdirSync(shots, { recursive: true });
    browser.chromium = await chromium.launch({ executablePath: executable, args: FLAGS });
    browser.context = await browser.chromium.newContext({
      viewport: SIZES.desktop,
      colorScheme: 'light',
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write', 'microphone'],
      locale: 'en-GB',
    });
    browser.page = await browser.context.newPage();
    browser.page.setDefaultTimeout(WAIT_MS);
    browser.watch();
    return browser;
  }

  watch() {
    const { page } = this;
    page.on('pageerror', (error) => this.problems.push(`the page threw ${error}`));
    page.on('console', (message) => {
      // A request that fails is said there as well; the page is looked at for what it makes of it.
      const isOfRequest = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isOfRequest) this.problems.push(`the console says ${message.text()}`);
    });
    page.on('requestfinished', async (request) => {
      const sizes = await request.sizes().catch(() => undefined);
      if (sizes) this.transferred.set(request.url(), sizes.responseBodySize + sizes.responseHeadersSize);
    });
  }

  /** What the page complained of since the last time. */
  takeProblems() {
    return this.problems.splice(0);
  }

  async go(hash) {
    await this.page.goto(`${this.base}/ui/#${hash}`);
  }

  button(name) {
    return this.page.getByRole('button', { name });
  }

  /** Pictures of the page as it is, in all sizes and themes; and whether axe finds anything grave. */
  async look(name) {
    const found = [];
    for (const [size, viewport] of Object.entries(SIZES)) {
      await this.page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await this.page.emulateMedia({ colorScheme });
        await this.settle();
        await this.page.screenshot({ path: join(this.shots, `${name}-${size}-${colorScheme}.png`) });
        // Each size once and each theme once: the other two add nothing but time.
        if ((size === 'desktop') === (colorScheme === 'light')) {
          found.push(...(await this.audit()).map((issue) => `${name}, ${size}, ${colorScheme}: ${issue}`));
        }
      }
      found.push(...(await this.wide()).map((issue) => `${name}, ${size}: ${issue}`));
    }
    await this.page.setViewportSize(SIZES.desktop);
    await this.page.emulateMedia({ colorScheme: 'light' });
    return found;
  }

  /** Until what changes its colour or place has done so, and is painted. */
  async settle() {
    await this.page.evaluate(async () => {
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      await frame();
      await frame();
      const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
      await Promise.all(ending.map((each) => each.finished.catch(() => undefined)));
      await frame();
    });
  }

  /** Serious and critical issues, by axe-core. It is put in by the browser, past the page's policy. */
  async audit() {
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) =>
        nodes.map((node) => `${id} (${help}): ${node.html.slice(0, 200)} ${node.failureSummary}`),
      );
  }

  /** A page is scrolled up and down, never sideways. */
  async wide() {
    const over = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    return over > 1 ? [`it is ${over} px wider than the window`] : [];
  }

  async close() {
    await this.chromium.close();
  }
}

export function check(is, what) {
  if (!is) throw new Error(what);
}

export function equal(actual, expected, what = '') {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} ${a} is not ${b}`);
}
