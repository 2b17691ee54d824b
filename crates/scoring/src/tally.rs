//! Counts by name for names that strangers choose: bounded in number and in length.

const MOST_NAMES: usize = 64;
const LONGEST_NAME: usize = 200;

/// How often each name was seen; beyond 64 names the rest is counted together, and long names are cut.
///
/// ```
/// let mut tally = scoring::Tally::default();
/// tally.add("STOP", 3);
/// tally.add("SAFETY", 1);
/// assert_eq!(tally.iter().collect::<Vec<_>>(), [("STOP", 3), ("SAFETY", 1)]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By name.
    counts: Vec<(String, u64)>,
    others: u64,
}

impl Tally {
    /// Counts `times` more of `name`.
    pub fn add(&mut self, name: &str, times: u64) {
        let name = cut(name, LONGEST_NAME);
        // Hardly any pass sees more than a few names.
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| known == name) {
            *count += times;
        } else if self.counts.len() < MOST_NAMES {
            let place = self.counts.partition_point(|(known, _)| known.as_str() < name);
            self.counts.insert(place, (name.to_owned(), times));
        } else {
            self.others += times;
        }
    }

    /// Adds another tally.
    pub fn absorb(&mut self, other: &Self) {
        for (name, times) in &other.counts {
            self.add(name, *times);
        }
        self.others += other.others;
    }

    /// The names with their counts, most frequent first, then by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> + '_ {
        let mut sorted: Vec<_> =
            self.counts.iter().map(|(name, times)| (name.as_str(), *times)).collect();
        sorted.sort_by_key(|&(_, times)| std::cmp::Reverse(times));
        sorted.into_iter()
    }

    /// What was counted beyond the 64 names.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.others == 0
    }
}

/// The longest start of `text` that has at most `bytes` bytes and ends between characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_in_number_and_length() {
        let mut tally = Tally::default();
        for n in 0..1000 {
            tally.add(&format!("{n}{}", "ä".repeat(5000)), 1);
        }
        assert_eq!(tally.iter().count(), MOST_NAMES);
        assert!(tally.iter().all(|(name, _)| name.len() <= LONGEST_NAME));
        assert_eq!(tally.others(), 1000 - 64);
        let mut twice = tally.clone();
        twice.absorb(&tally);
        assert_eq!(twice.others(), 2 * (1000 - 64));
        assert!(twice.iter().all(|(_, times)| times == 2));
    }
}
