// The upper half of the page: what came out, with every figure's denominator.

function titleOf(column) {
  return column.variant ? `${column.label}/${column.variant}` : column.label;
}

/** A scorer's name; a long one without what it was set to, if no other scorer is called so. */
function nameOf(scorer) {
  const short = (name) => (name.length > 40 ? name.replace(/^([^(]+)\((?=[\w-]+=).*$/s, '$1') : name);
  const alike = meta.report.scorers.filter((name) => short(name) === short(scorer));
  return alike.length > 1 ? scorer : short(scorer);
}

/** Where the values come from that a scorer holds answers against, if they were given for all at once. */
function heldAgainst({ expected, expecting = [] }, scorer) {
  return expecting.includes(scorer) ? `(held against ${expected})` : null;
}

/** The colour of a column: grey for what was logged, else one of eight. */
function hueOf(column) {
  if (column.role === 'logged') return 'logged';
  const models = meta.report.models.filter((one) => one.role !== 'logged');
  return String(models.indexOf(column) % 8);
}

function section(title, about, ...content) {
  const children = content.flat(Infinity).filter(Boolean);
  if (children.length === 0) return null;
  return h('section', { class: 'card' }, h('h2', {}, title), about && h('p', { class: 'quiet' }, shown(about)), children);
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
  parts.push(`scored by ${report.scorers.map((scorer) => [nameOf(scorer), heldAgainst(report, scorer)].filter(Boolean).join(' ')).join(', ')}`);
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
  links();
}

/** A way to each part of the page, for long ones. */
function links() {
  const heads = [...document.querySelectorAll('#summary > section > h2')];
  heads.forEach((head, at) => { head.id = `part-${at}`; });
  document.getElementById('parts').replaceChildren(...[...heads, document.getElementById('rows-title')].filter(Boolean).map((head) => h('a', { href: `#${head.id}` }, head.textContent)));
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
      h('span', { class: 'badge' }, `${sign} ${word}`), h('code', {}, shown(gate.text)), h('span', {}, shown(reasonOf(gate, word))));
  })));
}

/** A gate's sentence without the gate and what became of it, which stand before it. */
function reasonOf({ text, sentence: said }, word) {
  const before = `${text}: ${word}, `;
  return said.startsWith(before) ? sentence(said.slice(before.length)) : said;
}

/** The table of all results, and for each scorer the dots and the comparisons with their sentences. */
function headline(report) {
  const [only, ...others] = report.scorers;
  const all = others.length > 0 ? [section('Results', 'Each figure with what it is of, and below it its difference to the baseline; the intervals follow.', overview(report))] : [];
  return [...all, ...report.scorers.map((scorer, number) => {
    const comparisons = (report.comparisons ?? []).filter((one) => one.scorer === scorer);
    const flips = flipsChart(comparisons);
    const judge = (report.judges ?? []).find((one) => one.scorer === scorer);
    const said = [...comparisons, ...(report.agreements ?? []).filter((one) => one.scorer === scorer)];
    return h('section', { class: 'card' },
      h('h2', {}, shown(nameOf(scorer))),
      nameOf(scorer) !== scorer && h('code', { class: 'spec' }, shown(scorer)),
      scorer === only && others.length === 0 && table(report, number, comparisons),
      judge?.kind !== 'pairwise' && accuracyChart(report.models, number, report.baseline),
      flips && h('h3', {}, `Row by row against ${plain(report.baseline ?? 'the baseline')}`),
      flips && legend(FLIPS),
      flips,
      (report.omnibus ?? []).filter((one) => one.scorer === scorer).map((one) => h('p', { class: 'overall' }, shown(sentence(one.sentence)))),
      said.length > 0 && h('ul', { class: 'sentences' }, said.map((one) => h('li', {}, shown(sentence(one.sentence))))),
      judge && drawJudge(judge));
  })];
}

/** Every column by every scorer. */
function overview(report) {
  const rows = report.models.map((column) => h('tr', {},
    columnHead(column, titleOf(column) === report.baseline && h('span', { class: 'of' }, 'baseline')),
    report.scorers.map((scorer, number) => h('td', {}, score(column, number), inShort(comparisonOf(report, column, scorer)))),
    h('td', {}, count(column.outcomes.answered), h('span', { class: 'of' }, `of ${count(column.submitted)}`)),
    spent(report, column)));
  return figures('Results by model and scorer', ['', ...report.scorers.map(nameOf), 'Answered', ...spentHeads(report)], rows);
}

function comparisonOf({ comparisons = [] }, column, scorer) {
  return comparisons.find((one) => one.scorer === scorer && one.a === titleOf(column));
}

function columnHead(column, more) {
  return h('th', { scope: 'row', 'data-hue': hueOf(column) }, h('span', { class: 'key', 'aria-hidden': 'true' }), shown(titleOf(column)), more);
}

