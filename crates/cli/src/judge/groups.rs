//! Which rows belong together: the values of fields of the dataset's rows, in one streaming pass.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::iter::Peekable;

use eval_report::{Clusters, Conclude, Gate, Slicing};
use jsonl_transform::member;
use run_store::RunFolder;
use serde_json::value::RawValue;

use super::wishes::Judging;
use crate::context::{Context, store};
use crate::dataset_rows::{damaged, unread};
use crate::exit::{Exit, Failure, Outcome};
use crate::row_keys;
use crate::sought::{Seen, Sought};
use crate::stop::StopReader;

/// Lines are read through a buffer of this size.
const BUFFER: usize = 1 << 18;
/// Of longer lines only the beginning is kept, which is no JSON: they have no value.
const LONGEST: usize = 64 << 20;

/// The values of all fields that rows are grouped by.
#[derive(Debug)]
pub(crate) struct Groups {
    slices: Vec<Slicing>,
    clusters: Option<Clusters>,
    /// The fields that no row had.
    sought: Sought<'static>,
}

impl Groups {
    fn new(wishes: &Judging) -> Self {
        Self {
            slices: wishes.slices.iter().map(Slicing::new).collect(),
            clusters: wishes.cluster.as_ref().map(Clusters::new),
            sought: Sought::fields(wishes),
        }
    }

    /// Refuses a field that this call names and no row has; of one that it goes by all the same it is only said.
    pub(crate) fn check(&self, context: &Context) -> Outcome<()> {
        let Judging { slices, cluster, .. } = &context.judging;
        for (field, failure) in self.sought.missing() {
            if slices.iter().chain(cluster).any(|named| Some(named.as_str()) == field) {
                return Err(failure);
            }
            context.ui.note(&format!("note       {}", failure.what));
        }
        Ok(())
    }

    /// Whether no field was named.
    fn is_empty(&self) -> bool {
        self.slices.is_empty() && self.clusters.is_none()
    }

    /// The clusters alone.
    pub(crate) fn into_clusters(self) -> Option<Clusters> {
        self.clusters
    }

    /// What a report concludes with these groups.
    pub(crate) fn conclude<'a>(&'a self, wishes: &'a Judging, gates: &'a [Gate]) -> Conclude<'a> {
        Conclude {
            baseline: wishes.baseline.as_deref(),
            clusters: self.clusters.as_ref(),
            slices: &self.slices,
            gates,
        }
    }

    /// Adds the next row; `find` looks a pointer up in it.
    fn push(&mut self, find: impl Fn(&str) -> Option<String>) {
        for slicing in &mut self.slices {
            let value = find(slicing.field());
            slicing.push(value.as_deref());
        }
        if let Some(clusters) = &mut self.clusters {
            let value = find(clusters.field());
            clusters.push(value.as_deref());
        }
    }

    /// After the last row.
    fn end(&mut self) {
        self.clusters.iter_mut().for_each(Clusters::forget_values);
    }

    /// The groups of the rows of a run, from what its folder keeps of the dataset.
    pub(crate) fn of_run(context: &Context, folder: &RunFolder, wishes: &Judging) -> Outcome<Self> {
        let mut groups = Self::new(wishes);
        if groups.is_empty() {
            return Ok(groups);
        }
        let failed = |error: &io::Error| {
            let failed = || unread("failed to read the rows of the run", error);
            context.stop.failure().unwrap_or_else(failed)
        };
        let paths = folder.paths();
        let logged = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
        let mut logged = BufReader::with_capacity(BUFFER, context.stop.reader(logged));
        let pointers = wishes.slices.iter().chain(&wishes.cluster);
        let needs_requests = pointers.into_iter().any(|pointer| tail(pointer, "request").is_some());
        let mut requests = Requests::open(context, folder, needs_requests)?;
        let mut line = Vec::new();
        for number in 0..folder.manifest().made.rows {
            line.clear();
            if logged.read_until(b'\n', &mut line).map_err(|error| failed(&error))? == 0 {
                let what = "logged.jsonl has fewer rows than the run";
                return Err(Failure::new(Exit::RunFolder, what));
            }
            let request = requests.of(number).map_err(|error| failed(&error))?;
            groups.push(|pointer| in_run(&line, request, pointer));
            groups.sought.look(Seen::Kept { logged: &line, request });
        }
        groups.end();
        Ok(groups)
    }
}

