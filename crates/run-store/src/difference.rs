//! Whether a call means a run that exists, and if not, in what it differs.

use serde::Serialize;
use serde_json::Value;

use crate::{Asked, Backend, BackendKind, Dataset, Manifest, Variant};

impl Manifest {
    /// In what another run differs from this one; empty when both mean the same.
    ///
    /// Mark, name, time, program, key and what was made of the dataset do not count.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        self.asked.difference(&other.asked)
    }
}

impl Asked {
    /// In what `other` differs from what was asked for here, one line each:
    /// `models: the run has a, asked for is b, c`.
    ///
    /// Two datasets are the same when their digests are; where one has none, when labels are, and
    /// lengths as far as known. Where the program's own emulator stands does not count.
    pub fn difference(&self, other: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut compare = |what: &str, same: bool, ours: String, theirs: String| {
            if !same {
                lines.push(format!("{what}: the run has {ours}, asked for is {theirs}"));
            }
        };
        macro_rules! equal {
            ($what:literal, $($field:ident).+) => {
                equal!($what, $($field).+, "none")
            };
            ($what:literal, $($field:ident).+, $none:literal) => {
                compare(
                    $what,
                    self.$($field).+ == other.$($field).+,
                    said(&self.$($field).+, $none),
                    said(&other.$($field).+, $none),
                )
            };
        }
        equal!("service", backend.kind);
        let (ours, theirs) = (&self.backend, &other.backend);
        let addresses = [ours, theirs].map(|backend| said(&backend.base_url, "none"));
        let [our_address, their_address] = addresses;
        compare("address", same_address(ours, theirs), our_address, their_address);
        equal!("API version", backend.api_version);
        equal!("emulated", emulated);
        let (ours, theirs) = (&self.dataset, &other.dataset);
        compare("dataset", same_dataset(ours, theirs), shown(ours), shown(theirs));
        equal!("rows", rows, "all rows");
        equal!("models", models);
        let [ours, theirs] =
            [&self.variants, &other.variants].map(|all| said(&shown_variants(all), "none"));
        compare("variants", self.variants == other.variants, ours, theirs);
        equal!("scorers", scorers);
        equal!("poll interval (ms)", settings.poll_interval_ms);
        equal!("settle (ms)", settings.settle_ms);
        equal!("deadline (ms)", settings.deadline_ms);
        equal!("on ambiguous", settings.on_ambiguous);
        equal!("retry rows", settings.retry_rows);
        equal!("stuck", settings.stuck);
        equal!("limits", settings.limits);
        let (ours, theirs) = (self.settings.budget, other.settings.budget);
        compare("budget", ours == theirs, dollars(ours), dollars(theirs));
        equal!("max result bytes", settings.max_result_bytes);
        lines
    }
}

fn same_address(ours: &Backend, theirs: &Backend) -> bool {
    let own = |backend: &Backend| backend.kind == BackendKind::Emulator;
    (own(ours) && own(theirs)) || ours.base_url == theirs.base_url
}

fn same_dataset(ours: &Dataset, theirs: &Dataset) -> bool {
    match (&ours.sha256, &theirs.sha256) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => ours.label == theirs.label && agree(ours.bytes, theirs.bytes),
    }
}

/// Variants by name, with their edits where they have any.
fn shown_variants(variants: &[Variant]) -> Vec<String> {
    let shown = |variant: &Variant| match &variant.edits {
        Some(edits) => format!("{}: {edits}", variant.name),
        None => variant.name.clone(),
    };
    variants.iter().map(shown).collect()
}

/// A dataset in a few words: `logs.jsonl, 2445 bytes, sha256 d1a8…`.
fn shown(dataset: &Dataset) -> String {
    let bytes = dataset.bytes.map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
    let digest = dataset.sha256.as_deref().and_then(|digest| digest.get(..12));
    let digest = digest.map(|digest| format!(", sha256 {digest}…")).unwrap_or_default();
    format!("{}{bytes}{digest}", plain(&dataset.label))
}

/// An amount in millionths of a dollar for people.
fn dollars(amount: Option<u64>) -> String {
    amount.map_or_else(
        || "none".to_owned(),
        |micros| {
            let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            format!("${}", text.trim_end_matches('0').trim_end_matches('.'))
        },
    )
}

/// A value for people; `none` stands for one that is not there.
fn said(value: &impl Serialize, none: &str) -> String {
    match serde_json::to_value(value).unwrap_or_default() {
        Value::Null => none.to_owned(),
        Value::String(text) => plain(&text),
        Value::Array(all) if all.is_empty() => none.to_owned(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(|one| said(one, none)).collect();
            all.join(", ")
        }
        other => plain(&other.to_string()),
    }
}