/** A difference where its interval stands elsewhere. */
function inShort(comparison) {
  if (typeof comparison?.difference !== 'number') return null;
  const { difference, finding } = comparison;
  return [h('span', { class: `finding finding-${finding}` }, `${points(difference)} points`), h('span', { class: `finding finding-${finding}` }, FINDINGS[finding] ?? '')];
}

function score(column, scorer) {
  const one = estimate(column.scores[scorer]);
  if (!one) return why(column, scorer);
  const { scored, passes_of_submitted: share } = column.scores[scorer];
  return [h('b', {}, percent(one.value)), h('span', { class: 'of' }, one.parts),
    typeof share === 'number' && scored < column.submitted && h('span', { class: 'of' }, `${percent(share)} of ${count(column.submitted)} submitted`)];
}

function hasCost(report) {
  return report.models.some(({ cost }) => cost);
}

function spentHeads(report) {
  return ['Tokens', ...(hasCost(report) ? ['Cost'] : [])];
}

function spent(report, { tokens, cost }) {
  return [h('td', {}, tokens.total ? count(tokens.total) : '–'),
    hasCost(report) && h('td', {}, cost && cost.micros !== null ? dollars(cost.micros) : '–')];
}

function figures(about, heads, rows) {
  return scrolled(about, h('table', { class: 'figures' },
    h('thead', {}, h('tr', {}, heads.map((head) => (head ? h('th', { scope: 'col' }, shown(head)) : h('td', {}))))), h('tbody', {}, rows)));
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
  const heads = ['', 'Score', 'Difference', ...counts.map(([head]) => head), ...spentHeads(report)];
  const rows = report.models.map((column) => h('tr', {},
    columnHead(column),
    h('td', {}, score(column, scorer)),
    h('td', {}, difference(report, comparisons.find((one) => one.a === titleOf(column)), column)),
    counts.map(([, of]) => of(column.outcomes)).map((rows) => h('td', { class: rows ? null : 'zero' }, count(rows))),
    spent(report, column)));
  return figures(`Results by model, ${plain(report.scorers[scorer])}`, heads, rows);
}

/** Why a scorer has no figure for a column, as the terminal says it. */
function why(column, scorer) {
  const result = column.scores[scorer];
  const judge = (meta.report.judges ?? []).find((one) => one.scorer === result?.scorer && one.columns.length > 0);
  if (judge && judge.columns.every((one) => one.column !== titleOf(column))) return 'not asked';
  if (result?.scored > 0) return 'labels';
  return result?.unscorable > 0 ? 'no verdicts' : 'no results';
}

const FINDINGS = { better: '▲ better', worse: '▼ worse', no_difference: 'no difference shown', nothing: 'too few rows to tell' };

function difference(report, comparison, column) {
  if (titleOf(column) === report.baseline) return h('span', { class: 'of' }, 'baseline');
  if (!comparison || typeof comparison.difference !== 'number') return h('span', { class: 'of' }, '–');
  const { interval, test, finding } = comparison;
  return [
    h('b', {}, `${points(comparison.difference)} points`),
    interval && h('span', { class: 'of' }, `${points(interval.low)} to ${points(interval.high)}`),
    h('span', { class: `finding finding-${finding}` }, FINDINGS[finding] ?? ''),
    test && h('span', { class: 'of' }, chance(test)),
  ];
}

/** The p of a test, adjusted where there were several. */
function chance({ p, adjusted_p: adjusted }) {
  const least = adjusted ?? p;
  return least < 0.001 ? 'p below 0.001' : `p ${Number(least.toFixed(3))}`;
}

