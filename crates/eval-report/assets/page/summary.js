// The upper half of the page: what came out, with every figure's denominator.

function titleOf(column) {
  return column.variant ? `${column.label}/${column.variant}` : column.label;
}

/** The colour of a column: grey for what was logged, else one of six. */
function hueOf(column) {
  if (column.role === 'logged') return 'logged';
  const models = meta.report.models.filter((one) => one.role !== 'logged');
  return String(models.indexOf(column) % 6);
}

function section(title, about, ...content) {
  const children = content.flat(Infinity).filter(Boolean);
  if (children.length === 0) return null;
  return h('section', { class: 'card' }, h('h2', {}, title), about && h('p', { class: 'quiet' }, about), children);
}

function drawSummary() {
  const { report } = meta;
  // The name of a file says enough; the way there stands in report.json.
  const name = report.dataset ? report.dataset.name.split('/').at(-1) : 'a result file';
  document.title = plain(`${name} · batch-eval`);
  document.getElementById('title').replaceChildren(...shown(name));
  const parts = [];
  if (report.dataset) parts.push(rowsOf(report.dataset.rows));
  if (report.run) parts.push(`run ${report.run.name}`);
  parts.push(`scored by ${report.scorers.join(', ')}`);
  document.getElementById('subtitle').replaceChildren(...shown(parts.join(' · ')));
  const models = report.models;
  document.getElementById('summary').append(...[
    emulated(report), warnings(), gates(report), ...headline(report), ...judges(report),
    section('Outcomes', 'What the service gave for each row submitted.', outcomesChart(models)),
    slices(report),
    ...confusions(report),
    section('Tokens', 'As the service states them, over all rows.', tokensChart(models)),
    section('Cost', null, costChart(models)),
    h('div', { id: 'lengths' }),
    notes(),
  ].filter(Boolean));
}

function emulated(report) {
  if (!report.backend?.emulated) return null;
  return h('p', { class: 'notice strong' }, h('b', {}, 'Emulated. '),
    'These answers come from the built-in emulator; they say nothing about a real model.');
}

function warnings() {
  if (meta.warnings.length === 0) return null;
  return h('ul', { class: 'notice list-notice', 'aria-label': 'Warnings' }, meta.warnings.map((text) => h('li', {}, shown(text))));
}

const GATES = { pass: ['✓', 'passed'], fail: ['✗', 'failed'], too_little_data: ['?', 'undecided'] };

function gates({ gates: all = [] }) {
  return section('Gates', null, all.length > 0 && h('ul', { class: 'gates' }, all.map((gate) => {
    const [sign, word] = GATES[gate.outcome] ?? ['?', gate.outcome];
    return h('li', { class: `gate gate-${gate.outcome}` },
      h('span', { class: 'badge' }, `${sign} ${word}`), h('code', {}, shown(gate.text)), h('span', {}, shown(gate.sentence)));
  })));
}

/** For each scorer: the table, the dots, the comparisons with their sentences. */
function headline(report) {
  return report.scorers.map((scorer, number) => {
    const comparisons = (report.comparisons ?? []).filter((one) => one.scorer === scorer);
    const flips = flipsChart(comparisons);
    const said = [...comparisons, ...(report.agreements ?? []).filter((one) => one.scorer === scorer)];
    return h('section', { class: 'card' },
      h('h2', {}, shown(scorer)),
      table(report, number, comparisons),
      accuracyChart(report.models, number, report.baseline),
      flips && h('h3', {}, `Row by row against ${plain(report.baseline ?? 'the baseline')}`),
      flips && legend([['both', 'both right'], ['won', 'only the model'], ['lost', 'only the baseline'], ['neither', 'both wrong']]),
      flips,
      (report.omnibus ?? []).filter((one) => one.scorer === scorer).map((one) => h('p', { class: 'overall' }, shown(sentence(one.sentence)))),
      said.length > 0 && h('ul', { class: 'sentences' }, said.map((one) => h('li', {}, shown(sentence(one.sentence))))));
  });
}

// As in the terminal: what is rare has a column only where there is some. They add up to the rows submitted.
const OUTCOME_COLUMNS = [
  ['Answered', ({ answered }) => answered, true],
  ['Cut off', ({ truncated }) => truncated, false],
  ['Blocked', ({ blocked }) => blocked, true],
  ['Empty', ({ empty }) => empty, false],
  ['Failed', ({ error, conflict, unparsable }) => error + conflict + unparsable, true],
  ['Missing', ({ missing }) => missing, true],
];

function table(report, scorer, comparisons) {
  const counts = OUTCOME_COLUMNS.filter(([, of, always]) => always || report.models.some(({ outcomes }) => of(outcomes) > 0));
  const heads = ['', 'Score', 'Difference', ...counts.map(([head]) => head), 'Tokens', 'Cost'];
  const rows = report.models.map((column) => {
    const one = estimate(column.scores[scorer]);
    const comparison = comparisons.find(({ a }) => a === titleOf(column));
    const { outcomes } = column;
    return h('tr', {},
      h('th', { scope: 'row', 'data-hue': hueOf(column) }, h('span', { class: 'key', 'aria-hidden': 'true' }), shown(titleOf(column))),
      h('td', {}, one ? [h('b', {}, percent(one.value)), h('span', { class: 'of' }, one.parts)] : why(column.scores[scorer])),
      h('td', {}, difference(comparison)),
      counts.map(([, of]) => of(outcomes)).map((rows) => h('td', { class: rows ? null : 'zero' }, count(rows))),
      h('td', {}, column.tokens.total ? count(column.tokens.total) : '–'),
      h('td', {}, column.cost && column.cost.micros !== null ? dollars(column.cost.micros) : '–'));
  });
  return scrolled(`Results by model, ${plain(report.scorers[scorer])}`, h('table', { class: 'figures' },
    h('thead', {}, h('tr', {}, heads.map((head) => (head ? h('th', { scope: 'col' }, head) : h('td', {}))))), h('tbody', {}, rows)));
}

