// Is report.html what it says: readable, quick, silent, and inert whatever the rows hold?
// node page.mjs BATCH_EVAL CHROMIUM FOLDER [ROWS]

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { launch, openTab } from './browser.mjs';
import { HOSTILE, writeDataset } from './dataset.mjs';
import { colours, links, paper, scrolling } from './looks.mjs';
import { JUDGE, PROSE, PROSE_ROW, REASONS, ROWS, serve, writeRows } from './model.mjs';

const [program, chromium, folder, rows = '100000'] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
const run = promisify(execFile);
const figures = {};

/** Makes a run of so many rows and gives its page. */
async function page(name, count, flags = []) {
  const dataset = join(folder, `${name}.jsonl`);
  await writeDataset(dataset, count);
  const runs = join(folder, 'runs');
  await run(program, ['run', dataset, '--emulator', '--runs-dir', runs, '--name', name, '--slice', '/country', '--accept-partial', '--quiet', ...flags], { maxBuffer: 1 << 26 });
  return join(runs, name, 'report', 'report.html');
}

/** Makes a run whose answers a bent model judged, and gives its page. */
async function judged() {
  const dataset = join(folder, 'judged.jsonl');
  await writeRows(dataset);
  const service = await serve(program);
  const runs = join(folder, 'runs');
  const judges = [`judge:rubric(model="${JUDGE}", rubric="It greets.", logged)`, `judge:pairwise(model="${JUDGE}")`];
  const words = ['run', dataset, '-m', 'polite', '--base-url', service.url, '--runs-dir', runs, '--name', 'judged', '--yes', '--quiet', '--poll-interval', '50ms'];
  try {
    await run(program, [...words, ...judges.flatMap((judge) => ['--scorer', judge])], { env: { ...process.env, GEMINI_API_KEY: 'any' } });
  } finally {
    await service.close();
  }
  return join(runs, 'judged', 'report', 'report.html');
}

const ready = "document.documentElement.dataset.ready === 'rows'";
const go = (tab, file, hash = '') => tab.send('Page.navigate', { url: pathToFileURL(resolve(file)).href + hash });
const open = (number) => `(async () => {
  const box = document.querySelector('.list-box');
  const item = () => [...document.querySelectorAll('.item')].find((one) => one.querySelector('.number').textContent === '${number}');
  box.scrollTop = 0;
  for (let tried = 0; tried < 500 && !item(); tried += 1) {
    box.scrollTop += 300;
    await new Promise((done) => { setTimeout(done, 20); });
  }
  item().click();
})()`;
const shown = (number) => `document.querySelector('.detail h3')?.textContent === 'Row ${number}' && document.querySelector('.sides') !== null`;
const choose = (name, value) => `(() => { const box = document.querySelector('[name="${name}"]'); box.value = ${JSON.stringify(value)}; box.dispatchEvent(new Event('change')); })()`;
const type = (text) => `(() => { const box = document.querySelector('[name="search"]'); box.value = ${JSON.stringify(text)}; box.dispatchEvent(new Event('input')); })()`;
const status = "document.getElementById('rows-about').textContent";
const found = `Number(${status}.match(/^([\\d,]+)/)?.[1].replaceAll(',', ''))`;

/** What no page may ever do. */
async function isInert(tab, file) {
  assert.deepEqual(tab.complaints, [], 'the console is silent');
  const own = pathToFileURL(resolve(file)).href;
  assert.deepEqual(tab.requests.filter((url) => url.split('#')[0] !== own && !url.startsWith('data:image/png') && !url.startsWith('about:')), [], 'nothing is asked of the network');
  const [title, frames, scripts, images] = JSON.parse(await tab.evaluate(`JSON.stringify([
    document.title, document.querySelectorAll('iframe, object, embed, link, base, [onclick], [onerror], [onload], a[href]:not([href^="#"])').length,
    [...document.scripts].filter((one) => !one.type).length, [...document.images].map((one) => one.src.slice(0, 22))])`));
  assert.match(title, /^\w+\.jsonl · batch-eval$/, 'the title is ours');
  assert.equal(frames, 0, 'nothing foreign stands in the page');
  assert.equal(scripts, 1, 'one script runs');
  assert.ok(images.every((source) => source.startsWith('data:image/png;base64')), `pictures of safe kinds only: ${images}`);
}