/** Per field and scorer, each value's dots. */
function slices({ slices: all = [], models, baseline }) {
  const groups = Map.groupBy(all.map((slice, number) => ({ ...slice, finding: meta.sliceFindings[number] })), (slice) => JSON.stringify([slice.field, slice.scorer]));
  const seen = new Set();
  return section('Slices', `The same figures on the rows that share a value${baseline ? `; differences to ${baseline}, p adjusted for all slices (Benjamini and Hochberg)` : ''}.`, [...groups.values()].map((group) => {
    const all = group.map((slice) => ({ slice, one: sliceEstimate(slice) }));
    const withFigure = all.filter(({ one }) => one);
    if (withFigure.length === 0) return null;
    const [low, high] = range(withFigure.flatMap(({ one }) => [one.low ?? one.value, one.high ?? one.value]));
    // A model whose rows all failed there is named too.
    const named = all.filter(({ slice, one }) => one || models.some((model) => model.role !== 'logged' && titleOf(model) === slice.column));
    const byValue = Map.groupBy(named, ({ slice }) => slice.value);
    const { field, scorer } = group[0];
    // Of each field the first scorer's are open: all of them would be a long way to go.
    const isFirst = !seen.has(field);
    seen.add(field);
    return h('details', { class: 'group', open: isFirst },
      h('summary', {}, h('h3', {}, shown(`${field} · ${nameOf(scorer)}`))),
      [...byValue].map(([value, rows]) => h('div', { class: 'slice' }, h('h4', {}, shown(value)),
        chart(rows.map(({ slice, one }) => {
          const column = models.find((model) => titleOf(model) === slice.column);
          if (!one) return chartRow(slice.column, [], `none of ${rowsOf(slice.rows)} scored`, `${plain(slice.column)}, ${plain(value)}: none scored`, 'logged');
          const words = [h('b', {}, percent(one.value)), intervalText(one), h('span', { class: 'of' }, slice.accuracy ? `${count(slice.passes)} of ${count(slice.scored)} scored` : `of ${rowsOf(slice.scored)}`), apart(slice)];
          return chartRow(slice.column, dotMarks(one, low, high), words, `${plain(slice.column)}, ${plain(value)}: ${percent(one.value)} of ${rowsOf(slice.scored)}`, column ? hueOf(column) : 'logged');
        })))),
      chart([], shareAxis(low, high)));
  }));
}

/** How far a column is from the baseline on a slice. */
function apart({ difference, finding }) {
  if (!difference) return null;
  const { value, test } = difference;
  const said = [`${points(value)} points`, test && chance(test)].filter(Boolean).join(', ');
  return h('span', { class: `finding finding-${finding}` }, ['better', 'worse'].includes(finding) ? `${FINDINGS[finding]}: ${said}` : said);
}

function sliceEstimate(slice) {
  if (slice.accuracy) return slice.accuracy;
  return typeof slice.mean === 'number' ? { value: slice.mean } : null;
}

function confusions(report) {
  return report.scorers.map((scorer, number) => section(`Confusion: ${plain(nameOf(scorer))}`, 'How often each label was given where each was expected.',
    report.models.map((column) => {
      const { labels, matrix, per_class: classes } = column.scores[number]?.confusion ?? {};
      if (!labels) return null;
      return [h('h3', {}, shown(titleOf(column))),
        matrixTable(`Confusion of ${plain(titleOf(column))}, ${plain(scorer)}`, 'expected ↓ given →', labels, matrix, ['recall', 'precision', 'rows'], (label, rows) => [
          ...[classes[label]?.recall, classes[label]?.precision].map((share) => (typeof share === 'number' ? percent(share) : '–')), count(rows)])];
    })));
}

/** Counts by two sets of the same labels; `more` gives what stands behind each line, of its label and its sum. */
function matrixTable(about, corner, labels, matrix, heads, more) {
  const lines = matrix.map((cells, line) => {
    const all = cells.reduce((sum, cell) => sum + cell, 0);
    return h('tr', {}, h('th', { scope: 'row' }, shown(labels[line])), cells.map((cell, at) => {
      const element = h('td', { class: !cell ? 'zero' : at === line ? 'right' : 'wrong' }, count(cell));
      element.style.setProperty('--heat', (cell / (all || 1)).toFixed(3));
      return element;
    }), more(line, all).map((text, at) => h('td', { class: at === 0 && 'beside' }, text)));
  });
  return scrolled(about, h('table', { class: 'confusion' },
    h('thead', {}, h('tr', {}, h('td', {}, corner), labels.map((label) => h('th', { scope: 'col' }, shown(label))), heads.map((head, at) => h('th', { scope: 'col', class: at === 0 && 'beside' }, head)))),
    h('tbody', {}, lines)));
}

/** What is wider than the page is moved within itself, by the keyboard too, and shows on which side there is more. */
function scrolled(about, content) {
  const box = h('div', { class: 'scroll', role: 'region', 'aria-label': about }, content);
  const look = () => {
    const more = [box.scrollLeft > 1 && 'left', box.scrollLeft + box.clientWidth < box.scrollWidth - 1 && 'right'].filter(Boolean);
    box.dataset.more = more.join(' ');
    if (more.length > 0) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  };
  box.addEventListener('scroll', look, { passive: true });
  new ResizeObserver(look).observe(box);
  return box;
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
  const found = [...comparisons, ...omnibus, ...agreements].flatMap((one) => [one.sentence, `By ${nameOf(one.scorer)}, ${one.sentence}`]);
  const drawn = [...found, ...meta.judges.flat()];
  const said = new Set(drawn.map(sentence));
  const others = meta.sentences.filter((text) => !said.has(sentence(text)));
  return section('Notes', null, others.length > 0 && h('ul', { class: 'sentences' }, others.map((text) => h('li', {}, shown(text)))));
}
