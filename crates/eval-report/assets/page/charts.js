// Charts as rows of a grid: a label, a drawing as wide as there is room, and the figures in words.

/** A row of a chart. `marks` are drawn in percent of the width. */
function chartRow(label, marks, figures, about, hue) {
  const drawing = svg('svg', { class: 'strip', role: 'img', 'aria-label': about }, svg('title', {}, about), marks);
  return h('div', { class: 'chart-row', 'data-hue': hue },
    h('div', { class: 'chart-label' }, shown(label)), drawing, h('div', { class: 'chart-figures' }, figures));
}

function chart(rows, axis) {
  return h('div', { class: 'chart' }, rows, axis && chartRow('', axis, '', 'scale', null));
}

const at = (share) => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(2)}%`;

/** Ticks of a scale from `low` to `high`, with their texts. */
function axis(low, high, ticks, text) {
  return ticks.map((tick) => {
    const place = (tick - low) / (high - low);
    const anchor = place < 0.04 ? 'start' : place > 0.96 ? 'end' : 'middle';
    return [
      svg('line', { class: 'tick', x1: at(place), x2: at(place), y1: 0, y2: 5 }),
      svg('text', { class: 'tick-text', x: at(place), y: 17, 'text-anchor': anchor }, text(tick)),
    ];
  });
}

/** A dot with its interval on a scale, and the baseline's place as a dashed line. */
function dotMarks({ value, low, high }, from, to, baseline) {
  const place = (x) => at((x - from) / (to - from));
  return [
    ticksBetween(from, to).map((tick) => svg('line', { class: 'grid', x1: place(tick), x2: place(tick), y1: -2, y2: 30 })),
    svg('line', { class: 'track', x1: 0, x2: '100%', y1: 14, y2: 14 }),
    baseline !== undefined && svg('line', { class: 'baseline', x1: place(baseline), x2: place(baseline), y1: 0, y2: 28 }),
    low !== undefined && svg('line', { class: 'interval', x1: place(low), x2: place(high), y1: 14, y2: 14 }),
    svg('circle', { class: 'dot', cx: place(value), cy: 14, r: 5 }),
  ];
}

/** The range of a scale that shows all of these shares and begins and ends at a tick. */
function range(shares) {
  const fit = (step) => [
    Math.max(0, Math.floor((Math.min(...shares) - 0.02) / step + 1e-9) * step),
    Math.min(1, Math.ceil((Math.max(...shares) + 0.02) / step - 1e-9) * step),
  ];
  const [low, high] = fit(0.1);
  return stepOf(low, high) > 0.1 ? fit(0.2) : [low, high];
}

function stepOf(low, high) {
  return high - low > 0.55 ? 0.2 : 0.1;
}

function ticksBetween(low, high) {
  const step = stepOf(low, high);
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + 1e-9; tick += step) ticks.push(tick);
  return ticks;
}

/** The scale of shares below their dots. */
function shareAxis(low, high) {
  return axis(low, high, ticksBetween(low, high), (share) => `${Math.round(share * 100)}%`);
}

/** Accuracy of every column by one scorer, with its interval. */
function accuracyChart(columns, scorer, baseline) {
  const results = columns.map((column) => ({ column, result: column.scores[scorer] })).filter(({ result }) => estimate(result));
  if (results.length === 0) return null;
  const all = results.map(({ result }) => estimate(result));
  const [low, high] = range(all.flatMap((one) => [one.low ?? one.value, one.high ?? one.value]));
  const base = results.find(({ column }) => titleOf(column) === baseline);
  const rows = results.map(({ column, result }) => {
    const one = estimate(result);
    const figures = [h('b', {}, percent(one.value)), intervalText(one), h('span', { class: 'of' }, `${one.parts}`)];
    const about = `${plain(titleOf(column))}: ${percent(one.value)}, ${one.parts}${intervalText(one)}`;
    const line = base && base.column !== column ? estimate(base.result).value : undefined;
    return chartRow(titleOf(column), dotMarks(one, low, high, line), figures, about, hueOf(column));
  });
  const what = results.some(({ result }) => result.accuracy) ? 'Accuracy' : 'Mean';
  const dashed = base && results.length > 1 ? ` The dashed line is ${baseline}.` : '';
  return [
    h('h3', {}, `${what}, with its 95% interval`),
    h('p', { class: 'quiet' }, shown(`On a scale from ${Math.round(low * 100)}% to ${Math.round(high * 100)}%.${dashed}`)),
    chart(rows, shareAxis(low, high)),
  ];
}

/** The headline figure of a result: its accuracy, or the mean of its grades. */
function estimate(result) {
  if (result?.accuracy) return { ...result.accuracy, parts: `${count(result.passes)} of ${count(result.scored)} scored` };
  if (result && typeof result.mean === 'number') {
    const { low, high } = result.mean_interval ?? {};
    return { value: result.mean, low, high, parts: `mean of ${count(result.scored)} scored` };
  }
  return null;
}

function intervalText({ low, high }) {
  return low === undefined ? '' : ` ${percent(low)} to ${percent(high)} `;
}

// In this order what a model has right is one stretch, and what the baseline has right too; and red is not beside green.
const FLIPS = [['won', 'only the model'], ['both', 'both right'], ['lost', 'only the baseline'], ['neither', 'both wrong']];

/** How each model's rows fall beside the baseline's. */
function flipsChart(comparisons) {
  const rows = comparisons.filter((one) => one.table).map((one) => {
    const { both, only_a: won, only_b: lost, neither } = one.table;
    const all = both + won + lost + neither || 1;
    const fallen = { won, both, lost, neither };
    const parts = FLIPS.map(([name]) => [name, fallen[name]]);
    const figures = [h('b', {}, `${count(won)} won, ${count(lost)} lost`), h('span', { class: 'of' }, ` of ${rowsOf(one.rows)}`)];
    const about = `${plain(one.a)} against ${plain(one.b)}: ${count(both)} both right, ${count(won)} won, ${count(lost)} lost, ${count(neither)} both wrong`;
    return chartRow(one.a, stackMarks(parts, all), figures, about, null);
  });
  return rows.length ? chart(rows) : null;
}

/** Parts of a whole in a bar; each part is a name, which is its colour, and how much it is. */
function stackMarks(parts, whole) {
  let from = 0;
  return parts.filter(([, part]) => part > 0).map(([name, part]) => {
    const mark = svg('rect', { class: `part part-${name}`, x: at(from), width: at(part / whole), y: 4, height: 20 });
    from += part / whole;
    return mark;
  });
}

function legend(parts) {
  return h('ul', { class: 'legend' }, parts.map(([name, text]) => h('li', {},
    svg('svg', { class: 'swatch', 'aria-hidden': 'true' }, svg('rect', { class: `part part-${name}`, width: '100%', height: '100%' })), text)));
}

const OUTCOMES = ['answered', 'truncated', 'blocked', 'empty', 'error', 'missing', 'conflict', 'unparsable'];
const FAILED = ['error', 'conflict', 'unparsable'];

/** An outcome in the words of the tables, where three of them are failed. */
function wordOf(outcome) {
  if (FAILED.includes(outcome)) return `failed (${outcome})`;
  return outcome === 'truncated' ? 'cut off' : outcome;
}

function outcomesChart(columns) {
  const rows = columns.map((column) => {
    const parts = OUTCOMES.map((name) => [name, column.outcomes[name]]).filter(([, part]) => part > 0);
    const words = parts.map(([name, part]) => `${count(part)} ${wordOf(name)}`).join(', ');
    return chartRow(titleOf(column), stackMarks(parts, column.submitted || 1), [h('span', {}, words), h('span', { class: 'of' }, ` of ${rowsOf(column.submitted)}`)], `${plain(titleOf(column))}: ${words}`, null);
  });
  const seen = OUTCOMES.filter((name) => columns.some((column) => column.outcomes[name] > 0));
  return [legend(seen.map((name) => [name, wordOf(name)])), chart(rows)];
}

/** What is billed as output, as in the terminal: the answer and the thinking. */
function tokensOut(answer = 0, thinking = 0) {
  return `${count(answer + thinking)} out${thinking > 0 ? `, ${count(thinking)} of them thinking` : ''}`;
}

function tokensChart(columns) {
  const of = ({ tokens }) => [['prompt', tokens.prompt], ['candidates', tokens.candidates], ['thoughts', tokens.thoughts]];
  const total = (column) => of(column).reduce((sum, [, part]) => sum + part, 0);
  const most = Math.max(...columns.map(total));
  if (!(most > 0)) return null;
  const rows = columns.map((column) => {
    if (!column.tokens.rows) return chartRow(titleOf(column), [], 'not stated', `${plain(titleOf(column))}: not stated`, null);
    const words = `${count(column.tokens.prompt)} in, ${tokensOut(column.tokens.candidates, column.tokens.thoughts)}`;
    return chartRow(titleOf(column), stackMarks(of(column), most),
      [h('span', {}, words), h('span', { class: 'of' }, ` stated by ${rowsOf(column.tokens.rows)}`)], `${plain(titleOf(column))}: ${words}`, null);
  });
  return [legend([['prompt', 'request'], ['candidates', 'answer'], ['thoughts', 'thinking']]), chart(rows)];
}

function costChart(columns) {
  const priced = columns.filter((column) => column.cost && column.cost.micros !== null);
  const most = Math.max(...priced.map((column) => column.cost.micros));
  if (!(most > 0)) return null;
  return chart(priced.map((column) => chartRow(titleOf(column), stackMarks([['cost', column.cost.micros]], most),
    h('b', {}, dollars(column.cost.micros)), `${plain(titleOf(column))}: ${dollars(column.cost.micros)}`, null)));
}

/** How long answers are, in tokens: bars on a scale that doubles. */
function lengthsChart(columns, entries) {
  const bins = 14;
  const binOf = (tokens) => Math.min(bins - 1, Math.floor(Math.log2(tokens + 1)));
  const all = columns.map((column, number) => entries.map((entry) => entry.tokens[number]).filter((tokens) => tokens !== null).sort((a, b) => a - b));
  const stated = all.filter((lengths) => lengths.length > 0);
  // Only the part of the scale on which there is anything.
  const first = Math.min(...stated.map((lengths) => binOf(lengths[0])));
  const last = Math.max(...stated.map((lengths) => binOf(lengths.at(-1)))) + 1;
  const place = (bin) => at((bin - first) / (last - first));
  const rows = columns.map((column, number) => {
    const lengths = all[number];
    if (lengths.length === 0) return null;
    const bars = new Array(bins).fill(0);
    for (const tokens of lengths) bars[binOf(tokens)] += 1;
    const most = Math.max(...bars);
    const marks = bars.map((bar, bin) => bar > 0 && svg('rect', {
      class: 'part part-candidates', x: place(bin), width: at(0.95 / (last - first)), y: 26 - 24 * bar / most, height: 24 * bar / most,
    }, svg('title', {}, `${count(2 ** bin - 1)} to ${bin + 1 === bins ? 'more' : count(2 ** (bin + 1) - 2)} tokens: ${rowsOf(bar)}`)));
    const middle = lengths[Math.floor(lengths.length / 2)];
    const late = lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * 0.95))];
    const words = `median ${count(middle)}, 95% up to ${count(late)} tokens`;
    return chartRow(titleOf(column), marks, [h('span', {}, words), h('span', { class: 'of' }, ` in ${rowsOf(lengths.length)}`)], `${plain(titleOf(column))}: ${words}`, null);
  }).filter(Boolean);
  if (rows.length === 0) return null;
  const step = Math.ceil((last - first) / 7);
  const ticks = Array.from({ length: Math.ceil((last - first) / step) }, (_, tick) => first + tick * step);
  return chart(rows, axis(first, last, ticks, (tick) => count(2 ** tick - 1)));
}
