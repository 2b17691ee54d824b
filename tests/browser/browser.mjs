// Drives headless Chromium through its own pipe: no library between, no port open.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Starts a browser; `close` ends it and removes its profile. */
export async function launch(program, flags = []) {
  const profile = await mkdtemp(join(tmpdir(), 'report-page-'));
  const child = spawn(program, [
    '--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`, '--no-first-run', '--no-sandbox',
    '--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions', '--disable-component-update',
    '--disable-background-networking', '--hide-scrollbars', '--force-color-profile=srgb', ...flags, 'about:blank',
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  const waiting = new Map();
  const listeners = [];
  let [next, rest] = [1, ''];
  output.setEncoding('utf8');
  output.on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      const answer = waiting.get(message.id);
      waiting.delete(message.id);
      if (!answer) listeners.forEach((listener) => listener(message));
      else if (message.error) answer.reject(new Error(`${message.error.message} ${message.error.data ?? ''}`));
      else answer.resolve(message.result);
    }
  });
  const send = (method, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
    waiting.set(next, { resolve, reject });
    input.write(`${JSON.stringify({ id: next, method, params, sessionId })}\0`);
    next += 1;
  });
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  const close = async () => {
    await send('Browser.close').catch(() => child.kill('SIGKILL'));
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  return { send, close, listen: (listener) => listeners.push(listener) };
}

/** A tab, with what it logged and what it asked the network for. */
export async function openTab(browser, { width = 1280, height = 900, mobile = false } = {}) {
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method, params) => browser.send(method, params, sessionId);
  const complaints = [];
  const requests = [];
  browser.listen((message) => {
    if (message.sessionId !== sessionId) return;
    const { method, params } = message;
    if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(params.type)) complaints.push(JSON.stringify(params.args));
    if (method === 'Log.entryAdded') complaints.push(params.entry.text);
    if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
    if (method === 'Page.javascriptDialogOpening') complaints.push(`dialog: ${params.message}`);
  });
  for (const domain of ['Runtime', 'Log', 'Network', 'Page']) await send(`${domain}.enable`);
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  /** Asks until the answer is true, a bounded number of times. */
  const until = async (expression, tries = 600) => {
    for (let tried = 0; tried < tries; tried += 1) {
      if (await evaluate(expression).catch(() => false)) return;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    throw new Error(`never true: ${expression}\n${complaints.join("\n")}`);
  };
  const key = async (name, text = undefined) => {
    const codes = { Enter: 13, Escape: 27, Tab: 9, End: 35, Home: 36, ArrowUp: 38, ArrowDown: 40, PageDown: 34 };
    const common = { key: name, code: name, windowsVirtualKeyCode: codes[name] ?? name.toUpperCase().charCodeAt(0) };
    await send('Input.dispatchKeyEvent', { type: 'keyDown', ...common, text });
    await send('Input.dispatchKeyEvent', { type: 'keyUp', ...common });
  };
  const colours = (scheme) => send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  const picture = async (full = false) => Buffer.from((await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: full })).data, 'base64');
  return { send, evaluate, until, key, colours, picture, complaints, requests };
}
