// Traces, logs and recordings.
import { check, equal } from './browser.mjs';

export const watches = {
  async 'follows a call to its trace'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production/call');
    await page.getByRole('button', { name: 'Example' }).click();
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.getByRole('link', { name: 'Open the trace' }).click();
    const waterfall = page.getByRole('figure', { name: /^Waterfall of/ });
    await waterfall.getByRole('button', { name: /HelloAll/ }).first().waitFor();
    await waterfall.getByRole('button', { name: /^SayHello/ }).first().click();
    await page.getByText('Answered by').waitFor();
    await page.getByRole('heading', { name: 'What the whole waited for' }).waitFor();
    equal(await browser.look('trace'), []);
  },

  async 'finds it among the others'(browser) {
    const { page } = browser;
    const id = /trace\/([0-9a-f]{32})/.exec(page.url())?.[1];
    check(id, `no trace's id is in ${page.url()}`);
    await browser.go('/chain/hello/production/traces');
    await page.getByRole('table', { name: 'Traces' }).getByRole('row').nth(1).waitFor();
    equal(await browser.look('traces'), []);
    await page.getByLabel('Find').fill(id);
    await page.locator(`a[href$="${id}"]`).waitFor();
    await page.getByText('1 shown').waitFor();
    await page.getByLabel('Find').fill('no-such-trace');
    await page.getByText('No trace to see').waitFor();
  },

  async 'shows all traces'(browser) {
    await browser.go('/traces');
    await browser.page.getByRole('table', { name: 'Traces' }).getByRole('row').nth(1).waitFor();
    equal(await browser.look('all-traces'), []);
  },

  async 'sees logs as they come'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production/logs');
    const lines = page.getByRole('table', { name: 'Log lines' });
    await lines.getByRole('row').nth(1).waitFor();
    equal(await browser.look('logs'), []);
    await page.getByLabel('Find').fill('surely nobody said this');
    await page.getByText('No line to see').waitFor();
    check(page.url().includes('text=surely'), `what is looked for is not in ${page.url()}`);
    await page.getByLabel('Find').fill('');
    await lines.getByRole('row').nth(1).getByRole('button').click();
    await page.getByRole('dialog', { name: 'Log line' }).waitFor();
    equal(await browser.look('log-line'), []);
    await page.keyboard.press('Escape');
  },

  async 'records requests, and makes a test of one'(browser, told) {
    const { page } = browser;
    await browser.go('/chain/hello/production/recordings');
    await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
    await page.getByLabel('At most').fill('3');
    await page.getByRole('button', { name: 'Record', exact: true }).click();
    await page.getByText('recording', { exact: true }).waitFor();
    for (let i = 0; i < 3; ++i) {
      await page.request.post(`${told.base}/chains/hello/production/run_remote`, {
        headers: { Authorization: `Api-Key ${told.key}` },
        data: { names: [`recorded ${i}`] },
      });
    }
    const taken = page.getByRole('table', { name: 'Requests that were taken' });
    await taken.getByRole('button', { name: 'Make a test' }).first().waitFor();
    equal(await browser.look('recordings'), []);
    await taken.getByRole('button', { name: 'Make a test' }).first().click();
    await page.getByRole('dialog').getByText('gtest/gtest.h').waitFor();
    equal(await browser.look('make-test'), []);
    await page.keyboard.press('Escape');
  },
};
