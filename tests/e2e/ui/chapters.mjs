// What a person does with the page, in order. Each ends with a look at what is seen then.
import { calls } from './chapters_call.mjs';
import { manages } from './chapters_manage.mjs';
import { watches } from './chapters_watch.mjs';
import { check, equal } from './browser.mjs';

const MOST_BYTES = 300_000; // of all that the first page needs, as it comes
const MOST_BYTES_OF_ALL = 300_000;

export const chapters = {
  async 'signs in'(browser, { key, base }) {
    const { page } = browser;
    await page.goto(`${base}/`);
    check(page.url().startsWith(`${base}/ui/`), `a browser that asks for / is at ${page.url()}`);
    if (key) {
      equal(await browser.look('sign-in'), []);
      await page.getByLabel('API key').fill('not-a-key');
      await browser.button('Sign in').click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('API key').fill(key);
      await browser.button('Sign in').click();
    }
    await page.getByRole('link', { name: /hello/ }).first().waitFor();
    check(!(await page.evaluate(() => document.cookie)).includes('chains_key'), 'scripts can read the key');
  },

  async 'shows what there is'(browser) {
    await browser.go('/');
    await browser.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await browser.page.getByRole('main').getByText('transcribe').and(browser.page.locator(':visible')).first().waitFor();
    equal(await browser.look('overview'), []);
  },

  ...calls,
  ...watches,
  ...manages,

  async 'is small'(browser, { base }) {
    // Once more, with nothing kept: what a first visit costs.
    const context = await browser.chromium.newContext();
    const page = await context.newPage();
    const sizes = [];
    page.on('requestfinished', (request) => {
      sizes.push(request.sizes().then((size) => [request.url(), size.responseBodySize]));
    });
    await page.goto(`${base}/ui/`);
    await page.getByLabel('API key').waitFor();
    // Nobody's verdict here, where other tests run: README has what it is on a machine of its own.
    const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    const first = (await Promise.all(sizes)).filter(([url]) => !url.includes('/api/'));
    const sum = (rows) => rows.reduce((total, [, size]) => total + size, 0);
    await context.close();
    const all = [...browser.transferred].filter(([url]) => url.startsWith(`${base}/ui/assets/`));
    console.log(`the first paint was after ${Math.round(painted ?? -1)} ms`);
    console.log(`the first page came in ${sum(first)} bytes, all scripts and styles that were seen in ${sum(all)}`);
    check(sum(first) > 1000 && sum(first) < MOST_BYTES, `the first page came in ${sum(first)} bytes`);
    check(sum(all) < MOST_BYTES_OF_ALL, `all of it came in ${sum(all)} bytes`);
  },

  async 'works by keyboard'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production/call');
    await page.getByRole('button', { name: 'Call', exact: true }).waitFor();
    await page.evaluate(() => document.activeElement?.blur());
    const seen = new Set();
    for (let i = 0; i < 60 && !seen.has('BUTTON Call'); ++i) {
      await page.keyboard.press('Tab');
      seen.add(
        await page.evaluate(() => {
          const at = document.activeElement;
          const visible = at && getComputedStyle(at).outlineStyle !== 'none';
          return visible ? `${at.tagName} ${(at.textContent ?? '').trim()}` : `unseen ${at?.tagName}`;
        }),
      );
    }
    check(seen.has('BUTTON Call'), `Tab does not lead to the button that calls: ${[...seen].join(', ')}`);
  },
};
