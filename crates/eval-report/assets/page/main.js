// Puts the page together: the summary at once, the rows when the file is read to its end.

const meta = JSON.parse(document.getElementById('report').textContent);
meta.hues = meta.report.models.length === meta.columns.length
  ? meta.report.models.map(hueOf)
  : meta.columns.map((title, column) => {
    const model = meta.report.models.find((one) => titleOf(one) === title);
    return model ? hueOf(model) : column === 0 ? 'logged' : '0';
  });
meta.models = meta.columns.map((title, column) => column).slice(1);
// The columns that have anything to show: a dataset may have logged no answers.
meta.visible = meta.report.models.some((one) => one.role === 'logged') ? [0, ...meta.models] : meta.models;

let filters = null;

function selectedScorer() {
  return Number(filters?.scorer?.value || 0);
}

const THEMES = ['auto', 'light', 'dark'];

function theme() {
  const button = document.getElementById('theme');
  let now = 0;
  button.addEventListener('click', () => {
    now = (now + 1) % THEMES.length;
    document.documentElement.dataset.theme = THEMES[now];
    button.textContent = `Colours: ${THEMES[now]}`;
  });
}

/** How many rows stand here, of how many, and how the others were left out. */
function aboutRows(about) {
  if (about.shown === about.rows) return '';
  return ` This page holds ${count(about.shown)} of the run's ${rowsOf(about.rows)}: flips and failures first, then others drawn by chance.`;
}

async function browse() {
  const status = document.getElementById('rows-about');
  const aboutElement = document.getElementById('about');
  const about = aboutElement && JSON.parse(aboutElement.textContent);
  if (!about?.shown) {
    document.getElementById('rows').remove();
    links();
    return;
  }
  const rows = new Rows(about);
  await rows.load((loaded) => { status.textContent = `Loading the rows… ${count(loaded)} of ${count(about.shown)}`; });
  const list = new List((entry) => {
    openRow.latest = entry;
    // Going there would take the focus away from the list.
    history.replaceState(null, '', `#row-${entry.number}`);
    openRow(rows, entry);
  });
  const refresh = () => {
    const matches = filters.matches();
    const seeking = filters.words && filters.done < 1 ? ` Searching… ${Math.round(filters.done * 100)}%` : '';
    const found = matches.length === about.shown ? rowsOf(about.shown) : `${count(matches.length)} of ${rowsOf(about.shown)}`;
    status.textContent = `${found}.${aboutRows(about)}${seeking}`;
    list.show(matches);
  };
  filters = new Filters(rows, refresh);
  refresh();
  const lengths = section('Answer lengths', `In tokens, where they are stated, of the ${rowsOf(about.shown)} on this page.`, lengthsChart(
    meta.columns.map((title, column) => meta.report.models.find((one) => titleOf(one) === title) ?? { label: title, role: column ? 'model' : 'logged' }), rows.entries));
  if (lengths) document.getElementById('lengths').replaceWith(lengths);
  links();
  keys(list);
  fromHash(list);
  document.documentElement.dataset.ready = 'rows';
}

/** Opens the row that the address names: so a row can be linked to. */
function fromHash(list) {
  const number = /^#row-(\d+)$/.exec(location.hash)?.[1];
  if (number === undefined) return;
  const at = list.entries.findIndex((entry) => String(entry.number) === number);
  if (at >= 0) {
    list.choose(at);
    document.getElementById('rows').scrollIntoView();
  }
}

function keys(list) {
  document.addEventListener('keydown', (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (isTyping) event.target.blur();
      // From elsewhere on the page it leads nowhere, unless the row has taken the place of the list.
      const isOver = getComputedStyle(document.getElementById('list')).display === 'none';
      if (isOver || document.getElementById('rows').contains(event.target)) closeRow();
    } else if (!isTyping && event.key === '/') {
      event.preventDefault();
      filters.search.focus();
    } else if (!isTyping && (event.key === 'j' || event.key === 'k')) {
      list.step(event.key === 'j' ? 1 : -1);
    }
  });
}

theme();
drawSummary();
document.documentElement.dataset.ready = 'summary';
document.addEventListener('DOMContentLoaded', browse);
