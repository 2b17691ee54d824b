//! Names of scorers as people wrote them: a name has no spaces, the text that it was made of may.

use std::borrow::Cow;

use crate::Report;

/// What scorers from outside are called by the kind of.
const KINDS: [&str; 4] = ["exec:", "jq:", "judge:", "python:"];

/// A space in the texts that a built-in scorer is set to.
const SPACE: &str = r"\u0020";

/// The text that a scorer is named by: in the name of one from outside `%20` stands for a space, and the like; in that
/// of a built-in one `\u0020` does.
///
/// What it gives is text from outside, to be [sanitised](crate::sanitize) where it is shown.
///
/// ```
/// use eval_report::written;
/// assert_eq!(written("jq:.a%20|%20test(%22%25%22)"), "jq:.a | test(\"%\")");
/// assert_eq!(written("function-call"), "function-call");
/// assert_eq!(written(r#"contains(value="no\u0020way")"#), r#"contains(value="no way")"#);
/// ```
pub fn written(name: &str) -> Cow<'_, str> {
    let is_outside = KINDS.iter().any(|kind| name.contains(kind));
    if !is_outside && name.contains(SPACE) {
        // A backslash that is itself escaped begins nothing.
        let texts = name.split(r"\\").map(|text| text.replace(SPACE, " "));
        return Cow::Owned(texts.collect::<Vec<_>>().join(r"\\"));
    }
    if !is_outside || !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let code = || u8::try_from(16 * digit(0)? + digit(1)?).ok();
        let escaped = code().filter(|_| *byte == b'%');
        bytes.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    // A long name is cut, perhaps within a letter: then it is shown as it is.
    String::from_utf8(bytes).map_or(Cow::Borrowed(name), Cow::Owned)
}

impl Report {
    /// The same report with its scorers as they were written, for people to read.
    pub(crate) fn as_written(&self) -> Cow<'_, Self> {
        if self.scorers.iter().all(|name| matches!(written(name), Cow::Borrowed(_))) {
            return Cow::Borrowed(self);
        }
        let mut report = self.clone();
        let columns = report.models.iter_mut().flat_map(|column| &mut column.scores);
        let all = report.scorers.iter_mut().chain(&mut report.expecting);
        let all = all.chain(columns.map(|score| &mut score.scorer));
        let all = all.chain(report.omnibus.iter_mut().map(|found| &mut found.scorer));
        let all = all.chain(report.comparisons.iter_mut().map(|found| &mut found.scorer));
        let all = all.chain(report.agreements.iter_mut().map(|found| &mut found.scorer));
        let all = all.chain(report.slices.iter_mut().map(|slice| &mut slice.scorer));
        let all = all.chain(report.gates.iter_mut().map(|gate| &mut gate.scorer));
        for name in all.chain(report.judges.iter_mut().map(|judge| &mut judge.scorer)) {
            *name = written(name).into_owned();
        }
        Cow::Owned(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_stays_as_it_is() {
        assert_eq!(written(r#"contains(value="\\u0020\u0020")"#), r#"contains(value="\\u0020 ")"#);
        for name in
            [r#"jq:"\u0020""#, "jq:100%", "jq:%zz", "jq:%2", "custom%20name", "not(contains)"]
        {
            assert_eq!(written(name), name);
        }
        assert_eq!(written("not(python:my%20rules.py)"), "not(python:my rules.py)");
        assert_eq!(written("jq:%c3%a4%2520"), "jq:ä%20");
        // Cut in the middle of a letter.
        assert_eq!(written("jq:%20%c3~0123"), "jq:%20%c3~0123");
    }

    #[test]
    fn people_read_what_was_written_and_programs_the_name() {
        let report = Report::new(["jq:.a%20==%20\"x\"", "function-call"]);
        let text = crate::Terminal { width: 120, paint: crate::Paint::Plain }.render(&report);
        assert!(text.contains("scored by jq:.a == \"x\"") && !text.contains("%20"), "{text}");
        assert!(!crate::to_markdown(&report).contains("%20"));
        assert!(crate::to_json(&report).unwrap().contains("%20"));
        assert!(matches!(Report::new(["words"]).as_written(), Cow::Borrowed(_)));
    }
}
