// What differs between two texts, word by word.

const MOST = 1_500_000;

/** Pieces of `text` as `{text, same}`, held against `other`. */
function differences(text, other) {
  const [mine, theirs] = [wordsOf(text), wordsOf(other)];
  let start = 0;
  while (start < mine.length && mine[start] === theirs[start]) start += 1;
  let end = 0;
  while (end < mine.length - start && end < theirs.length - start && mine.at(-1 - end) === theirs.at(-1 - end)) end += 1;
  const middle = common(mine.slice(start, mine.length - end), theirs.slice(start, theirs.length - end));
  const same = [...new Array(start).fill(true), ...middle, ...new Array(end).fill(true)];
  const pieces = [];
  mine.forEach((word, at) => {
    const last = pieces.at(-1);
    if (last && last.same === same[at]) last.text += word;
    else pieces.push({ text: word, same: same[at] });
  });
  return pieces;
}

function wordsOf(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** For each of `mine` whether it is in the longest common subsequence; nothing is, where that is too much work. */
function common(mine, theirs) {
  const [rows, columns] = [mine.length, theirs.length];
  const same = new Array(rows).fill(false);
  if (rows * columns > MOST) return same;
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      longest[row * width + column] = mine[row] === theirs[column]
        ? longest[(row + 1) * width + column + 1] + 1
        : Math.max(longest[(row + 1) * width + column], longest[row * width + column + 1]);
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns;) {
    if (mine[row] === theirs[column]) {
      same[row] = true;
      row += 1;
      column += 1;
    } else if (longest[(row + 1) * width + column] >= longest[row * width + column + 1]) row += 1;
    else column += 1;
  }
  return same;
}

/** A text with what differs from `other` marked; without `other` nothing is. */
function marked(text, other) {
  if (other === undefined || other === text || text.length > 200_000) return shown(text);
  return differences(text, other).map((piece) => (piece.same ? shown(piece.text) : h('mark', {}, shown(piece.text))));
}
