#!/usr/bin/env node
/* Google's JavaScript SDK (@google/genai) against a given server; the sister of ../python.

     roundtrip.mjs BASE_URL SCRIPTED_URL DATASET

   Two emulators listen there, the second with ../fixtures/sdk_script.json. Every step asserts what
   it got; the first surprise ends the program with status 1 and says which step it was. What the
   SDK itself makes of a fault is asserted too, so that a change of the emulator or of the SDK shows.
   The last line printed is one JSON object with the number of steps. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const sdkFolder = process.env.SDK_FOLDER; // where node_modules is
const { GoogleGenAI } = await import(
  path.join(sdkFolder, "node_modules/@google/genai/dist/node/index.mjs")
);

const MIME = "application/json";
const CHUNK = 8_388_608;
const ENDED = /_(SUCCEEDED|FAILED|CANCELLED|EXPIRED)$/;
const steps = [];
const step = (text) => steps.push(text);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "sdk-roundtrip-"));

for (const name of ["GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"]) {
  delete process.env[name];
}

const clientFor = (baseUrl) =>
  new GoogleGenAI({ apiKey: "any-key-will-do", httpOptions: { baseUrl, timeout: 60_000 } });

const readRows = (file) =>
  fs.readFileSync(file, "utf8").split("\n").filter((line) => line).map((line) => JSON.parse(line));

/** The dataset as the notebook makes it, with keys, one row per line. */
function clearDataset(dataset) {
  const file = path.join(folder, "clear_dataset.json");
  const rows = readRows(dataset).map((row, number) => {
    delete row.request.model;
    return { key: `row-${number}`, request: row.request };
  });
  fs.writeFileSync(file, rows.map((row) => JSON.stringify(row) + "\n").join(""));
  return { file, keys: rows.map((row) => row.key) };
}

async function ended(ai, name) {
  for (let look = 0; look < 1200; look++) {
    const job = await ai.batches.get({ name });
    assert.equal(job.name, name);
    if (ENDED.test(job.state)) return job;
    await pause(100);
  }
  throw new Error(`${name} does not end`);
}

async function all(pager) {
  const items = [];
  for await (const item of pager) items.push(item);
  return items;
}

async function fails(action, status, what) {
  const error = await action().then(
    () => assert.fail(`${what}: no error`),
    (error) => error,
  );
  assert.equal(error.status, status, `${what}: ${error}`);
  return error;
}

async function walk(ai, dataset) {
  step("upload and look at it");
  const { file, keys } = clearDataset(dataset);
  const config = { mimeType: MIME, displayName: "eval dataset" };
  const uploaded = await ai.files.upload({ file, config });
  assert.match(uploaded.name, /^files\/[a-z0-9]{12}$/);
  assert.equal(uploaded.sizeBytes, String(fs.statSync(file).size));
  assert.deepEqual((await ai.files.get({ name: uploaded.name })).sha256Hash, uploaded.sha256Hash);

  step("create two jobs and poll them to their ends");
  const create = (model, displayName) =>
    ai.batches.create({ model, src: uploaded.name, config: { displayName } });
  const first = await create("sim-flash", "first");
  const second = await create("sim-pro", "second");
  assert.equal(first.state, "JOB_STATE_PENDING");
  assert.equal(first.model, "models/sim-flash");
  const done = await ended(ai, first.name);
  await ended(ai, second.name);
  assert.equal(done.state, "JOB_STATE_SUCCEEDED");
  assert.ok(done.endTime >= done.createTime);

  step("download and join by key");
  const results = path.join(folder, "results.jsonl");
  await ai.files.download({ file: done.dest.fileName, downloadPath: results });
  for (let look = 0; !fs.existsSync(results) || readSize(results) === 0; look++) {
    assert.ok(look < 100, "the download does not show up"); // the SDK does not wait for the disk
    await pause(20);
  }
  const rows = readRows(results);
  assert.deepEqual(new Set(rows.map((row) => row.key)), new Set(keys));
  for (const row of rows) assert.notEqual("response" in row, "error" in row, row.key);
  assert.ok(rows.some((row) => row.response?.candidates?.[0]?.content?.parts?.at(-1)?.functionCall));

  step("a result file can be downloaded only");
  const name = done.dest.fileName;
  await fails(() => ai.files.get({ name }), 400, "get of a result file");
  await fails(() => ai.files.delete({ name }), 400, "delete of a result file");

  step("inlined requests");
  const contents = [{ role: "user", parts: [{ text: "one" }] }];
  const src = [
    { contents, metadata: { key: "k1" }, config: { temperature: 0.2 } },
    { contents, metadata: { key: "k2" } },
  ];
  const inline = await ai.batches.create({ model: "sim-flash", src, config: { displayName: "in" } });
  const answered = await ended(ai, inline.name);
  assert.equal(answered.dest.inlinedResponses.length, 2);

  step("cancel");
  const third = await create("sim-flash", "third");
  await ai.batches.cancel({ name: third.name });
  assert.equal((await ended(ai, third.name)).state, "JOB_STATE_CANCELLED");

  step("list, two a page, newest first");
  const listed = await all(await ai.batches.list({ config: { pageSize: 2 } }));
  assert.deepEqual(
    listed.map((job) => job.name),
    [third.name, inline.name, second.name, first.name],
  );

  step("delete a job");
  await ai.batches.delete({ name: third.name });
  await fails(() => ai.batches.get({ name: third.name }), 404, "get of a deleted job");

  step("list the files, one a page, and delete one");
  const other = await ai.files.upload({ file, config });
  const files = await all(await ai.files.list({ config: { pageSize: 1 } }));
  assert.deepEqual(
    new Set(files.map((found) => found.name)),
    new Set([uploaded.name, other.name]),
  );
  await ai.files.delete({ name: other.name });
  await fails(() => ai.files.get({ name: other.name }), 403, "get of a deleted file");
  await fails(() => ai.files.get({ name: "files/missing" }), 403, "get of a missing file");
  const late = () => ai.batches.create({ model: "sim-flash", src: other.name });
  await assert.rejects(late, (error) => [403, 404].includes(error.status));
}