/// The requests of a run as they were uploaded first, row after row.
struct Requests {
    readers: Peekable<std::vec::IntoIter<BufReader<StopReader<File>>>>,
    line: Vec<u8>,
    /// The row that `line` is of.
    at: Option<u64>,
}

impl Requests {
    fn open(context: &Context, folder: &RunFolder, are_needed: bool) -> Outcome<Self> {
        let made = folder.manifest().made.inputs.iter();
        let mut inputs: Vec<_> = made
            .filter(|input| are_needed && input.id.variant == 0)
            .map(|input| input.id)
            .collect();
        inputs.sort_by_key(|id| id.shard);
        let paths = folder.paths();
        let open = |id| {
            let file = paths.open_file(&paths.input(id)).map_err(|error| store(&error))?;
            Ok(BufReader::with_capacity(BUFFER, context.stop.reader(file)))
        };
        let readers: Vec<_> = inputs.into_iter().map(open).collect::<Outcome<_>>()?;
        let readers = readers.into_iter().peekable();
        Ok(Self { readers, line: Vec::new(), at: None })
    }

    /// The line of a row; none for one that was not sent itself, being equal to an earlier one.
    fn of(&mut self, number: u64) -> io::Result<Option<&[u8]>> {
        while self.at.is_none_or(|at| at < number) {
            let Some(reader) = self.readers.peek_mut() else { return Ok(None) };
            self.line.clear();
            if reader.read_until(b'\n', &mut self.line)? == 0 {
                self.readers.next();
                continue;
            }
            let key = row_keys::of_line(&self.line);
            let key = key.ok_or_else(|| damaged("an input of the run is damaged"))?;
            self.at = Some(key.number());
        }
        Ok((self.at == Some(number)).then_some(self.line.as_slice()))
    }
}

/// What a pointer into the dataset's row points to, given what the run keeps of it.
pub(crate) fn in_run(logged: &[u8], request: Option<&[u8]>, pointer: &str) -> Option<String> {
    let found = match tail(pointer, "request") {
        // The model and whatever edits or --drop took out stand beside what was sent.
        Some("/model") => at(logged, "/model"),
        Some(rest) => taken(logged, pointer)
            .or_else(|| taken(logged, rest))
            .or_else(|| request.and_then(|request| at(request, pointer))),
        None if tail(pointer, "response").is_some() => at(logged, pointer),
        None => taken(logged, pointer).or_else(|| at(logged, &format!("/row{pointer}"))),
    };
    found.and_then(text)
}

/// The value at a pointer among those that were taken out of the row.
fn taken<'a>(logged: &'a [u8], pointer: &str) -> Option<&'a [u8]> {
    let taken = &logged[member(logged, "taken").ok()??];
    // A whole object may have been taken out of which this is a part.
    let ends = pointer.match_indices('/').map(|(end, _)| end).chain([pointer.len()]);
    ends.filter(|end| *end > 0).find_map(|end| {
        let found = member(taken, &pointer[..end]).ok()??;
        at(&taken[found], &pointer[end..])
    })
}

/// What a pointer into a dataset's row points to, given the row as it came.
pub(crate) fn in_line(line: &[u8], pointer: &str) -> Option<String> {
    at(line, pointer).and_then(text)
}

/// What follows `/name` in a pointer.
fn tail<'p>(pointer: &'p str, name: &str) -> Option<&'p str> {
    let rest = pointer.strip_prefix('/')?.strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// The value that a JSON Pointer points to.
