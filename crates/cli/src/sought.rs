//! Places in dataset rows that are asked for: whether any row has them, found out before anything is paid for.

use std::collections::BTreeSet;

use eval_report::sanitize;
use jsonl_transform::{RowSink, Rows, WriteError};
use scoring::{DatasetRow, Json, Kind, Needs, Row, Scorer, Verdict, View};

use crate::dataset_rows::{beside, whole};
use crate::exit::Failure;
use crate::expected::ANSWER;
use crate::grading::Desk;
use crate::judge::{Judging, field_of_line, field_of_row};
use crate::words::rows;

/// How a scorer says that a row lacks the value that it holds answers against, before the place where it should stand.
const LACKS: &str = "no expected value at ";

/// From so many rows names are taken, so many at most, and so deep.
const LOOKED_AT: u64 = 50;
const MOST_NAMES: usize = 500;
const DEPTH: usize = 3;
/// Longer names nobody types.
const LONGEST: usize = 200;
/// So many are shown where none is near.
const SHOWN: usize = 5;

/// What is sought, as long as no row has it.
#[derive(Debug, Default)]
pub(crate) struct Sought<'s> {
    fields: Vec<Field>,
    scorers: Vec<Holding<'s>>,
    /// Pointers to what rows do have.
    names: BTreeSet<String>,
    rows: u64,
}

/// A field that rows are grouped by.
#[derive(Debug)]
struct Field {
    what: &'static str,
    pointer: String,
}

/// A scorer that holds answers against a value in the row.
#[derive(Debug)]
struct Holding<'s> {
    scorer: &'s dyn Scorer,
    place: String,
}

/// A row of the dataset.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// As a run keeps it, with its request if that is looked into.
    Kept { logged: &'a [u8], request: Option<&'a [u8]> },
    /// As it came.
    Line(&'a [u8]),
}

impl<'s> Sought<'s> {
    /// The fields that a report is to group rows by.
    pub(crate) fn fields(judging: &Judging) -> Self {
        let field = |what| move |pointer: &String| Field { what, pointer: pointer.clone() };
        let slices = judging.slices.iter().map(field("the slice"));
        let fields = slices.chain(judging.cluster.iter().map(field("the cluster field"))).collect();
        Self { fields, ..Self::default() }
    }

    /// The same, and the places of the expected values of these scorers, which are [`holding`](crate::expected::holding).
    pub(crate) fn and_of(mut self, scorers: &'s [Box<dyn Scorer>]) -> Self {
        let holding = |scorer| Holding { scorer, place: String::new() };
        self.scorers = scorers.iter().map(|scorer| holding(&**scorer)).collect();
        self
    }

    /// The same, and the labels of people that judges are to be compared with.
    pub(crate) fn and_labels(mut self, desk: &Desk) -> Self {
        let places = desk.judges().into_iter().filter_map(|judge| judge.spec.human);
        self.fields.extend(places.map(|pointer| Field { what: "the people's label", pointer }));
        self
    }

    /// Whether there is nothing that no row had yet.
    pub(crate) fn is_settled(&self) -> bool {
        self.fields.is_empty() && self.scorers.is_empty()
    }

    /// Looks at the next row.
    pub(crate) fn look(&mut self, seen: Seen<'_>) {
        self.rows += 1;
        if self.is_settled() {
            return;
        }
        self.fields.retain(|field| !seen.has(&field.pointer));
        if !self.scorers.is_empty() {
            let row = seen.dataset();
            self.scorers.retain_mut(|holding| holding.lacks(&row));
        }
        if !self.is_settled() && self.rows <= LOOKED_AT {
            seen.names(&mut self.names);
        }
    }

