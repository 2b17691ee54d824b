// The rows that stand in this file: gzip chunks in base64, unpacked when one of their rows is looked at.

const RECENT = 24;

/** Unpacks the text of a chunk. */
async function unpack(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`this file lacks its part ${id}`);
  const packed = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

/** Parses JSON without losing digits of long numbers, where the browser can tell how they were written. */
function parse(text) {
  const known = JSON.parse(text);
  if (!/[0-9.]{16}/.test(text)) return known;
  try {
    return JSON.parse(text, (name, value, context) => {
      const isRounded = typeof value === 'number' && context?.source && String(value) !== context.source;
      return isRounded ? new Digits(context.source) : value;
    });
  } catch {
    // Thousands of levels are too deep for a function that is called level by level.
    return known;
  }
}

/** A number as it was written. */
class Digits {
  constructor(source) {
    this.source = source;
  }

  toString() {
    return this.source;
  }
}

/** JSON with letters in place of the escapes that some writers have for them: as ü for \u00fc, and / for \/. */
function unescaped(line) {
  if (!line.includes('\\u') && !line.includes('\\/')) return line;
  return line.replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (escape, code, other) => {
    if (other !== undefined) return other === '/' ? '/' : escape;
    const letter = Number.parseInt(code, 16);
    return letter < 0x80 ? escape : String.fromCharCode(letter);
  });
}

/** One row of the index: what the list and the filters need. */
class Entry {
  constructor([number, chunk, line, key, snippet, outcomes, verdicts, tokens, changed, split, slices]) {
    Object.assign(this, { number, chunk, line, key, snippet, outcomes, verdicts, tokens, changed, split, slices });
  }
}

class Rows {
  constructor(about) {
    this.about = about;
    this.entries = [];
    this.byNumber = new Map();
    this.recent = new Map();
  }

  /** Reads the index, part by part so that the page stays alive. */
  async load(progress) {
    for (let part = 0; part < this.about.indexes; part += 1) {
      const text = await unpack(`i${part}`);
      for (const line of text.split('\n')) {
        if (line) this.entries.push(new Entry(JSON.parse(line)));
      }
      progress(this.entries.length);
    }
    this.entries.sort((one, other) => one.number - other.number);
    for (const entry of this.entries) this.byNumber.set(entry.number, entry);
  }

  /** The lines of a chunk, of which a few are kept. */
  async chunk(number) {
    let lines = this.recent.get(number);
    if (!lines) {
      lines = (await unpack(`c${number}`)).split('\n');
      if (this.recent.size >= RECENT) this.recent.delete(this.recent.keys().next().value);
      this.recent.set(number, lines);
    }
    return lines;
  }

  async row(entry) {
    const lines = await this.chunk(entry.chunk);
    return parse(lines[entry.line]);
  }

  /**
   * The numbers of the rows in whose text `words` stands, chunk by chunk: `found` is called with what is known so far,
   * and says whether to go on.
   */
  async search(words, found) {
    const needle = JSON.stringify(words).slice(1, -1).toLowerCase();
    const readable = /[^ -~]|[/]/.test(needle) ? unescaped : (line) => line;
    const hits = new Set();
    for (let number = 0; number < this.about.chunks; number += 1) {
      const lines = this.recent.get(number) ?? (await unpack(`c${number}`)).split('\n');
      lines.forEach((line, at) => {
        if (readable(line).toLowerCase().includes(needle)) hits.add(number * 65536 + at);
      });
      if (!found(hits, (number + 1) / this.about.chunks)) return;
    }
  }
}