fn at<'a>(json: &'a [u8], pointer: &str) -> Option<&'a [u8]> {
    let Some(rest) = pointer.strip_prefix('/') else {
        return pointer.is_empty().then_some(json);
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let token = rest[..end].replace("~1", "/").replace("~0", "~");
    let json = json.trim_ascii();
    let value = match json.first()? {
        b'{' => &json[member(json, &token).ok()??],
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_slice(json).ok()?;
            elements.get(token.parse::<usize>().ok()?)?.get().as_bytes()
        }
        _ => return None,
    };
    at(value, &rest[end..])
}

/// A value as people read it: a text as it is, null as nothing, anything else as JSON.
fn text(json: &[u8]) -> Option<String> {
    let json = json.trim_ascii();
    match json.first()? {
        b'"' => serde_json::from_slice(json).ok(),
        b'n' => None,
        _ => std::str::from_utf8(json).ok().map(str::to_owned),
    }
}

/// Reads lines on behalf of another and notes the groups of the rows that go by.
pub(crate) struct GroupReader<R> {
    inner: R,
    groups: Groups,
    line: Vec<u8>,
}

impl<R: Read> GroupReader<R> {
    pub(crate) fn new(inner: R, wishes: &Judging) -> Self {
        Self { inner, groups: Groups::new(wishes), line: Vec::new() }
    }

    /// The groups of all rows that were read.
    pub(crate) fn finish(mut self) -> Groups {
        self.end_line();
        self.groups.end();
        self.groups
    }

    fn end_line(&mut self) {
        if !self.line.trim_ascii().is_empty() {
            let line = &self.line;
            self.groups.push(|pointer| in_line(line, pointer));
            self.groups.sought.look(Seen::Line(line));
        }
        self.line.clear();
    }
}

impl<R: Read> Read for GroupReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if !self.groups.is_empty() {
            let mut parts = buffer[..read].split(|byte| *byte == b'\n').peekable();
            while let Some(part) = parts.next() {
                let room = LONGEST.saturating_sub(self.line.len());
                self.line.extend_from_slice(&part[..part.len().min(room)]);
                if parts.peek().is_some() {
                    self.end_line();
                }
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGGED: &[u8] = br#"{"key":"r00000000-a2349e39","line":1,"response":{"candidates":[{"finishReason":"STOP"}]},"model":"models/x","row":{"country":"de","meta":{"conv":"c1","arr":[1,{"a/b":2.0}]},"n":null},"taken":{"/labels":{"team":"red"},"/meta/old":7}}"#;
    const SENT: &[u8] = br#"{"key":"r00000000-a2349e39","request":{"contents":[{"role":"user"}]}}"#;

    #[test]
    fn pointers_find_what_the_dataset_had() {
        for (pointer, want) in [
            ("/country", Some("de")),
            ("/meta/conv", Some("c1")),
            ("/meta/arr/0", Some("1")),
            ("/meta/arr/1/a~1b", Some("2.0")),
            ("/meta/arr/2", None),
            ("/n", None),
            ("/nowhere", None),
            ("/response/candidates/0/finishReason", Some("STOP")),
            ("/request/model", Some("models/x")),
            ("/request/contents/0/role", Some("user")),
            ("/request/labels/team", Some("red")),
            ("/request/labels", Some(r#"{"team":"red"}"#)),
            ("/meta/old", Some("7")),
        ] {
            assert_eq!(in_run(LOGGED, Some(SENT), pointer).as_deref(), want, "{pointer}");
        }
    }

    #[test]
    fn groups_are_noted_while_lines_go_by_in_any_portions() {
        let lines = "{\"c\":\"a\"}\n\n{\"c\":\"b\"}\nno json\n{\"c\":\"a\"}";
        let wishes = Judging { cluster: Some("/c".into()), ..Judging::default() };
        for portion in 1..20 {
            let mut reader = GroupReader::new(lines.as_bytes(), &wishes);
            let mut buffer = vec![0; portion];
            while reader.read(&mut buffer).unwrap() > 0 {}
            let clusters = reader.finish().clusters.unwrap();
            assert_eq!(clusters.count(), 3, "a, b, and the line without");
        }
    }
}