    /// What no row had, as a failure each, with the pointer of one that is a field.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (Option<&str>, Failure)> {
        let fields = self.fields.iter().map(|Field { what, pointer }| {
            let asked = format!("{what} {pointer}");
            (Some(pointer.as_str()), self.failure(&asked, pointer))
        });
        let scorers = self.scorers.iter().map(|Holding { scorer, place }| {
            let asked = format!("{place}, which {} holds answers against", scorer.name());
            (None, self.failure(&asked, place))
        });
        fields.chain(scorers).filter(|_| self.rows > 0)
    }

    fn failure(&self, asked: &str, place: &str) -> Failure {
        let what = format!("none of {} has {}", rows(self.rows), sanitize(asked));
        Failure::usage(what).next(self.next(place))
    }

    /// The field that was probably meant, or those that there are.
    fn next(&self, place: &str) -> String {
        let wanted = place.replace(['.', '['], "/").replace([']', '\'', '"', '$'], "");
        let names = || self.names.iter().map(String::as_str);
        // What is spelt alike elsewhere in the row was probably meant too.
        let near = scoring::nearest(&wanted, names()).or_else(|| {
            let near = scoring::nearest(last(&wanted), names().map(last))?;
            names().find(|name| last(name) == near)
        });
        if let Some(near) = near {
            return format!("did you mean {}?", sanitize(near));
        }
        let is_leaf = |name: &&str| !self.names.iter().any(|other| is_below(other, name));
        let mut shown: Vec<&str> = names().filter(is_leaf).collect();
        let more = shown.len().saturating_sub(SHOWN);
        shown.truncate(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        match shown.as_slice() {
            [] => "the rows have no other fields than request and response".to_owned(),
            shown => format!("the rows have {}{more}", sanitize(&shown.join(", "))),
        }
    }
}

fn last(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

fn is_below(name: &str, other: &str) -> bool {
    name.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

impl Holding<'_> {
    /// Whether the row lacks the place of the scorer.
    fn lacks(&mut self, row: &DatasetRow) -> bool {
        let Ok(answer) = serde_json::from_str(ANSWER) else { return false };
        let Verdict::Unscorable(reason) =
            self.scorer.score(&Row::of_line(0, answer).with_dataset(row))
        else {
            return false;
        };
        let place = reason.split_once(LACKS).map(|(_, place)| place);
        place.map(|place| place.clone_into(&mut self.place)).is_some()
    }
}

impl Seen<'_> {
    fn has(self, pointer: &str) -> bool {
        match self {
            Self::Kept { logged, request } => field_of_row(logged, request, pointer).is_some(),
            Self::Line(line) => field_of_line(line, pointer).is_some(),
        }
    }

    /// The row as scorers see it, but for what is no place in it.
    fn dataset(self) -> DatasetRow {
        let Self::Kept { logged, request } = self else { return DatasetRow::default() };
        let needs = Needs::NOTHING.and_logged().and_fields().and_taken();
        let beside = whole(logged).map(|line| beside(line, needs)).unwrap_or_default();
        let request = request.and_then(|line| part(line, "request")).map(Json::from);
        DatasetRow { request, ..beside }
    }

    /// Adds the pointers to what the row has beside its request and its response.
    fn names(self, names: &mut BTreeSet<String>) {
        let fields = match self {
            Self::Kept { logged, .. } => part(logged, "row"),
            Self::Line(line) => whole(line).ok(),
        };
        if let Some(fields) = fields {
            add(fields, "", DEPTH, names);
        }
    }
}

/// A member of a line as JSON.
fn part<'a>(line: &'a [u8], name: &str) -> Option<View<'a>> {
    whole(line).ok()?.get(name)
}

fn add(object: View<'_>, above: &str, depth: usize, names: &mut BTreeSet<String>) {
    if depth == 0 || object.kind() != Kind::Object {
        return;
    }
    for (name, value) in object.members() {
        if above.is_empty() && matches!(&*name, "request" | "response") {
            continue;
        }
        if names.len() >= MOST_NAMES {
            return;
        }
        let pointer = format!("{above}/{}", name.replace('~', "~0").replace('/', "~1"));
        if pointer.len() > LONGEST || value.is_null() {
            continue;
        }
        add(value, &pointer, depth - 1, names);
        names.insert(pointer);
    }
}

/// A sink whose rows are looked at on their way.
pub(crate) struct Looking<'a, 's, S> {
    pub(crate) inner: &'a mut S,
    pub(crate) sought: &'a mut Sought<'s>,
}

