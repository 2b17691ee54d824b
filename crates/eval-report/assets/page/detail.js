// One row, side by side: what was asked, what was logged, what each model answered.

async function openRow(rows, entry) {
  const box = document.getElementById('detail');
  document.getElementById('browser').classList.add('is-open');
  let row;
  try {
    row = await rows.row(entry);
  } catch (error) {
    box.replaceChildren(h('p', { class: 'notice' }, `This row cannot be shown: ${error.message}`));
    return;
  }
  if (openRow.latest !== entry) return;
  const logged = partsOf(row.data?.response);
  const hasLogged = row.data?.response !== undefined;
  const slices = meta.fields.map((field, number) => entry.slices[number] !== null && `${field}: ${entry.slices[number]}`).filter(Boolean);
  box.replaceChildren();
  fill(box, {}, [
    h('header', { class: 'detail-head' },
      h('button', { type: 'button', class: 'plain back', onclick: closeRow }, '← All rows'),
      h('h3', {}, `Row ${entry.number}`),
      h('p', { class: 'quiet' }, h('code', {}, shown(entry.key)), row.data?.line !== undefined && ` · line ${row.data.line} of the dataset`, slices.length > 0 && shown(` · ${slices.join(' · ')}`))),
    drawRequests(row),
    h('div', { class: 'sides' },
      meta.visible.map((column) => drawAnswer(entry, row, column, hasLogged ? logged : undefined))),
    row.expected !== null && side('Expected', [h('pre', { class: 'json', tabindex: 0 }, shown(typeof row.expected === 'string' ? row.expected : pretty(row.expected)))], 'expected'),
    row.data?.row !== undefined && h('details', {}, h('summary', {}, 'Other fields of the dataset'), h('pre', { class: 'json', tabindex: 0 }, shown(pretty(row.data.row)))),
  ]);
  box.scrollTop = 0;
  // On a narrow page the row takes the place of the list.
  if (getComputedStyle(box).overflowY === 'visible') box.scrollIntoView();
}

function closeRow() {
  document.getElementById('browser').classList.remove('is-open');
  document.querySelector('.list-box').focus();
}

function side(title, content, kind, hue) {
  return h('section', { class: `side side-${kind}`, 'data-hue': hue }, h('h4', {}, shown(title)), content);
}

/** The request, and of the variants that asked something else what they asked otherwise. */
function drawRequests(row) {
  const variants = [...new Set(meta.report.models.filter(({ role }) => role !== 'logged').map(({ variant }) => variant))];
  const groups = [...Map.groupBy(row.requests.map((request, at) => [request, variants[at] ?? `variant ${at + 1}`]), ([request]) => pretty(request)).values()];
  const [[[first]]] = groups;
  return groups.map((group, at) => {
    const [[request]] = group;
    const title = groups.length > 1 ? `Request of ${group.map(([, variant]) => variant).join(', ')}` : 'Request';
    if (isCut(request)) return side(title, drawCut(request), 'request');
    if (at === 0 || isCut(first)) return side(title, drawRequest(request), 'request');
    const same = ([name, value]) => Object.hasOwn(first, name) && pretty(value) === pretty(first[name]);
    const other = Object.fromEntries(Object.entries(request).filter((one) => !same(one)));
    const lacks = Object.keys(first).filter((name) => !Object.hasOwn(request, name));
    return side(title, [
      h('p', { class: 'quiet' }, `The same but for ${plain([...Object.keys(other), ...lacks.map((name) => `${name}, which is left out`)].join('; '))}.`),
      drawRequest(other),
    ], 'request');
  });
}

function drawRequest(request) {
  const system = member(request, 'systemInstruction');
  const rest = Object.fromEntries(Object.entries(request ?? {}).filter(([name]) => !['contents', 'systemInstruction', 'system_instruction'].includes(name)));
  return [
    system !== undefined && turn('system', listOf(member(system, 'parts') ?? system)),
    listOf(member(request, 'contents')).map((content) => turn(String(content?.role ?? 'user'), listOf(member(content, 'parts')))),
    Object.keys(rest).length > 0 && h('details', {}, h('summary', {}, `Settings: ${plain(Object.keys(rest).join(', '))}`), h('pre', { class: 'json', tabindex: 0 }, shown(pretty(rest)))),
  ];
}