const readSize = (file) => fs.statSync(file).size;

function made(name, size) {
  const file = path.join(folder, name);
  const row = Buffer.from('{"key":"k","request":{"contents":[{"parts":[{"text":"xxxxxxxx"}]}]}}\n');
  fs.writeFileSync(file, Buffer.alloc(size, row));
  return file;
}

async function uploads(ai) {
  for (const size of [18_875_230, 2 * CHUNK, CHUNK, CHUNK + 1, 1]) {
    step(`upload ${size} bytes`);
    const file = made(`size-${size}.json`, size);
    const uploaded = await ai.files.upload({ file, config: { mimeType: MIME } });
    assert.equal(uploaded.sizeBytes, String(size));
    await ai.files.delete({ name: uploaded.name });
  }
  step("an empty file: the SDK sends no data and stumbles over the empty answer");
  const before = (await all(await ai.files.list())).length;
  await assert.rejects(ai.files.upload({ file: made("empty.json", 0), config: { mimeType: MIME } }));
  assert.equal((await all(await ai.files.list())).length, before, "a file of an unfinished upload");
}

async function scripted(ai) {
  const config = { mimeType: MIME };
  const text = ["a", "b", "c", "d"].map((key) =>
    JSON.stringify({ key, request: { contents: [{ parts: [{ text: key }] }] } }),
  );
  const small = path.join(folder, "small.json");
  fs.writeFileSync(small, text.join("\n") + "\n");
  const input = await ai.files.upload({ file: small, config });
  const job = async (model) => {
    const created = await ai.batches.create({ model, src: input.name });
    return created.name;
  };

  step("503 on a chunk ends the SDK's upload");
  await fails(() => ai.files.upload({ file: made("busy.json", CHUNK + 5), config }), 503, "chunk");

  step("every end has its state");
  for (const [model, state] of [
    ["sim-failing", "JOB_STATE_FAILED"],
    ["sim-expiring", "JOB_STATE_EXPIRED"],
    ["sim-partial", "BATCH_STATE_PARTIALLY_SUCCEEDED"],
  ]) {
    assert.equal((await ended(ai, await job(model))).state, state);
  }

  step("a cancelled job may go on");
  const stubborn = await job("sim-stubborn");
  await ai.batches.cancel({ name: stubborn });
  assert.equal((await ended(ai, stubborn)).state, "JOB_STATE_SUCCEEDED");

  step("429");
  const refused = await fails(() => job("sim-quota"), 429, "create over quota");
  assert.match(refused.message, /RESOURCE_EXHAUSTED/);

  step("a create whose answer is lost has made a job");
  await assert.rejects(job("sim-lost"), (error) => error.status === undefined);
  const lost = (await all(await ai.batches.list())).filter((one) => one.model === "models/sim-lost");
  assert.equal(lost.length, 1);

  step("damaged results, after a download that was cut");
  const damaged = await ended(ai, await job("sim-damaged"));
  const results = path.join(folder, "damaged.jsonl");
  // The SDK never settles a download that is cut: the error comes as an event that nobody hears.
  const cut = new Promise((resolve) => process.once("uncaughtException", resolve));
  const never = ai.files.download({ file: damaged.dest.fileName, downloadPath: results });
  assert.match(String(await Promise.race([cut, never.then(() => cut)])), /terminated/);
  await ai.files.download({ file: damaged.dest.fileName, downloadPath: results });
  let rows = [];
  for (let look = 0; rows.length < 4; look++) {
    assert.ok(look < 100, `only ${rows.length} rows`);
    await pause(20);
    try {
      rows = readRows(results);
    } catch {
      rows = [];
    }
  }
  assert.deepEqual(rows.map((row) => row.key).sort(), ["b", "b", "c", "d"]);
  assert.equal(rows.find((row) => row.key === "c").error.code, 13);

  step("HTML of a proxy");
  await fails(() => ai.files.delete({ name: input.name }), 502, "delete through a bad gateway");
  await ai.files.delete({ name: input.name });
}

try {
  const [baseUrl, scriptedUrl, dataset] = process.argv.slice(2);
  await walk(clientFor(baseUrl), dataset);
  await uploads(clientFor(baseUrl));
  await scripted(clientFor(scriptedUrl));
  const version = JSON.parse(
    fs.readFileSync(path.join(sdkFolder, "node_modules/@google/genai/package.json"), "utf8"),
  ).version;
  console.log(JSON.stringify({ sdk: version, steps: steps.length }));
} catch (error) {
  console.error(`failed at: ${steps.at(-1) ?? "start"}: ${error?.stack ?? error}`);
  process.exitCode = 1;
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