impl<S: RowSink> RowSink for Looking<'_, '_, S> {
    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        if self.sought.is_settled() {
            self.sought.rows += rows.len() as u64;
        } else {
            for row in rows.iter() {
                let (logged, request) = (row.logged.to_vec(), row.input.to_vec());
                let request = (!request.is_empty()).then_some(request.as_slice());
                self.sought.look(Seen::Kept { logged: &logged, request });
            }
        }
        self.inner.rows(rows)
    }

    fn wants_logged(&self) -> bool {
        !self.sought.is_settled() || self.inner.wants_logged()
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.inner.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"country":"de","meta":{"answer":"1","conv":"c1","a/b":{"c":{"d":2}}}}"#;

    fn kept(row: &str) -> String {
        format!(r#"{{"key":"r00000000-a2349e39","line":1,"model":"m","row":{row}}}"#)
    }

    /// What is said of two rows, of which the second has the fields.
    fn said(judging: &Judging, scorers: &[&str]) -> Vec<String> {
        let registry = scoring::Registry::builtin();
        let scorers: Vec<_> = scorers.iter().map(|text| registry.build(text).unwrap()).collect();
        let mut sought = Sought::fields(judging).and_of(&scorers);
        for row in ["{}", ROW] {
            let request = Some(&br#"{"request":{"contents":[]}}"#[..]);
            sought.look(Seen::Kept { logged: kept(row).as_bytes(), request });
        }
        let missing = sought.missing();
        missing.map(|(_, one)| format!("{}; {}", one.what, one.next.unwrap())).collect()
    }

    #[test]
    fn what_one_row_has_is_there_and_the_nearest_name_is_told_of_what_none_has() {
        let judging = Judging {
            slices: ["/country", "/contry", "/request/model", "/answr", "/zzzzzzzz"]
                .map(str::to_owned)
                .to_vec(),
            cluster: Some("/meta/con".to_owned()),
            ..Judging::default()
        };
        assert_eq!(
            said(&judging, &[]),
            [
                "none of 2 rows has the slice /contry; did you mean /country?",
                "none of 2 rows has the slice /answr; did you mean /meta/answer?",
                "none of 2 rows has the slice /zzzzzzzz; the rows have /country, /meta/answer, \
                 /meta/a~1b/c, /meta/conv",
                "none of 2 rows has the cluster field /meta/con; did you mean /meta/conv?",
            ]
        );
    }

    #[test]
    fn scorers_whose_place_no_row_has_are_found_and_no_others() {
        let scorers = [
            "equals(expected=\"/meta/answr\")",
            "equals(expected=\"/meta/answer\")",
            "all(words(max=9), number(expected=\"$.meta['answr']\"))",
            "function-call",
            "same-text",
            "label(labels=[\"1\",\"2\"], expected=\"/kind\")",
        ];
        assert_eq!(
            said(&Judging::default(), &scorers),
            [
                "none of 2 rows has /meta/answr, which equals(expected=\"/meta/answr\") holds answers against; did you \
                 mean /meta/answer?",
                "none of 2 rows has $.meta['answr'], which all(words(max=9),number(expected=\"$.meta['answr']\")) holds answers \
                 against; did you mean /meta/answer?",
                "none of 2 rows has /kind, which label(labels=[\"1\",\"2\"],expected=\"/kind\") holds answers against; the rows have /country, \
                 /meta/answer, /meta/a~1b/c, /meta/conv",
            ]
        );
    }

    #[test]
    fn lines_as_they_came_are_looked_at_too() {
        let judging = Judging { slices: vec!["/contry".to_owned()], ..Judging::default() };
        let mut sought = Sought::fields(&judging);
        assert_eq!(sought.missing().count(), 0, "without rows nothing is missing");
        sought.look(Seen::Line(br#"{"request":{"contry":1},"country":"de"}"#));
        let missing: Vec<_> = sought.missing().collect();
        assert_eq!(missing[0].0, Some("/contry"));
        assert_eq!(missing[0].1.next.as_deref(), Some("did you mean /country?"));
        sought.look(Seen::Line(br#"{"contry":"de"}"#));
        assert!(sought.is_settled() && sought.missing().next().is_none());
    }

    #[test]
    fn names_that_nobody_types_or_that_stand_for_nothing_are_not_told() {
        let judging = Judging { slices: vec!["/nope".to_owned()], ..Judging::default() };
        let mut sought = Sought::fields(&judging);
        let long = "x".repeat(500);
        sought.look(Seen::Line(format!(r#"{{"{long}":1,"nope":null,"kind":2}}"#).as_bytes()));
        let (_, failure) = sought.missing().next().unwrap();
        assert_eq!(failure.next.as_deref(), Some("the rows have /kind"));
    }
}
