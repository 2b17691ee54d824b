// The list of rows: only what is in sight exists, however many rows there are.

const ROW = 56;
const SPARE = 6;

class List {
  constructor(open) {
    this.open = open;
    this.entries = [];
    this.chosen = -1;
    this.space = h('div', { class: 'list-space' });
    this.box = h('div', {
      class: 'list-box', role: 'listbox', tabindex: 0, 'aria-label': 'Rows',
      onkeydown: (event) => this.key(event),
    }, this.space);
    this.box.addEventListener('scroll', () => this.draw(), { passive: true });
    document.getElementById('list').replaceChildren(this.box);
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** Shows these rows, and keeps the chosen one if it is among them. */
  show(entries) {
    const kept = this.entries[this.chosen];
    this.entries = entries;
    this.chosen = kept ? entries.indexOf(kept) : -1;
    this.space.style.height = `${Math.max(1, entries.length) * ROW}px`;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - SPARE);
    const last = Math.min(this.entries.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + SPARE);
    const items = [];
    for (let at = first; at < last; at += 1) items.push(this.item(at));
    if (items.length === 0) items.push(h('div', { class: 'nothing', role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, 'No row is like that.'));
    this.space.replaceChildren(...items);
    const chosen = this.chosen >= first && this.chosen < last ? `item-${this.chosen}` : null;
    if (chosen) this.box.setAttribute('aria-activedescendant', chosen);
    else this.box.removeAttribute('aria-activedescendant');
  }

  item(at) {
    const entry = this.entries[at];
    const item = h('div', {
      class: 'item', id: `item-${at}`, role: 'option', 'aria-selected': String(at === this.chosen),
      'aria-setsize': this.entries.length, 'aria-posinset': at + 1, onclick: () => this.choose(at),
    },
    h('span', { class: 'number' }, String(entry.number)),
    h('span', { class: 'snippet', dir: 'auto' }, entry.snippet ? plain(entry.snippet) : 'no text'),
    h('span', { class: 'chips' }, meta.visible.map((column) => chip(entry, column))));
    item.style.top = `${at * ROW}px`;
    return item;
  }

  choose(at) {
    if (at < 0 || at >= this.entries.length) return;
    this.chosen = at;
    const top = at * ROW;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + ROW > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = top + ROW - this.box.clientHeight;
    this.draw();
    this.open(this.entries[at]);
  }

  step(by) {
    this.choose(Math.min(this.entries.length - 1, Math.max(0, this.chosen + by)));
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.entries.length, End: this.entries.length };
    if (event.key in steps) {
      event.preventDefault();
      this.step(steps[event.key]);
    } else if (event.key === 'Enter') {
      document.getElementById('detail').focus();
    }
  }
}

/** A verdict as a sign, and what kind it is; a label may be any text, `true` and `constructor` too. */
function signOf(verdict) {
  if (typeof verdict === 'boolean') return verdict ? ['✓', 'pass'] : ['✗', 'fail'];
  if (verdict === null) return ['·', 'none'];
  return [typeof verdict === 'number' ? verdict.toFixed(2) : plain(String(verdict)), 'label'];
}

/** One column's verdict on a row, as a sign with words for those who cannot see it; in the list with how it came. */
function chip(entry, column, scorer = selectedScorer(), isAlone = true) {
  const verdict = verdictOf(entry, column, scorer);
  const outcome = OUTCOMES[entry.outcomes[column]];
  const [sign, kind] = signOf(verdict);
  const odd = isAlone && outcome !== 'answered' ? wordOf(outcome).replace('missing', '–') : '';
  const text = odd && kind === 'none' ? odd : `${sign} ${odd}`.trim();
  const words = `${plain(meta.columns[column])}: ${wordOf(outcome)}, ${kind === 'label' ? sign : kind}`;
  return h('span', { class: `chip chip-${kind}`, 'data-hue': meta.hues[column], 'data-flip': flipOf(entry, column, scorer) || null, title: words },
    h('span', { 'aria-hidden': 'true' }, text), h('span', { class: 'unseen' }, words));
}