async function accessible(tab, what) {
  await tab.evaluate(axe);
  const violations = await tab.evaluate('axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary.split("\\n")[1] ?? ""}`)}`))');
  assert.deepEqual(violations, [], what);
}

/** The page's functions that need no page. */
async function functions() {
  const names = ['dom', 'data', 'diff', 'parts', 'list', 'charts'];
  const sources = await Promise.all(names.map((name) => readFile(new URL(`../../crates/eval-report/assets/page/${name}.js`, import.meta.url), 'utf8')));
  const own = new Function(`${sources.join('\n')}\nreturn { unescaped, parse, pretty, signOf, member, differences, percent, points, range, ticksBetween };`)();
  for (const label of ['true', 'false', 'null', 'constructor', '__proto__', 'toString']) assert.deepEqual(own.signOf(label), [label, 'label'], 'a label is no verdict');
  assert.deepEqual([true, false, null, 0.5].map((verdict) => own.signOf(verdict)[1]), ['pass', 'fail', 'none', 'label']);
  assert.equal(own.unescaped('{"a":"\\u00fc \\/ \\n \\\\u00fc \\u0022"}'), '{"a":"ü / \\n \\\\u00fc \\u0022"}', 'escapes of letters are letters, others stay');
  const deep = `${'['.repeat(10_000)}12345678901234567890${']'.repeat(10_000)}`;
  assert.ok(own.pretty(own.parse(deep)).includes('…'), '10,000 levels are read and shown to some depth');
  assert.equal(own.member({}, 'constructor'), undefined, 'what was not given is not there');
  assert.equal(own.member({ finish_reason: 'STOP' }, 'finishReason'), 'STOP');
  assert.equal(own.differences('a b c', 'a x c').map(({ text, same }) => (same ? text : `[${text}]`)).join(''), 'a [b] c');
  assert.deepEqual([0, 0.0001, 0.9999, 1].map(own.percent), ['0.0%', '0.1%', '99.9%', '100.0%']);
  assert.deepEqual([0, -0.0001, 0.072, -0.5].map(own.points), ['0.0', '0.0', '+7.2', '−50.0'], 'none has no sign');
  for (const shares of [[0, 0], [1, 1], [0.207, 1], [0.395, 0.611], [0.05, 0.109], [0, 1]]) {
    const [low, high] = own.range(shares);
    const ticks = own.ticksBetween(low, high);
    const isNear = (one, other) => Math.abs(one - other) < 1e-9;
    assert.ok(low <= shares[0] && high >= shares[1] && isNear(ticks[0], low) && isNear(ticks.at(-1), high), `a scale of ${shares} has a tick at each end: ${low} to ${high}, ${ticks}`);
  }
}

