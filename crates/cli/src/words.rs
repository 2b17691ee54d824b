//! Small words: counts with their nouns.

/// `1 row`, `2 rows`.
pub(crate) fn rows(count: u64) -> String {
    counted(count, "row")
}

/// `1 job`, `2 jobs`.
pub(crate) fn jobs(count: usize) -> String {
    counted(count as u64, "job")
}

/// `1 NOUN`, `2 NOUNs`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes in the largest unit that leaves a number before the point: `1.9 GB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => counted(bytes, "byte"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_for_people() {
        assert_eq!(
            [7, 999, 1_000, 1_234_567].map(super::grouped),
            ["7", "999", "1,000", "1,234,567"]
        );
        let sizes = [1, 999, 1_500, 1_990_000_000].map(super::bytes);
        assert_eq!(sizes, ["1 byte", "999 bytes", "1.5 kB", "1.9 GB"]);
    }
}
