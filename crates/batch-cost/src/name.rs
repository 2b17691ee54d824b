//! Which listed model a name means: itself, or a numbered version of it, and nothing else.

/// The name without the `models/` that the service writes before it.
pub(crate) fn plain(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// The longest of `listed` that `model` is, or is a numbered version of.
///
/// `gemini-2.5-pro-001` and `gemini-2.5-pro-05-2026` are versions of `gemini-2.5-pro`; `gemini-2.5-pro-preview-tts`
/// and `gemini-2.5-pro-latest` may be anything, at any price, and are not.
pub(crate) fn longest<'a, T>(
    model: &str,
    listed: &'a [T],
    name: impl Fn(&T) -> &str,
) -> Option<&'a T> {
    let model = plain(model);
    let means = |entry: &&T| {
        let rest = model.strip_prefix(name(entry));
        rest.is_some_and(|rest| rest.is_empty() || is_version(rest))
    };
    listed.iter().filter(means).max_by_key(|entry| name(entry).len())
}

/// Whether it is hyphens each with digits behind, such as `-001` or `-05-2026`.
fn is_version(rest: &str) -> bool {
    let is_number = |part: &str| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_digit());
    rest.strip_prefix('-').is_some_and(|parts| parts.split('-').all(is_number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbered_versions_mean_the_listed_model() {
        let listed = ["gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-flash-001"];
        let find = |model| longest(model, &listed, |name| name).copied();
        assert_eq!(find("gemini-2.5-flash"), Some("gemini-2.5-flash"));
        assert_eq!(find("models/gemini-2.5-flash-lite"), Some("gemini-2.5-flash-lite"));
        assert_eq!(find("gemini-2.5-flash-lite-05-2026"), Some("gemini-2.5-flash-lite"));
        assert_eq!(find("gemini-2.5-flash-002"), Some("gemini-2.5-flash"));
        assert_eq!(find("gemini-2.5-flash-001"), Some("gemini-2.5-flash-001"));
        for other in [
            "gemini-2.5-flash-image",
            "gemini-2.5-flash-preview-tts",
            "gemini-2.5-flash-latest",
            "gemini-2.5-flash-",
            "gemini-2.5-flash-1",
            "gemini-2.5-flash001",
            "gemini-2.5",
            "",
        ] {
            assert_eq!(find(other), None, "{other}");
        }
    }
}
