//! What tells one scoring from another: the scorer's name, which holds its parameters, and the version of its rule.

use twox_hash::XxHash3_64;

use crate::Scorer;

/// What a report can show in a column.
const LONGEST: usize = 200;

/// Sixteen hexadecimal digits for a scorer's name and [version](Scorer::version): scorings with equal ones gave, or
/// would give, equal verdicts.
///
/// ```
/// use scoring::{Registry, fingerprint};
/// let registry = Registry::builtin();
/// let of = |text: &str| registry.build(text).map(|scorer| fingerprint(scorer.as_ref()));
/// assert_eq!(of("function-call:any-part")?, of("function-call( any-part = true )")?);
/// assert_ne!(of("function-call")?, of("not:function-call")?);
/// # Ok::<(), scoring::SpecError>(())
/// ```
pub fn fingerprint(scorer: &dyn Scorer) -> String {
    hex(&format!("{}\0{}", scorer.name(), scorer.version()))
}

/// A name as reports can bear it: a long one is cut, and told apart by its hash.
pub(crate) fn bearable(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let start = crate::tally::cut(&name, LONGEST - 17);
    format!("{start}~{}", hex(&name))
}

fn hex(text: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_differ() {
        let (one, other) = (bearable("a".repeat(900)), bearable("a".repeat(901)));
        assert!(one != other && one.len() == LONGEST);
        assert_eq!(bearable("short".to_owned()), "short");
    }
}
