// The parts of a content: text, thoughts, calls, media. Whatever shape they have, they are shown.

const DEEPEST = 40;
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

/** A JSON value as indented text. */
function pretty(value, depth = 0) {
  if (value instanceof Digits) return value.source;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? String(value);
  if (depth > DEEPEST) return '…';
  const space = '  '.repeat(depth + 1);
  const members = Array.isArray(value)
    ? value.map((one) => pretty(one, depth + 1))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${pretty(one, depth + 1)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const flat = members.join(', ');
  if (members.length === 0) return open + close;
  if (flat.length < 60 && !flat.includes('\n')) return `${open}${flat}${close}`;
  return `${open}\n${members.map((one) => space + one).join(',\n')}\n${'  '.repeat(depth)}${close}`;
}

/** A member by its name in either spelling. */
function member(object, name) {
  if (object === null || typeof object !== 'object') return undefined;
  const own = (spelling) => (Object.hasOwn(object, spelling) ? object[spelling] : undefined);
  return own(name) ?? own(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

function listOf(value) {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** The parts of a response's first candidate. */
function partsOf(response) {
  return listOf(member(member(listOf(member(response, 'candidates'))[0], 'content'), 'parts'));
}

/** All plain text of parts, thoughts left out. */
function textOf(parts) {
  return parts.filter((part) => typeof part?.text === 'string' && part.thought !== true).map((part) => part.text).join('\n');
}

function callsOf(parts) {
  return parts.map((part) => member(part, 'functionCall')).filter((call) => call !== undefined);
}

/** Parts as elements; `base` holds the parts that they are held against, if any. */
function drawParts(parts, base) {
  const baseCalls = base && callsOf(base);
  let calls = 0;
  const firstText = parts.findIndex((part) => typeof part?.text === 'string' && part.thought !== true);
  return parts.map((part, at) => {
    const call = member(part, 'functionCall');
    if (call !== undefined) {
      calls += 1;
      return drawCall(call, baseCalls && (baseCalls[calls - 1] ?? null));
    }
    if (typeof part?.text === 'string') {
      if (part.thought === true) return folded(`Thoughts (${count(part.text.length)} characters)`, 'thought', part.text);
      const other = base && at === firstText ? textOf(base) : undefined;
      return words(part.text, marked(part.text, other));
    }
    return drawMedia(part) ?? h('pre', { class: 'json', tabindex: 0 }, shown(pretty(part)));
  });
}

function folded(title, kind, text) {
  return h('details', { class: kind }, h('summary', {}, title), words(text, shown(text)));
}

/** A text, which keys can scroll too where it is long enough for that. */
function words(text, content) {
  const isLong = text.length + 30 * (text.split('\n').length - 1) > 600;
  return h('div', { class: 'text', dir: 'auto', tabindex: isLong ? 0 : null }, content);
}

/** A picture of a safe kind is shown; of anything else only what it is. */
function drawMedia(part) {
  const data = member(part, 'inlineData');
  if (data !== undefined) {
    const type = String(member(data, 'mimeType') ?? 'unknown type');
    const bytes = typeof data?.data === 'string' ? data.data.replaceAll('-', '+').replaceAll('_', '/') : '';
    const about = `${plain(type)}, about ${count(Math.floor(bytes.length * 3 / 4))} bytes`;
    if (IMAGES.has(type) && /^[A-Za-z0-9+/]+=*$/.test(bytes)) {
      return h('figure', {}, h('img', { src: `data:${type};base64,${bytes}`, alt: `Picture in the row: ${about}`, loading: 'lazy' }), h('figcaption', {}, about));
    }
    return h('p', { class: 'media' }, `Media: ${about}`);
  }
  const file = member(part, 'fileData');
  if (file !== undefined) return h('p', { class: 'media' }, 'File: ', h('code', {}, shown(pretty(file))));
  return undefined;
}

/** A call with its arguments one below the other; `base` is the call it is held against, null for none. */
function drawCall(call, base) {
  const name = typeof call?.name === 'string' ? call.name : pretty(call?.name ?? null);
  const args = call?.args !== null && typeof call?.args === 'object' ? call.args : {};
  const known = base === undefined ? null : base?.args !== null && typeof base?.args === 'object' ? base.args : {};
  const isOther = base !== undefined && (base === null || base?.name !== call?.name);
  const names = [...new Set([...Object.keys(args), ...(known && !isOther ? Object.keys(known) : [])])];
  const rows = names.map((arg) => {
    // A model may name an argument `constructor`, which every object has without having been given it.
    const valueIn = (object) => (Object.hasOwn(object, arg) ? pretty(object[arg]) : null);
    const [value, other] = [valueIn(args), known && !isOther ? valueIn(known) : null];
    const state = !known || isOther || value === other ? 'same' : value === null ? 'lacks' : other === null ? 'new' : 'changed';
    const said = value === null ? ['left out; was ', h('del', {}, shown(other))] : state === 'changed' ? marked(value, other) : shown(value);
    const word = { new: 'new', changed: 'changed', lacks: 'left out' }[state];
    return h('tr', { class: `arg arg-${state}` }, h('th', { scope: 'row' }, shown(arg), word && h('span', { class: 'unseen' }, ` (${word})`)), h('td', {}, said));
  });
  return h('div', { class: 'call' },
    h('div', { class: 'call-name' }, h('code', {}, isOther ? h('mark', {}, shown(name)) : shown(name)), base === null && h('span', { class: 'tag' }, 'not called in the logged answer'), isOther && base !== null && h('span', { class: 'tag' }, `logged: ${plain(String(base?.name))}`)),
    rows.length > 0 ? h('table', { class: 'args' }, h('tbody', {}, rows)) : h('p', { class: 'quiet' }, 'no arguments'));
}
