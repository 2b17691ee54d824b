// What a page looks like, as far as it can be told by measuring.

import assert from 'node:assert/strict';

/** No outcome is drawn in the colour of another, and no column of the first eight in that of another. */
export async function colours(tab) {
  const drawn = JSON.parse(await tab.evaluate(`(() => {
    const fill = (marker) => {
      const mark = document.createElement('i');
      document.body.append(mark);
      marker(mark);
      const { fill, color } = getComputedStyle(mark);
      mark.remove();
      return fill + color;
    };
    const outcomes = ['answered', 'truncated', 'blocked', 'empty', 'error', 'missing', 'conflict', 'unparsable'];
    const hues = ['logged', 0, 1, 2, 3, 4, 5, 6, 7];
    return JSON.stringify([
      outcomes.map((name) => fill((mark) => { mark.className = 'part part-' + name; })),
      hues.map((hue) => fill((mark) => { mark.dataset.hue = hue; mark.style.color = 'var(--hue)'; })),
    ]);
  })()`));
  for (const all of drawn) assert.equal(new Set(all).size, all.length, `colours that differ: ${all}`);
}

/** Paper is white, and nothing is cut off at its edge, though the screen is dark. */
export async function paper(tab, { width, height }) {
  const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
  await tab.send('Emulation.setEmulatedMedia', { media: 'print', features });
  await tab.send('Emulation.setDeviceMetricsOverride', { width: 718, height: 1000, deviceScaleFactor: 1, mobile: false });
  const { ground, ink, cut } = JSON.parse(await tab.evaluate(`JSON.stringify({
    ground: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
    cut: [document.documentElement, ...document.querySelectorAll('.card, .detail')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.slice(0, 40)),
  })`));
  assert.equal(ground, 'rgb(255, 255, 255)');
  assert.ok(Math.max(...ink.match(/\d+/g).map(Number)) < 64, `ink is dark: ${ink}`);
  assert.deepEqual(cut, [], 'nothing is wider than the paper');
  await tab.send('Emulation.setEmulatedMedia', { media: '', features });
  await tab.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
}

/** Each link at the top leads to a part of the page, and the rows have one. */
export async function links(tab) {
  const found = JSON.parse(await tab.evaluate("JSON.stringify([...document.querySelectorAll('#parts a')].map((one) => [one.textContent, document.querySelector(one.hash)?.textContent]))"));
  assert.ok(found.length > 3 && found.every(([text, head]) => text === head), `links and their parts: ${found.join('; ')}`);
  assert.equal(found.at(-1)[0], 'Rows');
}

/** What can be scrolled sideways can be by keys, and says so to the eye; the rest is no stop for Tab. */
export async function scrolling(tab) {
  const boxes = JSON.parse(await tab.evaluate("JSON.stringify([...document.querySelectorAll('.scroll')].map((one) => [one.scrollWidth > one.clientWidth + 1, one.tabIndex === 0, (one.dataset.more ?? '').includes('right')]))"));
  for (const [isWide, isStop, isMarked] of boxes) assert.ok(isStop === isWide && isMarked === isWide, `scrolled boxes: ${JSON.stringify(boxes)}`);
  return boxes.some(([isWide]) => isWide);
}
