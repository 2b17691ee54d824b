// A model that anybody may have bent: an OpenAI-compatible server whose judge gives hostile reasons.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { HOSTILE } from './dataset.mjs';

// A service refuses half a surrogate pair.
const TEXTS = HOSTILE.map((text) => text.toWellFormed());
// What the judge says of each row: first what is hostile, then what is long, of many lines, far too long, and no JSON.
export const REASONS = [...TEXTS, 'a long reason '.repeat(60), 'line\n'.repeat(30), `${'x'.repeat(39_999)}!`];
/** The row of which it says this instead of JSON. */
export const PROSE_ROW = REASONS.length;
export const PROSE = `No verdict. ${HOSTILE[0]}`;
export const ROWS = REASONS.length + 1;
export const JUDGE = 'bent-judge';

/** Writes rows whose requests say which they are. */
export async function writeRows(path) {
  const row = (number) => JSON.stringify({
    request: { contents: [{ role: 'user', parts: [{ text: `Greet me (row ${number})` }] }] },
    response: { candidates: [{ content: { role: 'model', parts: [{ text: `Hello, ${number}.` }] }, finishReason: 'STOP' }] },
  });
  await writeFile(path, Array.from({ length: ROWS }, (_, number) => `${row(number)}\n`).join(''));
}

function said(model, prompt) {
  if (model !== JUDGE) return 'Good day to you.';
  const number = Number(prompt.match(/\(row (\d+)\)/)[1]);
  if (number === PROSE_ROW) return PROSE;
  const verdict = prompt.includes('<answer-a-') ? { winner: 'A' } : { pass: number % 2 === 0 };
  return JSON.stringify({ reason: REASONS[number], ...verdict });
}

/** Serves the model behind the emulator; `close` ends both. */
export async function serve(program) {
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const { model, messages } = JSON.parse(Buffer.concat(pieces));
    const content = said(model, messages.map((message) => JSON.stringify(message.content)).join('\n'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ id: '1', model, choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream = `http://127.0.0.1:${server.address().port}`;
  const emulator = spawn(program, ['emulator', '--listen', '127.0.0.1:0', '--time-scale', '1000', '--upstream', upstream, '--upstream-kind', 'openai'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [url] = await once(createInterface(emulator.stdout), 'line');
  const close = async () => {
    emulator.kill();
    await once(emulator, 'exit');
    server.close();
  };
  return { url, close };
}
