//! What must be on stable storage before what: read off the system calls of a whole run, as strace tells them.
//!
//! A process that is killed loses nothing that it wrote, synced or not; a machine that loses its power does. No test
//! can pull the plug, so this one holds the order of the calls against the rules.

use std::collections::BTreeMap;

/// The calls that the rules are about.
pub const CALLS: &str = "trace=write,writev,sendto,sendmsg,fsync,fdatasync,rename";

/// One call of a run: which thread made it, on what, with which words, and when it began and was over.
#[derive(Debug)]
struct Call<'a> {
    thread: &'a str,
    name: &'a str,
    words: &'a str,
    /// Lines of the record.
    began: usize,
    over: usize,
}

impl<'a> Call<'a> {
    /// What stands in the first pair of angle brackets: the file or the socket behind the descriptor.
    fn target(&self) -> &'a str {
        let inside = self.words.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        inside.map_or("", |(target, _)| target)
    }

    fn is_sync(&self) -> bool {
        matches!(self.name, "fsync" | "fdatasync")
    }

    fn is_journal_write(&self) -> bool {
        self.name == "write" && self.target().ends_with("/journal.jsonl")
    }

    fn is_sent(&self) -> bool {
        self.target().starts_with("socket:") || self.target().starts_with("TCP")
    }
}

/// How often each rule was put to the test.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Lines of the journal, each synced before the next.
    pub lines: usize,
    /// Creations, each behind the synced line that intends it.
    pub creates: usize,
    /// Looks at a job, each behind the synced line with its name.
    pub looks: usize,
    /// Bytes sent to an upload session, each time behind the synced line with its address.
    pub uploads: usize,
    /// Files put under their names, each synced before, and its folder after.
    pub renames: usize,
}

/// Holds strace's record of a run (`-f -y -s 4000`, [`CALLS`]) against the rules.
///
/// # Errors
///
/// Every breach, in words.
pub fn check(record: &str) -> Result<Held, Vec<String>> {
    let calls = calls(record);
    let (mut held, mut breaches) = (Held::default(), Vec::new());
    let synced = journal(&calls, &mut held, &mut breaches);
    for call in calls.iter().filter(|call| call.is_sent()) {
        if let Some((event, what)) = wanted(call, &mut held) {
            let known = synced.iter().any(|(words, over)| {
                *over < call.began && words.contains(event) && words.contains(what)
            });
            if !known {
                breaches.push(format!("line {}: {what} before its {event} is synced", call.began));
            }
        }
    }
    renames(&calls, &mut held, &mut breaches);
    if breaches.is_empty() { Ok(held) } else { Err(breaches) }
}

/// The event that must be synced before these bytes are sent, and what its line must name.
fn wanted<'a>(sent: &Call<'a>, held: &mut Held) -> Option<(&'static str, &'a str)> {
    let words = sent.words;
    if words.contains(":batchGenerateContent ") {
        held.creates += 1;
        // A create without a token is a breach by itself: no line names nothing.
        let token =
            word_after(words, r#"\"displayName\":\""#).unwrap_or("a create without a token");
        return Some(("create_intended", token));
    }
    if let Some(name) = word_after(words, "GET /v1beta/batches/") {
        held.looks += 1;
        return Some(("created", name));
    }
    let id =
        word_after(words, "upload_id=").filter(|_| words.contains("upload-command: upload"))?;
    held.uploads += 1;
    Some(("upload_opened", id))
}

/// Every line of the journal, synced before the next is written; gives each with the end of its sync.
fn journal<'a>(
    calls: &[Call<'a>],
    held: &mut Held,
    breaches: &mut Vec<String>,
) -> Vec<(&'a str, usize)> {
    let mut synced = Vec::new();
    let mut open: Option<&Call<'a>> = None;
    let unsynced = |call: &Call<'_>| format!("line {}: a journal line is not synced", call.began);
    for call in calls {
        if call.is_journal_write() {
            held.lines += 1;
            breaches.extend(open.replace(call).map(unsynced));
        } else if call.is_sync()
            && open.is_some_and(|written| written.target() == call.target())
            && let Some(written) = open.take()
        {
            synced.push((written.words, call.over));
        }
    }
    breaches.extend(open.map(unsynced));
    synced
}

/// Every file synced behind its last write when it gets its name, and the name's folder synced next by that thread.
fn renames(calls: &[Call<'_>], held: &mut Held, breaches: &mut Vec<String>) {
    let mut dirty: BTreeMap<&str, bool> = BTreeMap::new();
    for (at, call) in calls.iter().enumerate() {
        if call.is_sync() {
            dirty.insert(call.target(), false);
        } else if matches!(call.name, "write" | "writev") && !call.is_sent() {
            dirty.insert(call.target(), true);
        } else if call.name == "rename" {
            held.renames += 1;
            let names: Vec<&str> = call.words.split('"').collect();
            let [_, from, _, to, ..] = names[..] else {
                breaches.push(format!("line {}: a rename that cannot be read", call.began));
                continue;
            };
            let state = dirty.iter().find(|(path, _)| path.ends_with(from));
            if state.is_none_or(|(_, dirty)| *dirty) {
                breaches.push(format!("line {}: {to} is named before it is synced", call.began));
            }
            let folder = to.rsplit_once('/').map_or("", |(folder, _)| folder);
            let next = calls[at + 1..].iter().find(|next| {
                next.thread == call.thread && (next.is_sync() || next.name == "rename")
            });
            if next.is_none_or(|next| !next.is_sync() || !next.target().ends_with(folder)) {
                breaches.push(format!("line {}: the folder of {to} is not synced", call.began));
            }
        }
    }
}

/// The calls that came to a good end, in the order of their ends.
fn calls(record: &str) -> Vec<Call<'_>> {
    let mut open: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    let mut out = Vec::new();
    for (at, line) in record.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        let (began, said) = if rest.starts_with("<...") {
            let Some(begun) = open.remove(thread) else { continue };
            begun
        } else if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            open.insert(thread, (at, begun));
            continue;
        } else {
            (at, rest)
        };
        let failed = rest.rsplit_once(" = ").is_some_and(|(_, result)| result.starts_with('-'));
        if let Some((name, words)) = said.split_once('(').filter(|_| !failed) {
            out.push(Call { thread, name, words, began, over: at });
        }
    }
    out
}