function turn(role, parts) {
  return h('div', { class: 'turn' }, h('div', { class: 'role' }, shown(role)), drawParts(parts.map((part) => (typeof part === 'string' ? { text: part } : part))));
}

function isCut(value) {
  return value !== null && typeof value === 'object' && typeof value.cut_of === 'number' && typeof value.text === 'string';
}

function drawCut({ cut_of: bytes, text }) {
  return [h('p', { class: 'media' }, `Too long to stand here whole (${count(bytes)} bytes); it begins:`), h('pre', { class: 'json', tabindex: 0 }, shown(text))];
}

function drawAnswer(entry, row, column, logged) {
  const outcome = OUTCOMES[entry.outcomes[column]];
  const isLogged = column === 0;
  const answer = isLogged ? row.data : row.answers[column - 1];
  const verdicts = meta.report.scorers.map((name, scorer) => h('li', {}, chip(entry, column, scorer, false), h('span', { title: plain(name) }, shown(nameOf(name)))));
  const content = [h('ul', { class: 'verdicts' }, h('li', { class: 'outcome' }, wordOf(outcome)), verdicts), drawReasons(row.judges?.[column])];
  if (isCut(answer)) content.push(drawCut(answer));
  else if (answer?.response !== undefined && answer.response !== null) content.push(drawResponse(answer.response, isLogged ? undefined : logged));
  else if (typeof answer === 'string') content.push(h('p', { class: 'media' }, 'The result line is no JSON:'), h('pre', { class: 'json', tabindex: 0 }, shown(answer)));
  else if (answer && !isLogged) content.push(h('pre', { class: 'json', tabindex: 0 }, shown(pretty(answer))));
  else content.push(h('p', { class: 'quiet' }, isLogged ? 'No answer was logged.' : 'Nothing came back for this row.'));
  return side(meta.columns[column], content, 'answer', meta.hues[column]);
}

/** A count of tokens, whatever a response holds in its place. */
function tokensOf(value) {
  const tokens = ['number', 'string'].includes(typeof value) ? Number(value) : NaN;
  return Number.isFinite(tokens) ? tokens : undefined;
}

function drawResponse(response, logged) {
  const parts = partsOf(response);
  const candidate = listOf(member(response, 'candidates'))[0];
  const finish = member(candidate, 'finishReason');
  const blocked = member(member(response, 'promptFeedback'), 'blockReason');
  const tokens = (name) => tokensOf(member(member(response, 'usageMetadata'), name));
  const [input, output, thoughts] = ['promptTokenCount', 'candidatesTokenCount', 'thoughtsTokenCount'].map(tokens);
  const facts = [
    finish !== undefined && `ended: ${finish}`, blocked !== undefined && `blocked: ${blocked}`,
    input !== undefined && `${count(input)} tokens in`, (output ?? thoughts) !== undefined && tokensOut(output, thoughts),
    member(response, 'modelVersion') !== undefined && String(member(response, 'modelVersion')),
  ].filter(Boolean);
  const lost = logged ? callsOf(logged).slice(callsOf(parts).length) : [];
  return [
    parts.length > 0 ? drawParts(parts, logged) : h('p', { class: 'quiet' }, 'There is nothing in this response.'),
    lost.map((call) => h('p', { class: 'media' }, 'Not called here: ', h('del', {}, h('code', {}, shown(String(call?.name)))))),
    facts.length > 0 && h('p', { class: 'facts' }, shown(facts.join(' · '))),
    h('details', {}, h('summary', {}, 'Raw response'), h('pre', { class: 'json', tabindex: 0 }, shown(pretty(response)))),
  ];
}