/// A text without quotes around it, in which controls are escapes.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' => plain.push(c),
            c => plain.extend(c.escape_debug()),
        }
    }
    plain
}

fn agree(ours: Option<u64>, theirs: Option<u64>) -> bool {
    ours.zip(theirs).is_none_or(|(ours, theirs)| ours == theirs)
}

#[cfg(test)]
mod tests {
    use crate::{Asked, BackendKind};

    type Edit = fn(&mut Asked);

    fn asked() -> Asked {
        serde_json::from_str(
            r#"{"backend":{"kind":"gemini","base_url":"https://x","api_version":"v1beta"},
            "emulated":false,"dataset":{"label":"a.jsonl","bytes":3},"models":["m"],
            "variants":[{"name":"default"}],"scorers":["function-call"],
            "settings":{"settle_ms":1,"deadline_ms":2,"on_ambiguous":"retry"}}"#,
        )
        .unwrap()
    }

    #[test]
    fn every_field_counts() {
        let run = asked();
        assert_eq!(run.difference(&run), [] as [&str; 0]);
        let edits: [(&str, Edit); 18] = [
            ("service", |a| a.backend.kind = BackendKind::Emulator),
            ("address", |a| a.backend.base_url.push('y')),
            ("API version", |a| a.backend.api_version.clear()),
            ("emulated", |a| a.emulated = true),
            ("dataset", |a| a.dataset.bytes = Some(4)),
            ("models", |a| a.models.push("n".into())),
            ("variants", |a| a.variants.clear()),
            ("scorers", |a| a.scorers.clear()),
            ("poll interval (ms)", |a| a.settings.poll_interval_ms = Some(1)),
            ("settle (ms)", |a| a.settings.settle_ms = 9),
            ("deadline (ms)", |a| a.settings.deadline_ms = 9),
            ("on ambiguous", |a| a.settings.on_ambiguous = crate::OnAmbiguous::Stop),
            ("variants", |a| a.variants[0].edits = Some("system = \"x\"".into())),
            ("retry rows", |a| a.settings.retry_rows = 1),
            ("stuck", |a| {
                a.settings.stuck = Some(crate::Stuck { after_ms: 1, then: crate::Then::Split });
            }),
            ("limits", |a| a.settings.limits.live_jobs = Some(1)),
            ("budget", |a| a.settings.budget = Some(1)),
            ("max result bytes", |a| a.settings.max_result_bytes = Some(1)),
        ];
        for (what, edit) in edits {
            let mut other = asked();
            edit(&mut other);
            let lines = run.difference(&other);
            assert!(lines.len() == 1 && lines[0].starts_with(&format!("{what}: ")), "{lines:?}");
        }
        let mut other = asked();
        other.models = vec!["n\u{1b}".into()];
        assert_eq!(run.difference(&other), [r"models: the run has m, asked for is n\u{1b}"]);
    }

    #[test]
    fn what_is_not_there_is_said_in_words() {
        let run = asked();
        let mut other = asked();
        other.rows = Some("--where '.x == \"a\"'".into());
        other.settings.budget = Some(7);
        other.scorers.clear();
        assert_eq!(
            run.difference(&other),
            [
                r#"rows: the run has all rows, asked for is --where '.x == "a"'"#,
                "scorers: the run has function-call, asked for is none",
                "budget: the run has none, asked for is $0.000007",
            ]
        );
    }

    #[test]
    fn key_and_unknown_lengths_and_emulator_ports_do_not_count() {
        let mut run = asked();
        let mut other = asked();
        other.key_fingerprint = Some("f".into());
        other.dataset.bytes = None;
        assert_eq!(run.difference(&other), [] as [&str; 0]);
        for asked in [&mut run, &mut other] {
            asked.backend.kind = BackendKind::Emulator;
        }
        other.backend.base_url = "http://127.0.0.1:9".into();
        assert_eq!(run.difference(&other), [] as [&str; 0]);
    }

    #[test]
    fn digests_decide_about_the_dataset_where_both_are_known() {
        let mut run = asked();
        let mut other = asked();
        other.dataset.label = "./a.jsonl".into();
        assert_eq!(run.difference(&other).len(), 1);
        run.dataset.sha256 = Some("1".into());
        other.dataset.sha256 = Some("1".into());
        assert_eq!(run.difference(&other), [] as [&str; 0]);
        other.dataset = crate::Dataset { sha256: Some("2".into()), ..run.dataset.clone() };
        assert_eq!(run.difference(&other).len(), 1);
    }
}
