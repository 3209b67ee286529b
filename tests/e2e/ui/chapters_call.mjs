// The dialogue that calls chains.
import { check, equal } from './browser.mjs';

const callButton = (page) => page.getByRole('button', { name: 'Call', exact: true });
const answer = (page) => page.getByRole('region', { name: 'Answer', exact: true }).first();

/** Fills "names" of hello with these, one field each. */
async function name(page, names) {
  for (const [i, each] of names.entries()) {
    if (i > 0) await page.getByRole('button', { name: 'Add to names' }).click();
    await page.getByLabel(`names ${i + 1}`, { exact: true }).fill(each);
  }
}

export const calls = {
  async 'calls hello'(browser) {
    const { page } = browser;
    await browser.go('/chain/hello/production/call');
    await callButton(page).waitFor();
    await browser.button('Empty').click();
    await name(page, ['Ada', 'Sid']);
    await callButton(page).click();
    await answer(page).getByText('Hello, Ada').waitFor();
    await answer(page).getByText('200 OK').waitFor();
    // At once by the receipt, and then by the trace.
    const waterfall = page.getByRole('figure', { name: 'Waterfall of this call' });
    await waterfall.waitFor();
    await page.getByRole('link', { name: 'Open the trace' }).waitFor();
    equal(await browser.look('call'), []);
  },

  async 'shows a request as JSON, and as text to copy'(browser) {
    const { page } = browser;
    await browser.button('JSON').click();
    equal(JSON.parse(await page.getByLabel('Request as JSON').inputValue()), { names: ['Ada', 'Sid'] });
    await page.getByLabel('Request as JSON').fill('{"names": ["Bola"');
    await page.getByText('This is no JSON').waitFor();
    await page.getByLabel('Request as JSON').fill('{"names": ["Bola"]}');
    await page.keyboard.press('Control+Enter');
    await answer(page).getByText('Hello, Bola').waitFor();
    await browser.button('Form').click();
    equal(await page.getByLabel('names 1', { exact: true }).inputValue(), 'Bola');
    await browser.button('Copy as').click();
    const languages = { curl: 'curl -X POST', Python: 'requests.post', 'C++': 'NewStub(channel)' };
    for (const [language, part] of Object.entries(languages)) {
      await page.getByRole('dialog').getByRole('button', { name: language, exact: true }).click();
      await page.getByRole('dialog').getByText(part).waitFor();
    }
    equal(await browser.look('copy-as'), []);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },

  async 'says what is wrong'(browser) {
    const { page } = browser;
    await browser.button('JSON').click();
    await page.getByLabel('Request as JSON').fill('{"names": [7]}');
    await page.getByText('names.0: text is expected').waitFor();
    check(await callButton(page).isDisabled(), 'what is wrong can be sent');
    await page.getByLabel('Request as JSON').fill('{"names": ["Ada"]}');
    await browser.button('Form').click();
  },

  async 'transcribes a file'(browser, { wav, words }) {
    const { page } = browser;
    await browser.go('/chain/transcribe/production/call');
    await page.locator('input[type=file]').setInputFiles(wav);
    await page.getByText(/speech\.wav/).first().waitFor();
    await callButton(page).click();
    await answer(page).getByText('"segments"').waitFor({ timeout: 120_000 });
    const text = await answer(page).getByRole('region').or(answer(page).locator('pre')).first().innerText();
    for (const word of (words || '').split(' ').filter(Boolean)) {
      check(text.includes(word), `"${word}" was not heard: ${text}`);
    }
    await page.getByRole('link', { name: 'Open the trace' }).waitFor();
    equal(await browser.look('call-upload'), []);
  },

  async 'records by the microphone'(browser) {
    const { page } = browser;
    await page.getByRole('button', { name: /^Take .* away$/ }).click();
    await browser.button('Record').click();
    await page.getByRole('timer').getByText(/^[1-9]/).waitFor();
    await browser.button('Stop').click();
    await page.getByText(/recording-.*\.wav/).first().waitFor();
    await callButton(page).click();
    await answer(page).getByText('"segments"').waitFor({ timeout: 120_000 });
  },

  async 'watches a stream'(browser) {
    const { page } = browser;
    await browser.go('/chain/streaming/production/call');
    await page.getByLabel(/^items/).fill('6');
    await page.getByLabel(/^interval_ms/).fill('400');
    await callButton(page).click();
    // The first items are seen while the others are not there yet.
    const items = page.getByRole('list', { name: 'Items' });
    await items.getByText('"number":1').waitFor();
    await answer(page).getByText('running').waitFor();
    equal(await items.getByText('"number":6').count(), 0, 'all items came at once:');
    await items.getByText('"footer"').waitFor();
    await answer(page).getByText('8 items').waitFor();
    await page.getByRole('link', { name: 'Open the trace' }).waitFor();
    equal(await browser.look('call-stream'), []);
  },

  async 'stops a stream, and sees one fail'(browser) {
    const { page } = browser;
    await page.getByLabel(/^items/).fill('1000');
    await callButton(page).click();
    await page.getByRole('list', { name: 'Items' }).getByText('"number":1').waitFor();
    await browser.button('Stop').click();
    await answer(page).getByText('stopped').waitFor();
    await page.getByLabel(/^items/).fill('6');
    await page.getByLabel(/^interval_ms/).fill('0');
    await page.getByLabel(/^cause_error/).selectOption('true');
    await callButton(page).click();
    await page.getByRole('alert').getByText('ABORTED').waitFor();
  },

  async 'sends a stream of messages'(browser) {
    const { page } = browser;
    await browser.go('/chain/streaming/production/call?method=sum_up');
    await page.getByLabel(/^number/).first().fill('40');
    await browser.button('Another message').click();
    await page.getByLabel(/^number/).nth(1).fill('2');
    await callButton(page).click();
    await answer(page).getByText('42').waitFor();
  },
};
