//! Names that become file names: checked ones, and those made from time and chance.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use batch_orchestrator::RunTag;

use crate::StoreError;

/// A text that may stand as a file name: 1 to 64 of `A-Z a-z 0-9 . _ -`, first a letter or digit.
///
/// Names of runs are such, and so are the folders and files under `scores/` and `report/`.
///
/// ```
/// use run_store::OwnName;
///
/// assert_eq!(OwnName::parse("spam-2026.v2")?.as_str(), "spam-2026.v2");
/// assert!(OwnName::parse("../elsewhere").is_err());
/// # Ok::<(), run_store::StoreError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnName(String);

impl OwnName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`StoreError::Name`] when it has other characters, starts otherwise, or is too long.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && text.as_bytes()[0].is_ascii_alphanumeric();
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::Name { text: text.to_owned() })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&RunTag> for OwnName {
    fn from(tag: &RunTag) -> Self {
        Self(tag.as_str().to_owned())
    }
}

/// A new run's mark: ten characters of time in milliseconds, then ten of `entropy`'s low 50 bits.
///
/// Marks made later sort later. The alphabet has no `i l o u`, which are easily misread.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let tag = run_store::run_tag(UNIX_EPOCH + Duration::from_secs(1_795_000_000), 42);
/// assert_eq!(tag.as_str(), "01m7q5cqg0000000001a");
/// ```
#[expect(clippy::expect_used, reason = "twenty characters of the alphabet always fit")]
pub fn run_tag(at: SystemTime, entropy: u64) -> RunTag {
    let millis = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let millis = u64::try_from(millis).unwrap_or(u64::MAX);
    RunTag::parse(&(ten_characters(millis) + &ten_characters(entropy))).expect("the tag fits")
}

fn ten_characters(bits: u64) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    (0..10)
        .rev()
        .map(|place| char::from(ALPHABET[usize::from((bits >> (5 * place)).to_le_bytes()[0] & 31)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn names_stay_inside_their_folder() {
        for bad in ["", ".", "..", ".hidden", "-x", "a/b", "a\\b", "a b", "é", "a\0", "a\n"] {
            assert!(OwnName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(OwnName::parse(&"a".repeat(64)).is_ok());
        assert!(OwnName::parse(&"a".repeat(65)).is_err());
    }

    #[test]
    fn tags_sort_by_time_and_differ_by_chance() {
        let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        let (early, late) =
            (run_tag(at(1_795_000_000_000), u64::MAX), run_tag(at(1_795_000_000_001), 0));
        assert!(early.as_str() < late.as_str(), "{early:?} {late:?}");
        assert_eq!(early.as_str().len(), 20);
        assert_ne!(run_tag(at(5), 1), run_tag(at(5), 2));
        assert_eq!(run_tag(at(0), 0).as_str(), "0".repeat(20), "no time before 1970 is told apart");
    }
}
