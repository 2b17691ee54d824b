//! Takes out of a text what differs from run to run, so that snapshots can be compared.

use std::path::Path;

/// Replaces the folder, ports, durations, times of day and server-made names by placeholders.
///
/// ```
/// let text = "http://127.0.0.1:4711 took 1.25 s on 2026-11-22T15:52:15.60Z, see /tmp/x/runs";
/// let folder = std::path::Path::new("/tmp/x");
/// assert_eq!(
///     tests::redact::redacted(text, folder),
///     "http://127.0.0.1:[port] took [time] on [stamp], see [folder]/runs",
/// );
/// ```
pub fn redacted(text: &str, folder: &Path) -> String {
    let text = text.replace(&folder.display().to_string(), "[folder]");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let fresh = !out.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '.');
        let Some((length, placeholder)) = rule(rest).filter(|_| fresh) else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        out.push_str(placeholder);
        rest = &rest[length..];
    }
    out
}

/// The length of what is to be replaced at the start of `text`, and by what.
fn rule(text: &str) -> Option<(usize, &'static str)> {
    loopback(text).or_else(|| stamp(text)).or_else(|| duration(text)).or_else(|| server_name(text))
}

fn loopback(text: &str) -> Option<(usize, &'static str)> {
    let port = text.strip_prefix("127.0.0.1:")?;
    let digits = run_of(port, |c| c.is_ascii_digit());
    (digits > 0).then_some(("127.0.0.1:".len() + digits, "127.0.0.1:[port]"))
}

fn stamp(text: &str) -> Option<(usize, &'static str)> {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let fits = |(have, shape): (u8, u8)| match shape {
        b'0' => have.is_ascii_digit(),
        _ => have == shape,
    };
    let head = text.as_bytes().get(..SHAPE.len())?;
    if !head.iter().copied().zip(SHAPE.bytes()).all(fits) {
        return None;
    }
    let tail = run_of(&text[SHAPE.len()..], |c| c == '.' || c == 'Z' || c.is_ascii_digit());
    Some((SHAPE.len() + tail, "[stamp]"))
}

fn duration(text: &str) -> Option<(usize, &'static str)> {
    let number = run_of(text, |c| c == '.' || c.is_ascii_digit());
    if number == 0 || text.starts_with('.') {
        return None;
    }
    let rest = &text[number..];
    let unit = [" ms", " s", " min", "ms", "s"].into_iter().find(|unit| {
        let ended = |next: char| !next.is_alphanumeric();
        rest.strip_prefix(unit).is_some_and(|after| after.chars().next().is_none_or(ended))
    })?;
    Some((number + unit.len(), "[time]"))
}

fn server_name(text: &str) -> Option<(usize, &'static str)> {
    let of_server = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    [
        ("batches/", 36, "batches/[job]"),
        ("files/batch-", 36, "files/batch-[job]"),
        ("files/", 12, "files/[file]"),
    ]
    .into_iter()
    .find(|(prefix, length, _)| {
        text.strip_prefix(prefix).is_some_and(|id| run_of(id, of_server) == *length)
    })
    .map(|(prefix, length, placeholder)| (prefix.len() + length, placeholder))
}

fn run_of(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(redacted(text, Path::new("/tmp/q")), expect);
    }

    #[test]
    fn what_differs_goes() {
        check("in 0.3 s, 250ms, 12 min.", "in [time], [time], [time].");
        check(&format!("batches/{} ended", "a1".repeat(18)), "batches/[job] ended");
        check(&format!("files/batch-{}", "z9".repeat(18)), "files/batch-[job]");
        check("files/abcdef012345 is /tmp/q/x", "files/[file] is [folder]/x");
        check("127.0.0.1:80/", "127.0.0.1:[port]/");
        check("2026-11-22T15:52:15Z", "[stamp]");
    }

    #[test]
    fn what_stays_the_same_stays() {
        for text in
            ["85 rows", "49.41 %", "files/short", "v1.2", "r00000042-1f9c03ab", "12 sm", "é 3 süß"]
        {
            check(text, text);
        }
    }
}
