// A chain's graph, its deployments, and settings.
import { equal } from './browser.mjs';

export const manages = {
  async 'sees the graph of a chain'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production');
    await page.getByRole('main').getByText('SayHello').first().waitFor();
    equal(await browser.look('graph'), []);
  },
};
