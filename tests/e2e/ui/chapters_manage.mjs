// A chain's graph, its deployments, and settings.
import { check, equal } from './browser.mjs';

const MANAGED = 'versions';

/** The row of a deployment, by its id. */
const rowOf = (page, id) => page.getByRole('row').filter({ hasText: id }).first();

/** A text that is seen, not one of a title. */
const seen = (page, text) => page.getByRole('main').getByText(text).and(page.locator(':visible')).first();

export const manages = {
  async 'sees the graph of a chain'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production');
    await seen(page, 'SayHello').waitFor();
    // Figures are red where something is wrong, and only there.
    const colours = await page.evaluate(() => {
      const colour = (element) => getComputedStyle(element).color;
      const figures = [...document.querySelectorAll('.tile:not(.bad) .tile-value')].map(colour);
      return { figures, text: colour(document.querySelector('main')) };
    });
    check(colours.figures.length > 0, 'there are no figures');
    equal(colours.figures, colours.figures.map(() => colours.text), 'figures at rest:');
    equal(await browser.look('graph'), []);
  },

  async 'promotes and rolls back'(browser, { base, first, second, managed = MANAGED }) {
    const { page } = browser;
    const production = async () => {
      const listed = await page.evaluate(
        async ([url, chain]) => {
          const headers = { 'Chains-UI': '1', 'Content-Type': 'application/json' };
          return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ chain }) })).json();
        },
        [`${base}/ui/api/List`, managed],
      );
      return listed.environments.find((each) => each.chain === managed && each.name === 'production').deployment;
    };
    equal(await production(), first, 'before');
    await browser.go(`/chain/${managed}/production/deployments`);
    await rowOf(page, second).waitFor();
    equal(await browser.look('deployments'), []);
    await rowOf(page, second).getByRole('button', { name: /^Promote/ }).click();
    await page.getByRole('dialog').waitFor();
    equal(await browser.look('promote'), []);
    await page.getByRole('dialog').getByRole('button', { name: /^Promote/ }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    equal(await production(), second, 'promoted');
    await page.getByRole('button', { name: /^Roll back/ }).first().click();
    await page.getByRole('dialog').getByText(first).first().waitFor();
    equal(await browser.look('roll-back'), []);
    await page.getByRole('dialog').getByRole('button', { name: /^Roll back/ }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    equal(await production(), first, 'rolled back');
  },

  async 'sees settings'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production/scaling');
    await seen(page, 'SayHello').waitFor();
    equal(await browser.look('settings-chain'), []);
    await browser.go('/settings');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('table').first().waitFor();
    equal(await browser.look('settings'), []);
  },

  async 'opens the menu of a narrow screen'(browser) {
    const { page } = browser;
    await browser.go('/');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: /menu|navigation/i }).click();
    await page.getByRole('link', { name: /hello/ }).first().click();
    await page.getByRole('heading', { name: /^hello/, level: 1 }).waitFor();
    check(page.url().includes('/chain/hello'), `the menu led to ${page.url()}`);
    await page.setViewportSize({ width: 1360, height: 900 });
  },
};
