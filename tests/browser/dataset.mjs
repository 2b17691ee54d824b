// Rows as people have them, and as attackers would like to have them shown.

import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

// Each would change the title, or ask the network, if anything of it were run or loaded.
export const HOSTILE = [
  '<script>document.title="owned"</script><img src="http://192.0.2.1/x.png" onerror="document.title=\'owned\'">',
  '</script><script>document.title="owned"</script><!-- <svg onload=alert(1)>',
  '"><iframe src="javascript:document.title=1"></iframe><style>*{display:none}</style>',
  'user\u202egnp.exe\u202c zero\u200bwidth bell\u0007 \u001b[31mred\u001b[0m \u001b]0;owned\u0007 \u2066iso\u2069',
  'w'.repeat(20_000),
  '=HYPERLINK("http://192.0.2.1","x")',
  '{{script}} {{report}} ${document.title="owned"} \u2028\u2029 \ud800',
  'مرحبا بالعالم שלום עולם 你好',
];

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mP8z8BQz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=1"/>').toString('base64');
const ASKS = ['Book a table for two by the harbour tonight', 'What is the weather in Ulm tomorrow?', 'Cancel my subscription', 'Turn on the kitchen lights'];
const CALLS = ['book_table', 'get_weather', 'cancel', 'lights'];
const COUNTRIES = ['de', 'en', 'fr', '<b>it</b>'];

// The same rows each time (mulberry32).
function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function row(number, random) {
  const at = Math.floor(random() * ASKS.length);
  const hostile = number % 40 < HOSTILE.length ? HOSTILE[number % 40] : '';
  // A service refuses half a surrogate pair in what it is asked, so only answers have one.
  const parts = [{ text: `${ASKS[at]} (case ${number}) ${hostile.toWellFormed()}` }];
  if (number % 40 === 9) parts.push({ inlineData: { mimeType: 'image/png', data: PNG } });
  if (number % 40 === 10) parts.push({ inlineData: { mimeType: 'image/svg+xml', data: SVG } }, { inlineData: { mimeType: 'text/html', data: SVG } });
  const answer = [{ thought: true, text: `The user wants ${CALLS[at]}. ${hostile}` }];
  const args = { place: 'Ulm', guests: 1 + Math.floor(random() * 6), when: { day: 'tomorrow' }, [hostile.slice(0, 60) || 'note']: hostile || 'none' };
  // Names that every object answers to without having been given them.
  if (number % 40 === 11) Object.assign(args, { constructor: 'x', toString: 'y', deep: JSON.parse(`${'['.repeat(60)}1234567890123456${']'.repeat(60)}`) });
  if (number % 40 === 12) Object.defineProperty(args, '__proto__', { value: 'z', enumerable: true });
  if (random() < 0.8) answer.push({ functionCall: { name: hostile.slice(0, 40) || CALLS[at], args } });
  else answer.push({ text: `I cannot do that. ${hostile}` });
  const usage = { promptTokenCount: 40 + Math.floor(random() * 90), candidatesTokenCount: 5 + Math.floor(random() * 200), totalTokenCount: 300 };
  // A number that a float cannot hold has to be written by hand.
  return JSON.stringify({
    key: `case-${number}`,
    request: { systemInstruction: { parts: [{ text: 'Use the tools.' }] }, contents: [{ role: 'user', parts }], tools: [{ functionDeclarations: CALLS.map((name) => ({ name })) }] },
    response: { candidates: [{ content: { role: 'model', parts: answer }, finishReason: 'STOP' }], usageMetadata: usage, modelVersion: 'logged-model' },
    country: COUNTRIES[Math.floor(random() * COUNTRIES.length)],
    id: 'ID',
  }).replace('"ID"', '12345678901234567890');
}

/** Writes `rows` rows. */
export async function writeDataset(path, rows) {
  const random = chance(7);
  const file = createWriteStream(path);
  for (let number = 0; number < rows; number += 1) {
    if (!file.write(`${row(number, random)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}
