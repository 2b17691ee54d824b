// Which rows the list shows.

/** What a column's verdict by a scorer is: true, false, a grade, a label or null. */
function verdictOf(entry, column, scorer) {
  return entry.verdicts[column]?.[scorer] ?? null;
}

/** Whether a model passes a row that the baseline fails (1), or the other way round (-1). */
function flipOf(entry, column, scorer) {
  if (column === meta.baseline || meta.baseline === null) return 0;
  const [mine, base] = [verdictOf(entry, column, scorer), verdictOf(entry, meta.baseline, scorer)];
  if (typeof mine !== 'boolean' || typeof base !== 'boolean' || mine === base) return 0;
  return mine ? 1 : -1;
}

const UNUSABLE = new Set(['error', 'missing', 'conflict', 'unparsable']);

// What a row can be asked for; each is put to every chosen column until one says yes.
const KINDS = {
  all: ['All rows', () => true],
  flips: ['Flips against the baseline', (entry, column, scorer) => flipOf(entry, column, scorer) !== 0],
  won: ['Flips won', (entry, column, scorer) => flipOf(entry, column, scorer) > 0],
  lost: ['Flips lost', (entry, column, scorer) => flipOf(entry, column, scorer) < 0],
  fails: ['Failed by the scorer', (entry, column, scorer) => verdictOf(entry, column, scorer) === false],
  passes: ['Passed by the scorer', (entry, column, scorer) => verdictOf(entry, column, scorer) === true],
  unscored: ['Without a verdict', (entry, column, scorer) => verdictOf(entry, column, scorer) === null],
  disagree: ['Models disagree', (entry) => entry.split === 1],
  changed: ['Answer differs from the logged one', (entry, column) => entry.changed[column] === 1],
  unusable: ['No usable answer', (entry, column) => UNUSABLE.has(OUTCOMES[entry.outcomes[column]])],
};

class Filters {
  constructor(rows, changed) {
    this.rows = rows;
    this.changed = changed;
    this.words = '';
    this.hits = null;
    this.round = 0;
    this.done = 1;
    this.draw();
  }

  draw() {
    const redo = () => this.changed();
    const choice = (label, name, options) => {
      const select = h('select', { name, onchange: redo }, options.map(([value, text]) => h('option', { value }, text)));
      this[name] = select;
      return h('label', {}, h('span', {}, label), select);
    };
    this.search = h('input', {
      type: 'search', name: 'search', placeholder: 'Search all text', autocomplete: 'off', spellcheck: 'false',
      oninput: settled(() => this.seek(), 200),
    });
    const models = meta.visible.map((column) => [String(column), plain(meta.columns[column])]);
    const form = document.getElementById('filters');
    form.addEventListener('submit', (event) => event.preventDefault());
    form.replaceChildren(...[
      h('label', { class: 'search' }, h('span', {}, 'Search'), this.search),
      choice('Show', 'kind', Object.entries(KINDS).map(([name, [text]]) => [name, text])),
      choice('Column', 'column', [['any', 'Any model'], ...models]),
      choice('Scorer', 'scorer', meta.report.scorers.map((name, number) => [String(number), plain(nameOf(name))])),
      choice('Outcome', 'outcome', [['any', 'Any outcome'], ...OUTCOMES.map((name, number) => [String(number), wordOf(name)])]),
      ...meta.fields.map((field, number) => choice(plain(field), `slice${number}`, [['any', 'Any'], ...this.values(number)])),
      h('button', { type: 'button', class: 'plain', onclick: () => this.clear() }, 'Clear'),
    ]);
    form.classList.toggle('one-scorer', meta.report.scorers.length < 2);
    document.getElementById('signs').replaceChildren(
      h('li', {}, 'Signs, left to right:'),
      ...meta.visible.map((column) => h('li', { 'data-hue': meta.hues[column] }, h('span', { class: 'key', 'aria-hidden': 'true' }), h('span', {}, shown(meta.columns[column])))),
      h('li', {}, '✓ passes, ✗ fails, · no verdict', meta.baseline !== null && ', framed: a flip'),
    );
  }

  /** The values of a slice field, the most frequent first. */
  values(field) {
    const counts = new Map();
    for (const { slices } of this.rows.entries) {
      const value = slices[field];
      if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const sorted = [...counts].sort((one, other) => other[1] - one[1]).slice(0, 200);
    return sorted.map(([value, rows]) => [`=${value}`, `${plain(value)} (${count(rows)})`]);
  }

  clear() {
    document.getElementById('filters').reset();
    this.seek();
  }

  /** Searches keys and beginnings at once, and then all text, as long as nothing else is typed. */
  async seek() {
    const words = this.search.value.trim();
    this.round += 1;
    const round = this.round;
    this.words = words.toLowerCase();
    this.hits = null;
    this.done = words ? 0 : 1;
    this.changed();
    if (!words) return;
    let [last, cost] = [performance.now(), 0];
    await this.rows.search(words, (hits, done) => {
      if (round !== this.round) return false;
      this.hits = hits;
      this.done = done;
      // Showing what is found so far takes no more than a tenth of the time.
      const now = performance.now();
      if (done === 1 || now - last > Math.max(300, cost * 10)) {
        this.changed();
        last = performance.now();
        cost = last - now;
      }
      return true;
    });
  }

  /** The rows that pass, in order. */
  matches() {
    const [, kind] = KINDS[this.kind.value];
    const scorer = Number(this.scorer.value || 0);
    const columns = this.column.value === 'any' ? meta.models : [Number(this.column.value)];
    const outcome = this.outcome.value === 'any' ? null : Number(this.outcome.value);
    const slices = meta.fields.map((field, number) => this[`slice${number}`].value);
    return this.rows.entries.filter((entry) => (
      columns.some((column) => kind(entry, column, scorer) && (outcome === null || entry.outcomes[column] === outcome))
      && slices.every((value, number) => value === 'any' || `=${entry.slices[number]}` === value)
      && (!this.words || this.has(entry))
    ));
  }

  has(entry) {
    return this.hits?.has(entry.chunk * 65536 + entry.line)
      || String(entry.number) === this.words
      || entry.key.toLowerCase().includes(this.words)
      || entry.snippet.toLowerCase().includes(this.words);
  }
}
