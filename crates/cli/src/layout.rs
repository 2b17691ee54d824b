//! Text laid out for a terminal's width: wrapped, cut, and in columns of which some may shrink.

use eval_report::display_width;

/// The text in lines of at most `width` columns, broken between words, and within longer ones.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if !line.trim_end().is_empty() && display_width(&line) + display_width(bare) > width {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        if display_width(bare) <= width {
            line.push_str(word);
            continue;
        }
        for letter in word.chars() {
            let mut longer = line.clone();
            longer.push(letter);
            if display_width(&longer) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The text in at most `width` columns; what is cut off is marked by dots.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if display_width(&kept) + 1 > width {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// Lines under a heading that stands in a column of its own, `indent` wide.
pub(crate) fn hanging(head: &str, indent: usize, text: &str, width: usize) -> Vec<String> {
    let lines = wrap(text, width.saturating_sub(indent));
    let place = |(at, line): (usize, String)| {
        let head = if at == 0 { head } else { "" };
        let space = indent.saturating_sub(display_width(head));
        format!("{head}{}{line}", " ".repeat(space)).trim_end().to_owned()
    };
    lines.into_iter().enumerate().map(place).collect()
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    /// To the left, and cut where the table is too wide, but not below so many columns.
    Shrinks(usize),
}

/// Rows of cells as lines, under their headings, two columns apart. Columns without any content
/// are left out.
pub(crate) fn grid<const N: usize>(
    columns: [(&str, Align); N],
    rows: &[[String; N]],
    width: usize,
) -> Vec<String> {
    let filled = |at: usize| rows.iter().any(|row| !row[at].is_empty());
    let kept: Vec<usize> = (0..N).filter(|at| rows.is_empty() || filled(*at)).collect();
    let widest = |at: usize| {
        let cells = rows.iter().map(|row| display_width(&row[at]));
        cells.chain([display_width(columns[at].0)]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = kept.iter().map(|at| widest(*at)).collect();
    let gaps = 2 * kept.len().saturating_sub(1);
    loop {
        let all: usize = widths.iter().sum::<usize>() + gaps;
        let spare = |place: usize| match columns[kept[place]].1 {
            Align::Shrinks(least) => widths[place].saturating_sub(least),
            _ => 0,
        };
        let most = (0..kept.len()).max_by_key(|place| spare(*place));
        match most.filter(|place| all > width && spare(*place) > 0) {
            Some(place) => widths[place] -= 1,
            None => break,
        }
    }
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for ((cell, at), width) in cells.iter().zip(&kept).zip(&widths) {
            let cell = cut(cell, *width);
            let space = " ".repeat(width.saturating_sub(display_width(&cell)));
            let (before, after) = match columns[*at].1 {
                Align::Right => (space.as_str(), ""),
                _ => ("", space.as_str()),
            };
            line.extend([before, &cell, after, "  "]);
        }
        line.trim_end().to_owned()
    };
    let heading = line(kept.iter().map(|at| columns[*at].0).collect());
    let body = rows.iter().map(|row| line(kept.iter().map(|at| row[*at].as_str()).collect()));
    std::iter::once(heading).chain(body).collect()
}

/// A [`grid`] with lines hanging below its rows. Where it is too wide, its columns of `hangs` go there as
/// well, one after another until it fits.
pub(crate) fn list<const N: usize>(
    columns: [(&str, Align); N],
    mut rows: Vec<[String; N]>,
    mut below: Vec<Vec<String>>,
    hangs: &[usize],
    width: usize,
) -> Vec<String> {
    below.resize(rows.len(), Vec::new());
    let mut lines = grid(columns, &rows, width);
    for at in hangs {
        if lines.iter().all(|line| display_width(line) <= width) {
            break;
        }
        for (row, below) in rows.iter_mut().zip(&mut below) {
            below.push(std::mem::take(&mut row[*at]));
        }
        lines = grid(columns, &rows, width);
    }
    let below = std::iter::once(Vec::new()).chain(below);
    let with_below = lines.into_iter().zip(below).flat_map(|(line, below)| {
        let below = below.into_iter().filter(|text| !text.is_empty());
        std::iter::once(line).chain(below.flat_map(|text| hanging("", 2, &text, width)))
    });
    with_below.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_long_ones_broken() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl m", 8), ["abcdefgh", "ijkl m"]);
        assert_eq!(wrap("", 8), [""]);
        assert_eq!(hanging("key", 5, "not set at all", 13), ["key  not set", "     at all"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("模型模型", 5), "模型…");
        assert_eq!(cut("short", 5), "short");
    }

    #[test]
    fn columns_shrink_only_where_they_may() {
        let columns = [
            ("NAME", Align::Left),
            ("N", Align::Right),
            ("DATA", Align::Shrinks(5)),
            ("X", Align::Left),
        ];
        let rows = [["friday", "7", "a long label of rows", ""], ["x", "1000", "b", ""]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(
            grid(columns, &rows, 24),
            ["NAME       N  DATA", "friday     7  a long la…", "x       1000  b"]
        );
        assert!(grid(columns, &rows, 10)[1].ends_with("a lo…"));
    }

    #[test]
    fn columns_hang_below_one_by_one_until_the_rest_fits() {
        let columns = [("RUN", Align::Left), ("FIGURES", Align::Left), ("SCORER", Align::Left)];
        let row = ["friday", "a 42.9% of 84", "function-call"].map(str::to_owned);
        let at = |width| list(columns, vec![row.clone()], vec![], &[1, 2], width);
        assert_eq!(at(36).len(), 2);
        assert_eq!(at(35), ["RUN     SCORER", "friday  function-call", "  a 42.9% of 84"]);
        assert_eq!(at(20), ["RUN", "friday", "  a 42.9% of 84", "  function-call"]);
        assert_eq!(at(10)[2..], ["  a 42.9%", "  of 84", "  function", "  -call"]);
    }
}