/** Why a scorer has no figure for a column, as the terminal says it. */
const why = (result) => (result && result.scored > 0 ? 'labels' : 'no results');

const FINDINGS = { better: '▲ better', worse: '▼ worse', no_difference: 'no difference shown', nothing: 'too few rows to tell' };

function difference(comparison) {
  if (!comparison || typeof comparison.difference !== 'number') return '–';
  const { interval } = comparison;
  return [
    h('b', {}, `${points(comparison.difference)} points`),
    h('span', { class: 'of' }, interval ? `${points(interval.low)} to ${points(interval.high)}` : ''),
    h('span', { class: `finding finding-${comparison.finding}` }, FINDINGS[comparison.finding] ?? ''),
  ];
}

/** Per field and scorer, each value's dots. */
function slices({ slices: all = [], models }) {
  const groups = Map.groupBy(all, (slice) => JSON.stringify([slice.field, slice.scorer]));
  return section('Slices', 'The same figures on the rows that share a value.', [...groups.values()].map((group) => {
    const withFigure = group.map((slice) => ({ slice, one: sliceEstimate(slice) })).filter(({ one }) => one);
    if (withFigure.length === 0) return null;
    const [low, high] = range(withFigure.flatMap(({ one }) => [one.low ?? one.value, one.high ?? one.value]));
    const byValue = Map.groupBy(withFigure, ({ slice }) => slice.value);
    return [
      h('h3', {}, shown(`${group[0].field} · ${group[0].scorer}`)),
      [...byValue].map(([value, rows]) => h('div', { class: 'slice' }, h('h4', {}, shown(value)),
        chart(rows.map(({ slice, one }) => {
          const column = models.find((model) => titleOf(model) === slice.column);
          const words = [h('b', {}, percent(one.value)), intervalText(one), h('span', { class: 'of' }, `of ${rowsOf(slice.scored)}`)];
          return chartRow(slice.column, dotMarks(one, low, high), words, `${plain(slice.column)}, ${plain(value)}: ${percent(one.value)} of ${rowsOf(slice.scored)}`, column ? hueOf(column) : 'logged');
        })))),
      chart([], axis(low, high, ticksBetween(low, high), shareText)),
    ];
  }));
}

function sliceEstimate(slice) {
  if (slice.accuracy) return slice.accuracy;
  return typeof slice.mean === 'number' ? { value: slice.mean } : null;
}

function confusions(report) {
  return report.models.flatMap((column) => column.scores.map((result) => {
    if (!result.confusion) return null;
    const { labels, matrix, per_class: classes } = result.confusion;
    return section(`Confusion: ${plain(titleOf(column))}, ${plain(result.scorer)}`, 'Rows: what was expected. Columns: what was given.',
      matrixTable(`Confusion of ${plain(titleOf(column))}, ${plain(result.scorer)}`, labels, matrix, ['recall', 'precision', 'rows'], (label, rows) => [
        ...[classes[label]?.recall, classes[label]?.precision].map((share) => (typeof share === 'number' ? percent(share) : '–')), count(rows)]));
  }));
}

/** Counts by two sets of the same labels; `more` gives what stands behind each line, of its label and its sum. */
function matrixTable(about, labels, matrix, heads, more) {
  const lines = matrix.map((cells, line) => {
    const all = cells.reduce((sum, cell) => sum + cell, 0);
    return h('tr', {}, h('th', { scope: 'row' }, shown(labels[line])), cells.map((cell, at) => {
      const element = h('td', { class: at === line ? 'right' : cell ? 'wrong' : 'zero' }, count(cell));
      element.style.setProperty('--heat', (cell / (all || 1)).toFixed(3));
      return element;
    }), more(line, all).map((text) => h('td', {}, text)));
  });
  return scrolled(about, h('table', { class: 'confusion' },
    h('thead', {}, h('tr', {}, h('td', {}), labels.map((label) => h('th', { scope: 'col' }, shown(label))), heads.map((head) => h('th', { scope: 'col' }, head)))),
    h('tbody', {}, lines)));
}

/** What is wider than the page is moved within itself. */
function scrolled(about, content) {
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': about }, content);
}

/** A text with a large letter in front and a full stop behind. */
function sentence(text) {
  // What begins with the name of a column keeps its case.
  const isNamed = meta.report.models.some((column) => text.startsWith(titleOf(column)));
  const large = isNamed ? text : text.slice(0, 1).toUpperCase() + text.slice(1);
  return large.endsWith('.') ? large : `${large}.`;
}

/** The sentences that do not stand elsewhere on the page already. */
function notes() {
  const { comparisons = [], omnibus = [], agreements = [] } = meta.report;
  const found = [...comparisons, ...omnibus, ...agreements].flatMap((one) => [one.sentence, `by ${one.scorer}, ${one.sentence}`]);
  const drawn = [...found, ...meta.judges.flat()];
  const said = new Set(drawn.map(sentence));
  const others = meta.sentences.filter((text) => !said.has(sentence(text)));
  return section('Notes', null, others.length > 0 && h('ul', { class: 'sentences' }, others.map((text) => h('li', {}, shown(text)))));
}
