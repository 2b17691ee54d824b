// Builds elements. Nothing here or elsewhere makes HTML of a text: all text goes in as text nodes.

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes and children; a string among the children becomes a text node. */
function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for a drawing. */
function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

// What would change the look of other text, or hide: controls, bidi marks, invisible characters.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/** A text from outside as nodes, with what cannot be seen made visible. */
function shown(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    nodes.push(text.slice(from, found.index));
    const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    nodes.push(h('span', { class: 'hidden-character', title: 'a character that cannot be seen' }, `U+${code}`));
    from = found.index + found[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

/** The same as a plain string, for attributes and one-line places. */
function plain(text) {
  return text.replace(HIDDEN, (found) => `⟨U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

const whole = new Intl.NumberFormat('en-US');

/** A count with its thousands set apart. */
function count(number) {
  return whole.format(number);
}

function rowsOf(number) {
  return `${count(number)} ${number === 1 ? 'row' : 'rows'}`;
}

/** A share in percent. Only none at all is 0.0 % and only all is 100.0 %. */
function percent(share) {
  const text = (share * 100).toFixed(1);
  if (text === '0.0' && share > 0) return '0.1%';
  if (text === '100.0' && share < 1) return '99.9%';
  return `${text}%`;
}

/** A difference of shares in points, signed unless it is none. */
function points(difference) {
  const size = Math.abs(difference * 100).toFixed(1);
  if (size === '0.0') return size;
  return `${difference < 0 ? '−' : '+'}${size}`;
}

function dollars(micros) {
  const cents = Math.ceil(micros / 100) / 10000;
  return `$${cents.toLocaleString('en-US', { minimumFractionDigits: 4, maximumFractionDigits: 4 })}`;
}

/** Runs `work` once after `wait` milliseconds without another call. */
function settled(work, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}
