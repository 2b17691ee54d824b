//! Small words: counts with their nouns.

/// `1 row`, `2 rows`.
pub(crate) fn rows(count: u64) -> String {
    counted(count, "row")
}

/// `1 job`, `2 jobs`.
pub(crate) fn jobs(count: usize) -> String {
    counted(count as u64, "job")
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
