// node quick.mjs JSON: the page with as much as it is made for, against the fake API: 50 chainlets, 1,000
// traces, 10,000 log lines a minute. How long it took is printed, and judged by nobody: that says how busy
// the machine was. What is judged is what makes it quick anywhere: how much of it is drawn.
//
//   base      "http://127.0.0.1:4173"
//   browser   chromium's path
//   shots     where screenshots go
//   seconds   how long log lines are watched
import { Browser, check, equal } from './browser.mjs';

const told = JSON.parse(process.argv[2] ?? '{}');
const LINES_A_MINUTE = 10_000;
const MOST_ROWS = 90; // in sight, and some beyond
const MOST_ELEMENTS = { graph: 3500, traces: 2000, logs: 2000 };
const FEWEST_FRAMES = 5; // that were drawn while lines came: it is not stuck

const browser = await Browser.start({ executable: told.browser, base: told.base, shots: told.shots });
const { page } = browser;

// Tasks above 50 ms, and the times between frames, from now on.
await page.addInitScript(() => {
  window.seen = { tasks: [], frames: [] };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.seen.tasks.push(entry.duration);
  }).observe({ entryTypes: ['longtask'] });
  let last = performance.now();
  const frame = (now) => {
    window.seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});

const elements = () => page.evaluate(() => document.querySelectorAll('*').length);
const rows = (table) => table.getByRole('row').count();

/** What was seen since the last time, for people. */
async function times(what) {
  const { tasks, frames } = await page.evaluate(() => {
    const seen = window.seen;
    window.seen = { tasks: [], frames: [] };
    return seen;
  });
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  const longest = Math.round(Math.max(0, ...tasks));
  console.log(
    `${what}: ${await elements()} elements, ${frames.length} frames, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ` +
      `${tasks.length} tasks above 50 ms, the longest ${longest} ms`,
  );
  return frames.length;
}

async function paints(what) {
  const [navigation] = await page.evaluate(() => performance.getEntriesByType('navigation').map((e) => e.toJSON()));
  const first = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
  console.log(`${what}: first paint after ${Math.round(first ?? -1)} ms, loaded after ${Math.round(navigation.loadEventEnd)} ms`);
}

async function bounded(what) {
  const count = await elements();
  check(count < MOST_ELEMENTS[what], `${what}: ${count} elements are drawn, ${MOST_ELEMENTS[what]} at most`);
}

const chapters = {
  async 'the first page'() {
    await page.goto(`${told.base}/ui/`);
    await page.getByRole('link', { name: /wide/ }).first().waitFor();
    await paints('the first page');
    await times('the first page');
  },

  async 'a graph of 50 chainlets'() {
    await browser.go('/chain/wide/production');
    const boxes = page.locator('svg a.node[data-node^="wide."]');
    await boxes.nth(49).waitFor();
    equal(await boxes.count(), 50, 'boxes:');
    await bounded('graph');
    // Figures come every two seconds: the same elements have them.
    const before = await elements();
    await page.waitForResponse((response) => response.url().endsWith('/api/Measure'));
    await page.waitForResponse((response) => response.url().endsWith('/api/Measure'));
    await browser.settle();
    check(Math.abs((await elements()) - before) < 100, 'each reading adds elements');
    await times('a graph of 50 chainlets');
    await page.screenshot({ path: `${told.shots}/wide.png` });
  },

  async '1,000 traces'() {
    await browser.go('/traces');
    const table = page.getByRole('table', { name: 'Traces' });
    await table.getByRole('row').nth(1).waitFor();
    equal(await table.getAttribute('aria-rowcount'), '1001', 'rows in all:');
    check((await rows(table)) < MOST_ROWS, `${await rows(table)} rows are drawn`);
    await bounded('traces');
    const view = table.locator('.rows-view');
    for (let i = 1; i <= 20; ++i) {
      await view.evaluate((box, share) => (box.scrollTop = share * box.scrollHeight), i / 20);
      await browser.settle();
    }
    await table.locator('[aria-rowindex="1001"]').waitFor();
    check((await rows(table)) < MOST_ROWS, `${await rows(table)} rows are drawn at the end`);
    await times('1,000 traces, scrolled through');
  },

  async '10,000 log lines a minute'() {
    await browser.go('/chain/wide/production/logs');
    const table = page.getByRole('table', { name: 'Log lines' });
    await table.getByRole('row').nth(1).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await page.evaluate(() => (window.seen = { tasks: [], frames: [] }));
    const count = async () => Number(await table.getAttribute('aria-rowcount'));
    const [from, began] = [await count(), Date.now()];
    await page.waitForFunction(
      ([name, wanted]) => Number(document.querySelector(`[role=table][aria-label="${name}"]`)?.ariaRowCount) >= wanted,
      ['Log lines', from + (LINES_A_MINUTE / 60) * told.seconds * 0.9],
      { timeout: 120_000, polling: 500 },
    );
    const seconds = (Date.now() - began) / 1000;
    console.log(`${(await count()) - from} lines came in ${seconds.toFixed(1)} s`);
    check((await rows(table)) < MOST_ROWS, `${await rows(table)} rows are drawn`);
    await bounded('logs');
    const frames = await times('10,000 log lines a minute');
    check(frames >= FEWEST_FRAMES, `only ${frames} frames were drawn meanwhile`);
    // And it still does what it is asked.
    await page.getByLabel('Find').fill('refused');
    await page.waitForFunction(() => [...document.querySelectorAll('.log-line:not(.head)')].every((line) => line.textContent.includes('refused')));
    await times('and found a text among them');
  },
};

let failed = 0;
for (const [name, chapter] of Object.entries(chapters)) {
  try {
    await chapter();
    const problems = browser.takeProblems();
    if (problems.length > 0) throw new Error(problems.join('\n'));
    console.log(`ok: ${name}`);
  } catch (error) {
    ++failed;
    console.log(`FAILED: ${name}: ${error.message}`);
    await page.screenshot({ path: `${told.shots}/failed-quick-${failed}.png` }).catch(() => undefined);
  }
}
await browser.close();
if (failed === 0) console.log('all passed');
process.exit(failed === 0 ? 0 : 1);