async function smallPage(browser) {
  const file = await page('small', 400);
  const tab = await openTab(browser, { width: 1360, height: 900 });
  await go(tab, file);
  await tab.until(ready);
  assert.equal(await tab.evaluate(found), 400);
  for (const scheme of ['light', 'dark']) {
    await tab.colours(scheme);
    await accessible(tab, `axe finds nothing, ${scheme}`);
    await colours(tab);
  }
  await links(tab);
  await scrolling(tab);
  assert.ok(!await tab.evaluate("/\\* marks|, \\* /.test(document.getElementById('summary').innerText)"), 'nothing is said of signs that the page has not');
  assert.deepEqual(JSON.parse(await tab.evaluate("JSON.stringify([...document.querySelectorAll('#signs [data-hue]')].map((one) => one.textContent))")), ['logged', 'sim-flash', 'sim-pro'], 'whose sign is whose');
  // Every hostile row is opened; all its text stands there as text.
  for (let number = 0; number < 14; number += 1) {
    await tab.evaluate(open(number));
    await tab.until(shown(number));
    await isInert(tab, file);
    await accessible(tab, `axe finds nothing with row ${number} open`);
  }
  await paper(tab, { width: 1360, height: 900 });
  await tab.evaluate(open(0));
  await tab.until(shown(0));
  assert.ok(await tab.evaluate(`document.getElementById('detail').textContent.includes(${JSON.stringify(HOSTILE[0])})`), 'hostile text is shown as it is');
  await tab.evaluate(open(3));
  await tab.until(shown(3));
  const hidden = await tab.evaluate("[...document.querySelectorAll('.detail .hidden-character')].map((one) => one.textContent).join(' ')");
  for (const code of ['U+202E', 'U+200B', 'U+0007', 'U+001B', 'U+2066']) assert.ok(hidden.includes(code), `${code} is made visible: ${hidden.slice(0, 200)}`);
  assert.ok(!await tab.evaluate("/[\\u202e\\u0007\\u001b]/.test(document.body.innerText)"), 'no control character is drawn');
  await tab.evaluate(open(4));
  await tab.until(shown(4));
  assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'a word of 20,000 letters breaks');
  await tab.evaluate(open(9));
  await tab.until(shown(9));
  // It is only read when it comes into sight.
  await tab.evaluate("document.querySelector('.detail img').scrollIntoView()");
  await tab.until("document.querySelector('.detail img').naturalWidth === 10");
  await tab.evaluate(open(10));
  await tab.until(shown(10));
  assert.equal(await tab.evaluate("document.querySelectorAll('.detail img').length"), 0, 'one that could run something is not');
  assert.ok((await tab.evaluate("document.getElementById('detail').innerText")).includes('12345678901234567890') || await tab.evaluate("document.getElementById('detail').textContent.includes('12345678901234567890')"), 'no digit is lost');
  assert.ok(await tab.evaluate("document.querySelectorAll('.detail details.thought:not([open])').length > 0"), 'thoughts are folded');
  await tab.evaluate(open(11));
  await tab.until(shown(11));
  assert.ok(!await tab.evaluate("document.getElementById('detail').textContent.includes('native code')"), 'no function of ours is shown as an argument');
  assert.ok(await tab.evaluate("[...document.getElementById('detail').childNodes].every((node) => node.nodeType === Node.ELEMENT_NODE)"), 'what is not there leaves no word behind');
  const verdicts = await tab.evaluate("[...document.querySelectorAll('.side .verdicts li:not(.outcome) [aria-hidden]')].map((one) => one.textContent)");
  assert.ok(verdicts.length >= 2 && verdicts.every((sign) => ['✓', '✗', '·'].includes(sign)), `a row shows verdicts, however its answers ended: ${verdicts}`);
  await filters(tab);
  await keyboard(tab);
  await isInert(tab, file);
  await go(tab, file, '#row-399');
  await tab.send('Page.reload');
  await tab.until(shown(399));
  await phone(browser, file);
  figures.small_bytes = (await stat(file)).size;
}

