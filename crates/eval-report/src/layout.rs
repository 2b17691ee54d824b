//! Text laid out for a width: padding, wrapping, and the table in the widest form that fits.

use crate::display_width;

/// How the figures of a table row stand to each other.
pub(crate) const FIGURES: usize = 7;

/// A table of named rows of figures; all text in it is sanitized already.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the names are.
    pub(crate) corner: &'static str,
    /// The heading of each figure, in two lines.
    pub(crate) headings: [(&'static str, &'static str); FIGURES],
    /// Each row: its name and its figures.
    pub(crate) rows: Vec<(String, [String; FIGURES])>,
}

/// A line of the laid-out table and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A heading or the name of what follows.
    Heading(String),
    /// Figures.
    Plain(String),
}

impl Table {
    /// The table in at most `width` columns if any form fits: names beside the figures, names above them, or one
    /// figure a line. No form leaves a figure out or shortens a name.
    pub(crate) fn lines(&self, width: usize) -> Vec<Line> {
        let figures = self.figure_widths();
        let names = self.rows.iter().map(|(name, _)| display_width(name));
        let name = names.max().unwrap_or(0).max(self.corner.len());
        let beside = |gap: usize| name + figures.iter().map(|figure| figure + gap).sum::<usize>();
        let above = |gap: usize| 1 + figures.iter().map(|figure| figure + gap).sum::<usize>() - gap;
        for gap in [2, 1] {
            if beside(gap) <= width {
                return self.names_beside(name, &figures, gap);
            }
        }
        for gap in [2, 1] {
            if above(gap) <= width {
                return self.names_above(&figures, gap, width);
            }
        }
        self.one_figure_a_line(width)
    }

    fn names_beside(&self, name: usize, figures: &[usize; FIGURES], gap: usize) -> Vec<Line> {
        let line = |first: &str, cells: [&str; FIGURES]| {
            let start = pad_right(first, name);
            format!("{start}{}", right_aligned(&cells, figures, gap))
        };
        let [upper, lower] = self.heading_lines();
        let mut lines = vec![
            Line::Heading(line("", upper).trim_end().to_owned()),
            Line::Heading(line(self.corner, lower)),
        ];
        for (name, cells) in &self.rows {
            lines.push(Line::Plain(line(name, cells.each_ref().map(String::as_str))));
        }
        lines
    }

    fn names_above(&self, figures: &[usize; FIGURES], gap: usize, width: usize) -> Vec<Line> {
        // Figures keep one column of indent; the gap before the first one would be more than that.
        let line = |cells: [&str; FIGURES]| {
            let aligned = right_aligned(&cells, figures, gap);
            format!(" {}", aligned.get(gap..).unwrap_or_default())
        };
        let [upper, lower] = self.heading_lines();
        let mut lines =
            vec![Line::Heading(line(upper).trim_end().to_owned()), Line::Heading(line(lower))];
        for (name, cells) in &self.rows {
            lines.extend(wrap(name, width).into_iter().map(Line::Heading));
            lines.push(Line::Plain(line(cells.each_ref().map(String::as_str))));
        }
        lines
    }

    fn one_figure_a_line(&self, width: usize) -> Vec<Line> {
        let titles =
            self.headings.map(|(upper, lower)| format!("{upper} {lower}").trim().to_owned());
        let longest = titles.iter().map(String::len).max().unwrap_or(0);
        let mut lines = Vec::new();
        for (name, cells) in &self.rows {
            lines.extend(wrap(name, width).into_iter().map(Line::Heading));
            for (title, cell) in titles.iter().zip(cells) {
                let line = format!(" {}  {cell}", pad_right(title, longest));
                lines.extend(wrap_with_indent(&line, width, " ").into_iter().map(Line::Plain));
            }
        }
        lines
    }

    fn figure_widths(&self) -> [usize; FIGURES] {
        let mut widths = self.headings.map(|(upper, lower)| upper.len().max(lower.len()));
        for (_, cells) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(display_width(cell));
            }
        }
        widths
    }

    fn heading_lines(&self) -> [[&'static str; FIGURES]; 2] {
        [self.headings.map(|(upper, _)| upper), self.headings.map(|(_, lower)| lower)]
    }
}

/// Cells to the right of their widths, each after a gap.
fn right_aligned(cells: &[&str; FIGURES], widths: &[usize; FIGURES], gap: usize) -> String {
    let pad = |(cell, width): (&&str, &usize)| {
        let spaces = gap + width.saturating_sub(display_width(cell));
        format!("{}{cell}", " ".repeat(spaces))
    };
    cells.iter().zip(widths).map(pad).collect()
}

fn pad_right(text: &str, width: usize) -> String {
    let spaces = width.saturating_sub(display_width(text));
    format!("{text}{}", " ".repeat(spaces))
}

/// The text in lines of at most `width` columns, broken between words, and within words that are longer than a line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    wrap_with_indent(text, width, "")
}

/// As [`wrap`]; lines after the first begin with `indent`. Spaces at a break are dropped, others stay as they are.
fn wrap_with_indent(text: &str, width: usize, indent: &str) -> Vec<String> {
    let width = width.max(indent.len() + 2);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if display_width(&line) + display_width(bare) > width && !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
            indent.clone_into(&mut line);
        }
        for character in word.chars() {
            let mut buffer = [0; 4];
            let piece: &str = character.encode_utf8(&mut buffer);
            if character != ' ' && display_width(&line) + display_width(piece) > width {
                lines.push(line.trim_end().to_owned());
                indent.clone_into(&mut line);
            }
            line.push(character);
        }
    }
    if !line.trim().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_wraps_between_words_and_within_endless_ones() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("模型模型", 5), ["模型", "模型"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("a b", 0), ["a", "b"]);
        assert_eq!(wrap_with_indent(" name  a value", 9, " "), [" name  a", " value"]);
    }
}
