//! Text laid out for a width: padding, wrapping, and the table in the widest form that fits.

use crate::display_width;

/// A table of named rows of figures; all text in it is sanitized already.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the names are.
    pub(crate) corner: String,
    /// The heading of each figure, in two lines.
    pub(crate) headings: Vec<[String; 2]>,
    /// Each row: its name and as many figures as there are headings.
    pub(crate) rows: Vec<(String, Vec<Cell>)>,
}

/// A figure as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// What a text is, for those who paint it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    /// A heading, or the name of what follows.
    Heading,
    Good,
    Bad,
    /// Less important than the rest.
    Faint,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// What stands where there is no figure.
    pub(crate) fn none() -> Self {
        Self::toned("-", Tone::Faint)
    }
}

/// A line of the laid-out table, in pieces.
pub(crate) type Line = Vec<Cell>;

impl Table {
    /// The table in at most `width` columns if any form fits: names beside the figures, names above them, or one
    /// figure a line. No form leaves a figure out or shortens a name.
    pub(crate) fn lines(&self, width: usize) -> Vec<Line> {
        let figures = self.figure_widths();
        let names = self.rows.iter().map(|(name, _)| display_width(name));
        let name = names.max().unwrap_or(0).max(display_width(&self.corner));
        let sum = |gap: usize| figures.iter().map(|figure| figure + gap).sum::<usize>();
        for gap in [2, 1] {
            if name + sum(gap) <= width {
                return self.names_beside(name, &figures, gap);
            }
        }
        for gap in [2, 1] {
            if (1 + sum(gap)).saturating_sub(gap) <= width {
                return self.names_above(&figures, gap, width);
            }
        }
        self.one_figure_a_line(width)
    }

    fn names_beside(&self, name: usize, figures: &[usize], gap: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        for (at, first) in ["", &self.corner].into_iter().enumerate() {
            let mut text = pad_right(first, name);
            for (heading, width) in self.headings.iter().zip(figures) {
                text.push_str(&padding(&heading[at], width + gap));
                text.push_str(&heading[at]);
            }
            if !text.trim().is_empty() {
                lines.push(vec![Cell::toned(text.trim_end(), Tone::Heading)]);
            }
        }
        for (title, cells) in &self.rows {
            let mut line = vec![Cell::plain(pad_right(title, name))];
            line.extend(right_aligned(cells, figures, gap));
            lines.push(line);
        }
        lines
    }

    fn names_above(&self, figures: &[usize], gap: usize, width: usize) -> Vec<Line> {
        // Figures keep one column of indent; the gap before the first one would be more than that.
        let mut widths = figures.to_vec();
        if let Some(first) = widths.first_mut() {
            *first = (*first + 1).saturating_sub(gap);
        }
        let unnamed =
            Self { corner: String::new(), rows: Vec::new(), headings: self.headings.clone() };
        // What the names are stands above them, as they stand above their figures.
        let heading = |line| vec![Cell::toned(line, Tone::Heading)];
        let mut lines: Vec<Line> = Vec::new();
        if !self.corner.is_empty() {
            lines.extend(wrap(&self.corner, width).into_iter().map(heading));
        }
        lines.extend(unnamed.names_beside(0, &widths, gap));
        for (name, cells) in &self.rows {
            lines.extend(wrap(name, width).into_iter().map(heading));
            lines.push(right_aligned(cells, &widths, gap));
        }
        lines
    }

    fn one_figure_a_line(&self, width: usize) -> Vec<Line> {
        let title = |[upper, lower]: &[String; 2]| format!("{upper} {lower}").trim().to_owned();
        let titles: Vec<String> = self.headings.iter().map(title).collect();
        let longest = titles.iter().map(|title| display_width(title)).max().unwrap_or(0);
        let mut lines = Vec::new();
        for (name, cells) in &self.rows {
            let heading = |line| vec![Cell::toned(line, Tone::Heading)];
            lines.extend(wrap(name, width).into_iter().map(heading));
            for (title, cell) in titles.iter().zip(cells) {
                let line = format!(" {}  {}", pad_right(title, longest), cell.text);
                let wrapped = wrap_with_indent(&line, width, " ");
                lines.extend(wrapped.into_iter().map(|line| vec![Cell::toned(line, cell.tone)]));
            }
        }
        lines
    }

    fn figure_widths(&self) -> Vec<usize> {
        let heading = |[upper, lower]: &[String; 2]| display_width(upper).max(display_width(lower));
        let mut widths: Vec<usize> = self.headings.iter().map(heading).collect();
        for (_, cells) in &self.rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(display_width(&cell.text));
            }
        }
        widths
    }
}

/// Cells to the right of their widths, each after a gap.
fn right_aligned(cells: &[Cell], widths: &[usize], gap: usize) -> Line {
    let pad = |(cell, width): (&Cell, &usize)| {
        let text = format!("{}{}", padding(&cell.text, width + gap), cell.text);
        Cell { text, tone: cell.tone }
    };
    cells.iter().zip(widths).map(pad).collect()
}

/// The spaces before a text that is to end at `width`.
fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(display_width(text)))
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
