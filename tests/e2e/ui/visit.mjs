// node visit.mjs JSON: goes through the gateway's page as a person does, chapter by chapter. The JSON:
//
//   base      "http://127.0.0.1:8080"
//   key       to sign in with; empty: nobody is asked for one
//   wav       a file to transcribe
//   words     some of what is said in it; empty: whatever is heard will do
//   shots     where screenshots go
//   browser   chromium's path
//   first     the deployment of `managed` that production points at
//   second    another one, which is promoted and rolled back
//   managed   the chain that they are of; "versions" where it is not said
//   only      names of chapters, joined with ;; empty: all
import { Browser } from './browser.mjs';
import { chapters } from './chapters.mjs';

const told = JSON.parse(process.argv[2] ?? '{}');
const browser = await Browser.start({ executable: told.browser, base: told.base, shots: told.shots });
const only = told.only ? told.only.split(';') : undefined;
let failed = 0;
for (const [name, chapter] of Object.entries(chapters)) {
  if (only && !only.includes(name) && name !== 'signs in') continue;
  const began = Date.now();
  try {
    await chapter(browser, told);
    const problems = browser.takeProblems();
    if (problems.length > 0) throw new Error(problems.join('\n'));
    console.log(`ok: ${name} (${Date.now() - began} ms)`);
  } catch (error) {
    ++failed;
    browser.takeProblems();
    await browser.page.screenshot({ path: `${told.shots}/failed-${failed}.png` }).catch(() => undefined);
    const seen = `${told.shots}/failed-${failed}.png`;
    console.log(`FAILED: ${name}: ${error.message}\nat ${browser.page.url()}, seen in ${seen}`);
  }
}
await browser.close();
if (failed === 0) console.log('all passed');
process.exit(failed === 0 ? 0 : 1);
