// Takes pictures of a report page: both themes, wide and as on a phone. For looking at, not for comparing.
// node pictures.mjs CHROMIUM PAGE FOLDER

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, openTab } from './browser.mjs';

const [program, page, folder] = process.argv.slice(2);
const browser = await launch(program);
await mkdir(folder, { recursive: true });
try {
  for (const [size, metrics] of Object.entries({ wide: { width: 1360, height: 900 }, phone: { width: 390, height: 844, mobile: true } })) {
    for (const scheme of ['light', 'dark']) {
      const tab = await openTab(browser, metrics);
      await tab.colours(scheme);
      await tab.send('Page.navigate', { url: pathToFileURL(resolve(page)).href });
      await tab.until("document.documentElement.dataset.ready === 'rows'");
      const keep = async (name, full) => writeFile(join(folder, `${size}-${scheme}-${name}.png`), await tab.picture(full));
      await keep('summary', true);
      await tab.evaluate("document.getElementById('rows').scrollIntoView(), document.querySelectorAll('.item')[2].click()");
      await tab.until("document.querySelector('.sides') !== null");
      await tab.evaluate("document.getElementById('rows').scrollIntoView()");
      await keep('row', false);
    }
  }
} finally {
  await browser.close();
}