/** What judges wrote is beside what it is about, and is text as any other. */
async function judgedPage(browser) {
  const file = await judged();
  const tab = await openTab(browser, { width: 1360, height: 900 });
  await go(tab, file);
  await tab.until(ready);
  const reasons = () => tab.evaluate("[...document.querySelectorAll('.side-answer .said')].map((one) => ({ about: one.querySelector('.role, summary').textContent, text: one.querySelector('.text, pre')?.textContent ?? '', folded: one.tagName === 'DETAILS' && !one.open }))");
  // How the page writes what cannot be seen.
  const visible = (text) => text.replace(/[\u0007\u001b\u200b\u2028\u2029\u202c\u202e\u2066\u2069]/g, (found) => `U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
  for (let number = 0; number < ROWS; number += 1) {
    await tab.evaluate(open(number));
    await tab.until(shown(number));
    const all = await reasons();
    assert.deepEqual(all.map(({ about }) => about.replace(/ \([\d,]+ characters\)$/, '')), ['judge:rubric', 'judge:rubric', 'judge:pairwise, this answer being A', 'judge:pairwise, this answer being B']);
    const said = number === PROSE_ROW ? PROSE : REASONS[number].trim();
    for (const { text, folded } of all) {
      const isCut = said.length > 32 << 10;
      assert.ok(isCut ? text.length === 32 << 10 && text.endsWith('xxx') : text.endsWith(visible(said)), `row ${number}: ${text.slice(0, 200)}`);
      assert.equal(folded, said.length > 370 || said.split('\n').length > 8, `row ${number} is folded if long`);
    }
    await isInert(tab, file);
    assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'no reason is wider than the page');
    if (number % 4 === 0) {
      for (const scheme of ['light', 'dark']) {
        await tab.colours(scheme);
        await accessible(tab, `axe finds nothing beside reasons, ${scheme}`);
      }
    }
  }
  await tab.evaluate("document.querySelectorAll('details.said').forEach((one) => { one.open = true; })");
  await accessible(tab, 'axe finds nothing beside an unfolded reason');
  await tab.evaluate(type('a long reason a long reason'));
  await tab.until(`${found} === 1`);
}

async function filters(tab) {
  const all = 400;
  const count = async (kind) => {
    await tab.evaluate(choose('kind', kind));
    return tab.evaluate(found);
  };
  const [flips, won, lost] = [await count('flips'), await count('won'), await count('lost')];
  assert.ok(flips > 0 && flips < all && won > 0 && lost > 0 && won + lost >= flips, `flips ${flips}, won ${won}, lost ${lost}`);
  await tab.evaluate(choose('column', '1'));
  const [mine, minus, plus] = [await count('flips'), await count('lost'), await count('won')];
  assert.equal(mine, minus + plus, 'of one model each flip is one or the other');
  const table = JSON.parse(await tab.evaluate("JSON.stringify(JSON.parse(document.getElementById('report').textContent).report.comparisons[0].table)"));
  assert.deepEqual([plus, minus], [table.only_a, table.only_b], 'the list and the report count the same flips');
  await tab.evaluate(choose('kind', 'all'));
  const outcomes = JSON.parse(await tab.evaluate("JSON.stringify(JSON.parse(document.getElementById('report').textContent).report.models[1].outcomes)"));
  for (const [at, name] of ['answered', 'truncated', 'blocked', 'empty', 'error'].entries()) {
    await tab.evaluate(choose('outcome', String(at)));
    assert.equal(await tab.evaluate(found), outcomes[name], `rows that are ${name}`);
  }
  await tab.evaluate("document.querySelector('#filters button').click()");
  await tab.evaluate(choose('slice0', '=<b>it</b>'));
  const slice = JSON.parse(await tab.evaluate("JSON.stringify(JSON.parse(document.getElementById('report').textContent).report.slices.find((one) => one.value === '<b>it</b>').rows)"));
  assert.equal(await tab.evaluate(found), slice, 'rows of a slice');
  await tab.evaluate("document.querySelector('#filters button').click()");
  await tab.evaluate(type('(case 123)'));
  await tab.until(`${found} === 1`);
  await tab.evaluate(type('onerror="document.title'));
  await tab.until(`${found} === 10 && !${status}.includes('Searching')`);
  await tab.evaluate(type('no row has this'));
  await tab.until(`document.querySelector('.nothing') !== null`);
  await tab.evaluate("document.querySelector('#filters button').click()");
  await tab.until(`${found} === 400`);
}

async function keyboard(tab) {
  const chosen = "document.querySelector('.item[aria-selected=\"true\"] .number')?.textContent";
  await tab.evaluate("document.querySelector('.list-box').focus()");
  await tab.key('Home');
  await tab.until(`${chosen} === '0'`);
  await tab.key('ArrowDown');
  await tab.key('j', 'j');
  await tab.until(`${chosen} === '2'`);
  await tab.key('k', 'k');
  await tab.until(`${chosen} === '1' && ${shown(1)}`);
  await tab.key('End');
  await tab.until(`${chosen} === '399'`);
  assert.ok(await tab.evaluate("document.getElementById(document.activeElement.getAttribute('aria-activedescendant')) !== null"), 'the chosen row is told to readers');
  await tab.key('Enter');
  await tab.until("document.activeElement.id === 'detail'");
  await tab.key('Escape');
  await tab.until("document.activeElement.className === 'list-box'");
  await tab.evaluate("document.getElementById('theme').focus()");
  await tab.key('Escape');
  assert.equal(await tab.evaluate('document.activeElement.id'), 'theme', 'from elsewhere Escape leads nowhere');
  await tab.key('/', '/');
  await tab.until("document.activeElement.name === 'search'");
  await tab.key('Escape');
  const theme = 'document.documentElement.dataset.theme';
  const ground = 'getComputedStyle(document.body).backgroundColor';
  const before = await tab.evaluate(ground);
  await tab.evaluate("document.getElementById('theme').click()");
  assert.equal(await tab.evaluate(theme), 'light');
  assert.notEqual(await tab.evaluate(ground), before, 'the theme was dark and is light');
  await tab.evaluate("document.getElementById('theme').click(), document.getElementById('theme').click()");
}

async function phone(browser, file) {
  const tab = await openTab(browser, { width: 360, height: 740, mobile: true });
  await go(tab, file);
  await tab.until(ready);
  assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= 360'), 'nothing is wider than a phone');
  await accessible(tab, 'axe finds nothing on a phone');
  assert.ok(await scrolling(tab), 'a wide table scrolls within itself');
  assert.ok(await tab.evaluate("document.querySelector('.figures .finding').getBoundingClientRect().right <= 360"), 'the first difference is in sight at once');
  await tab.evaluate(open(2));
  await tab.until(shown(2));
  assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= 360'), 'nor with a row open');
  assert.ok(await tab.evaluate("getComputedStyle(document.getElementById('list')).display === 'none'"), 'the row takes the place of the list');
  await tab.evaluate("document.querySelector('.back').click()");
  assert.ok(await tab.evaluate("getComputedStyle(document.getElementById('list')).display !== 'none'"), 'and gives it back');
  await isInert(tab, file);
}

/** Eight columns by two scorers: four models with two prompts each. */
async function manyPage(browser) {
  const config = join(folder, 'many.toml');
  await writeFile(config, '[[variant]]\nname = "as-logged"\n[[variant]]\nname = "terse"\nsystem_instruction = "Be brief."\ngeneration_config = { temperature = 0.2 }\n');
  const models = [1, 2, 3, 4].flatMap((number) => ['-m', `sim-model-${number}-preview-09-2025`]);
  const scorer = 'same-label(labels=["book a table","weather","cancel","lights"],mention="first")';
  const file = await page('many', 40, ['--config', config, ...models, '--scorer', 'function-call', '--scorer', scorer]);
  const tab = await openTab(browser, { width: 1280, height: 900 });
  await go(tab, file);
  await tab.until(ready);
  assert.equal(await tab.evaluate(found), 40, 'a last row that fills its chunk is in the page');
  await links(tab);
  await scrolling(tab);
  const hues = JSON.parse(await tab.evaluate("JSON.stringify([...document.querySelectorAll('.figures tbody th')].map((one) => one.dataset.hue))"));
  assert.equal(new Set(hues).size, 9, `each column has a colour of its own: ${hues}`);
  const heads = JSON.parse(await tab.evaluate("JSON.stringify([[...document.querySelectorAll('.figures thead th')].slice(0, 2), [...document.querySelectorAll('[name=scorer] option')]].map((all) => all.map((one) => one.textContent)))"));
  assert.deepEqual(heads, [['function-call', 'same-label'], ['function-call', 'same-label']], 'one table holds all scorers, by names that can be read');
  assert.ok(await tab.evaluate("[...document.querySelectorAll('.spec')].some((one) => one.textContent.includes('mention'))"), 'what it was set to stands in its part');
  assert.ok(await tab.evaluate("[...document.querySelectorAll('.slice .finding')].some((one) => / points, p /.test(one.textContent))"), 'slices say how far models are from the baseline, and how surely');
  assert.ok(await tab.evaluate("/ out, [0-9,]+ of them thinking/.test(document.querySelector('#summary').textContent)"), 'tokens out count the thinking, and say so');
  assert.ok(await tab.evaluate("document.querySelectorAll('.group[open]').length < document.querySelectorAll('.group').length"), 'not all slices are open');
  await tab.evaluate(open(12));
  await tab.until(shown(12));
  const requests = JSON.parse(await tab.evaluate("JSON.stringify([...document.querySelectorAll('.side-request')].map((one) => one.textContent))"));
  assert.ok(requests.length === 2 && requests[0].includes('as-logged') && requests[0].includes('(case 12)'), requests.join('; '));
  assert.ok(requests[1].includes('terse') && requests[1].includes('Be brief.') && !requests[1].includes('(case 12)'), `of another variant only what differs: ${requests[1]}`);
  await tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
  for (const scheme of ['light', 'dark']) {
    await tab.colours(scheme);
    await accessible(tab, `axe finds nothing with eight columns, ${scheme}`);
  }
  await paper(tab, { width: 1280, height: 900 });
  await isInert(tab, file);
  await phone(browser, file);
}

async function bigPage(browser, count) {
  const file = await page('big', count);
  figures.big_rows = count;
  figures.big_bytes = (await stat(file)).size;
  assert.ok(figures.big_bytes <= 66 << 20, 'a page is at most 64 MiB and its frame');
  const tab = await openTab(browser, { width: 1360, height: 900 });
  await go(tab, file);
  await tab.until(ready, 2400);
  const timing = JSON.parse(await tab.evaluate("JSON.stringify({ paint: performance.getEntriesByName('first-contentful-paint')[0].startTime, loaded: performance.now() })"));
  figures.first_paint_ms = Math.round(timing.paint);
  figures.all_rows_ms = Math.round(timing.loaded);
  const held = await tab.evaluate("JSON.parse(document.getElementById('about').textContent).shown");
  figures.big_shown = held;
  const timed = async (what) => tab.evaluate(`(async () => { const from = performance.now(); ${what}; await new Promise((done) => requestAnimationFrame(() => setTimeout(done))); return performance.now() - from; })()`);
  // Of a page that cannot hold all rows each may be a flip, but not each is one that was won.
  figures.filter_ms = Math.round(await timed(choose('kind', 'won')));
  assert.ok(await tab.evaluate(`${found} > 0 && ${found} < ${held}`));
  await tab.evaluate(choose('kind', 'all'));
  figures.scroll_ms = Math.round(await timed("document.querySelector('.list-box').scrollTop = 1e9"));
  assert.ok(await tab.evaluate("document.querySelectorAll('.item').length < 60"), 'only rows in sight exist');
  figures.open_ms = Math.round(await tab.evaluate("(async () => { const from = performance.now(); document.querySelector('.item').click(); while (!document.querySelector('.sides')) await new Promise((done) => setTimeout(done, 1)); return performance.now() - from; })()"));
  // Where the page cannot hold all rows, the last ones need not be in it.
  const last = await tab.evaluate("[...document.querySelectorAll('.item .number')].at(-1).textContent");
  assert.ok(Number(last) > 0.9 * count, `rows from everywhere, up to ${last}`);
  const from = Date.now();
  await tab.evaluate(type(`(case ${last})`));
  await tab.until(`${status}.startsWith('1 of') && !${status}.includes('Searching')`, 2400);
  figures.search_all_text_ms = Date.now() - from;
  const { usedSize } = await tab.send('Runtime.getHeapUsage');
  figures.heap_mib = Math.round(usedSize / 2 ** 20);
  assert.ok(figures.first_paint_ms < 5000 && figures.filter_ms < 1000 && figures.scroll_ms < 500 && figures.heap_mib < 500, JSON.stringify(figures));
  await isInert(tab, file);
}

await mkdir(folder, { recursive: true });
await rm(join(folder, 'runs'), { recursive: true, force: true });
await functions();
const browser = await launch(chromium);
try {
  await smallPage(browser);
  await judgedPage(browser);
  await manyPage(browser);
  if (Number(rows) > 0) await bigPage(browser, Number(rows));
} finally {
  await browser.close();
}
console.log(JSON.stringify(figures));
