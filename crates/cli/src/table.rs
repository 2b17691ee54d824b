//! Columns of text, lined up.

/// Rows of cells as lines, each column as wide as its widest cell; the last one hangs free.
pub(crate) fn lines<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let wide = |text: &str| text.chars().count();
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(wide(cell));
        }
    }
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - wide(cell) + 2));
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up() {
        let rows = [["a", "bbb", "c"], ["äöü", "b", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(super::lines(&rows), ["a    bbb  c", "äöü  b"]);
    }
}