/// The word of letters, digits, `.`, `_` and `-` that stands behind `mark`.
fn word_after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    rest.get(..end.unwrap_or(rest.len())).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Held, check};

    /// A run of one job in strace's words.
    const WHOLE: &str = r#"7  write(3</r/w/.a.tmp>, "x", 1) = 1
7  fsync(3</r/w/.a.tmp>) = 0
7  rename("w/.a.tmp", "w/a") = 0
7  fsync(4</r/w>) = 0
7  write(5</r/w/journal.jsonl>, "{\"ev\":\"upload_opened\",\"session\":\"http://h/f?upload_id=u1\"}\n", 9) = 9
7  fdatasync(5</r/w/journal.jsonl>) = 0
8  writev(6<socket:[1]>, [{iov_base="POST /f?upload_id=u1 HTTP/1.1\r\nx-goog-upload-command: upload, finalize\r\n"}], 1) = 9
7  write(5</r/w/journal.jsonl>, "{\"ev\":\"create_intended\",\"token\":\"be1.t\"}\n", 9 <unfinished ...>
8  sendto(6<socket:[1]>, "GET /v1beta/models HTTP/1.1\r\n", 9) = 9
7  <... write resumed>) = 9
7  fdatasync(5</r/w/journal.jsonl>) = 0
8  writev(6<socket:[1]>, [{iov_base="POST /v1beta/models/m:batchGenerateContent HTTP/1.1\r\n"}, {iov_base="{\"batch\":{\"displayName\":\"be1.t\"}}"}], 2) = 9
7  write(5</r/w/journal.jsonl>, "{\"ev\":\"created\",\"name\":\"batches/b\"}\n", 9) = 9
7  fdatasync(5</r/w/journal.jsonl>) = 0
8  writev(6<socket:[1]>, [{iov_base="GET /v1beta/batches/b HTTP/1.1\r\n"}], 1) = 9
"#;

    #[test]
    fn a_run_in_the_right_order_is_held() {
        let held = Held { lines: 3, creates: 1, looks: 1, uploads: 1, renames: 1 };
        assert_eq!(check(WHOLE), Ok(held));
    }

    #[test]
    fn whatever_is_left_out_or_late_is_a_breach() {
        let lines: Vec<&str> = WHOLE.lines().collect();
        let said = |lines: &[&str]| check(&lines.join("\n")).unwrap_err().concat();
        let without = |left_out: usize| {
            let mut lines = lines.clone();
            lines.remove(left_out);
            said(&lines)
        };
        assert!(without(1).contains("named before it is synced"));
        assert!(without(3).contains("the folder of w/a is not synced"));
        assert!(without(5).contains("a journal line is not synced"));
        assert!(without(10).contains("before its create_intended is synced"));
        assert!(without(13).contains("before its created is synced"));
        for (earlier, later) in [(5, 6), (10, 11), (13, 14), (1, 2)] {
            let mut lines = lines.clone();
            lines.swap(earlier, later);
            assert!(!said(&lines).is_empty(), "{earlier} and {later} swapped");
        }
        let failed =
            WHOLE.replacen("fsync(3</r/w/.a.tmp>) = 0", "fsync(3</r/w/.a.tmp>) = -1 EIO", 1);
        assert!(check(&failed).is_err());
    }
}
