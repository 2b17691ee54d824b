//! Tokens of a row and their sums: what an answer took, as the service states it.

use crate::scan::Scan;

/// The tokens of one row as its `usageMetadata` states them; `None` for what is not said or not a whole number >= 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// `promptTokenCount`: the request, cached part included.
    pub prompt: Option<u64>,
    /// `cachedContentTokenCount`: the part of the prompt that came from a cache.
    pub cached: Option<u64>,
    /// `candidatesTokenCount`: the answer.
    pub candidates: Option<u64>,
    /// `thoughtsTokenCount`: the model's thinking, billed as output.
    pub thoughts: Option<u64>,
    /// `totalTokenCount`.
    pub total: Option<u64>,
}

impl Usage {
    /// Takes a member of a `usageMetadata`.
    pub(crate) fn take(&mut self, scan: &mut Scan<'_>, name: &[u8]) -> Option<()> {
        let slot = match name {
            b"promptTokenCount" => &mut self.prompt,
            b"cachedContentTokenCount" => &mut self.cached,
            b"candidatesTokenCount" => &mut self.candidates,
            b"thoughtsTokenCount" => &mut self.thoughts,
            b"totalTokenCount" => &mut self.total,
            _ => return scan.skip(),
        };
        *slot = scan.value()?.as_u64().filter(|count| is_plausible(*count));
        Some(())
    }

    /// Whether nothing at all is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// Counts are 32-bit numbers at the service; what does not fit is damage, and must not drown the sums.
fn is_plausible(count: u64) -> bool {
    u32::try_from(count).is_ok()
}

/// Sums of [`Usage`] over rows; they stop at `u64::MAX` rather than wrap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenSums {
    /// Tokens of the requests, cached part included.
    pub prompt: u64,
    /// Tokens of the requests that came from a cache.
    pub cached: u64,
    /// Tokens of the answers.
    pub candidates: u64,
    /// Tokens of the models' thinking.
    pub thoughts: u64,
    /// Totals as stated, not recomputed.
    pub total: u64,
    /// Rows that stated any usage.
    pub rows: u64,
}

impl TokenSums {
    /// Adds one row.
    pub fn add(&mut self, usage: &Usage) {
        if usage.is_unknown() {
            return;
        }
        self.absorb(&Self {
            prompt: usage.prompt.unwrap_or(0),
            cached: usage.cached.unwrap_or(0),
            candidates: usage.candidates.unwrap_or(0),
            thoughts: usage.thoughts.unwrap_or(0),
            total: usage.total.unwrap_or(0),
            rows: 1,
        });
    }

    /// Adds the sums of other rows.
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.prompt, other.prompt),
            (&mut self.cached, other.cached),
            (&mut self.candidates, other.candidates),
            (&mut self.thoughts, other.thoughts),
            (&mut self.total, other.total),
            (&mut self.rows, other.rows),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(json: &str) -> Usage {
        let mut usage = Usage::default();
        Scan::new(json).object(|scan, name| usage.take(scan, name)).unwrap();
        usage
    }

    #[test]
    fn odd_numbers_are_unknown() {
        for odd in [
            "-1",
            "1.5",
            "1e3",
            "\"80\"",
            "null",
            "9223372036854775808",
            "99999999999999999999999",
            "[1]",
        ] {
            let usage = usage(&format!(r#"{{"promptTokenCount":{odd},"totalTokenCount":7}}"#));
            assert_eq!((usage.prompt, usage.total), (None, Some(7)), "{odd}");
        }
        assert!(usage("[]").is_unknown());
    }

    #[test]
    fn sums_count_rows_with_usage_and_never_wrap() {
        let mut sums = TokenSums::default();
        sums.add(&usage(
            r#"{"promptTokenCount":80,"candidatesTokenCount":12,"thoughtsTokenCount":64,"totalTokenCount":156}"#,
        ));
        sums.add(&usage("{}"));
        let want =
            TokenSums { prompt: 80, candidates: 12, thoughts: 64, total: 156, rows: 1, cached: 0 };
        assert_eq!(sums, want);
        sums.total = u64::MAX;
        sums.absorb(&want);
        assert_eq!((sums.total, sums.prompt), (u64::MAX, 160));
    }
}
