// What the judges among the scorers were like, every figure with what it is of.

/** A card for each judge that is only a part of a scorer. */
function judges({ judges: all = [], scorers }) {
  return all.filter((judge) => !scorers.includes(judge.scorer)).map((judge) => section(`The judge behind ${plain(judge.scorer)}`, null, drawJudge(judge)));
}

/** A judge: its win rates, its relations, whether people agree, and all of it in sentences. */
function drawJudge(judge) {
  const said = meta.judges[meta.report.judges.indexOf(judge)] ?? [];
  return [
    winsChart(judge.columns), relationsTable(judge), peopleTable(judge),
    h('h3', {}, shown(`How far ${judge.model} can be relied on`)),
    h('ul', { class: 'sentences' }, said.map((text) => h('li', {}, shown(text)))),
  ];
}

/** How often each column is preferred; at the dashed line nobody is. */
function winsChart(columns) {
  const rows = columns.filter(({ wins }) => wins).map(({ column, wins }) => {
    const { rate } = wins;
    const words = `${count(wins.wins)} won, ${count(wins.losses)} lost, ${count(wins.ties)} tied`;
    const all = rowsOf(wins.wins + wins.losses + wins.ties);
    const figures = [h('b', {}, percent(rate.value)), intervalText(rate), h('span', { class: 'of' }, `${words} of ${all}`)];
    const about = `${plain(column)} against ${plain(wins.against)}: win rate ${percent(rate.value)}${intervalText(rate)}, ${words} of ${all}`;
    return chartRow(column, dotMarks(rate, 0, 1, 0.5), figures, about, hueOfTitle(column));
  });
  if (rows.length === 0) return null;
  const against = columns.find(({ wins }) => wins).wins.against;
  return [h('h3', {}, shown(`Win rate against ${against}, with its 95% interval`)), h('p', { class: 'quiet' }, 'A tie counts as half a win. At the dashed line neither is preferred.'), chart(rows, shareAxis(0, 1))];
}

function relationsTable({ columns, scorer }) {
  const names = [...new Set(columns.flatMap(({ relations }) => relations.map(({ name }) => name)))];
  if (names.length === 0) return null;
  const rows = columns.map(({ column, relations, judged, rows: all }) => h('tr', {}, h('th', { scope: 'row' }, shown(column)),
    names.map((name) => {
      const rows = relations.find((one) => one.name === name)?.rows ?? 0;
      return h('td', { class: rows ? null : 'zero' }, count(rows));
    }), h('td', {}, `${count(judged)} of ${count(all)}`)));
  return [h('h3', {}, 'The answers and the reference'),
    scrolled(`Relations of the answers to the reference, ${plain(scorer)}`, h('table', { class: 'figures' },
      h('thead', {}, h('tr', {}, h('td', {}), [...names, 'judged'].map((name) => h('th', { scope: 'col' }, shown(name))))), h('tbody', {}, rows)))];
}

/** People's labels and the judge's on the rows that both labelled. */
function peopleTable({ scorer, agreement }) {
  if (!agreement) return null;
  const { labels, table: matrix, rows } = agreement;
  return [h('h3', {}, `People and the judge on ${rowsOf(rows)}`), matrixTable(`People and ${plain(scorer)}`, 'people ↓ judge →', labels, matrix, [], () => [])];
}

// A reason of more characters or lines is folded.
const [REASON, REASON_LINES] = [400, 8];

/** What judges said of an answer, in their own words: `[scorer, whether the answer stood second, text]` each. */
function drawReasons(judges) {
  return listOf(judges).map(([scorer, second, said]) => {
    const kind = meta.report.judges?.find((judge) => judge.scorer === scorer)?.kind;
    const title = kind === 'pairwise' ? `${scorer}, this answer being ${second ? 'B' : 'A'}` : scorer;
    if (isCut(said)) return h('details', { class: 'said' }, h('summary', {}, shown(title)), drawCut(said));
    if (said === null) return h('div', { class: 'said quiet' }, h('div', { class: 'role' }, shown(title)), 'No answer that could be read.');
    const isLong = said.length > REASON || said.split('\n').length > REASON_LINES;
    if (isLong) return folded([shown(title), ` (${count(said.length)} characters)`], 'said', said);
    return h('div', { class: 'said' }, h('div', { class: 'role' }, shown(title)), words(said, shown(said)));
  });
}

function hueOfTitle(title) {
  const column = meta.report.models.find((one) => titleOf(one) === title);
  return column ? hueOf(column) : 'logged';
}
