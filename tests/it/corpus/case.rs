//! One bad input as data: how it is made, what is called, what must come of it.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use tests::process::root;
use toml::Value;

/// A file of the corpus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    #[serde(default)]
    case: Vec<Value>,
    #[serde(default)]
    elsewhere: Vec<Elsewhere>,
}

/// A row of the table; `tests/fixtures/corpus/README.md` says what the fields mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) n: u16,
    pub(super) what: String,
    pub(super) run: String,
    pub(super) code: i32,
    pub(super) known: Option<String>,
    pub(super) rows: Option<usize>,
    pub(super) data: Option<String>,
    #[serde(default)]
    pub(super) file: Vec<File>,
    pub(super) script: Option<String>,
    /// What every download gives.
    pub(super) results: Option<String>,
    #[serde(default)]
    pub(super) emulator: bool,
    pub(super) serve: Option<String>,
    #[serde(default)]
    pub(super) before: Vec<String>,
    #[serde(default)]
    pub(super) says: Vec<String>,
    #[serde(default)]
    pub(super) never: Vec<String>,
    #[serde(default)]
    pub(super) outcomes: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) holds: BTreeMap<String, Vec<String>>,
    pub(super) creates: Option<usize>,
    /// The member of the family.
    #[serde(skip)]
    pub(super) member: String,
}

/// A file that lies in the folder: as text, as hexadecimal digits, or as one text again and again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) path: String,
    text: Option<String>,
    hex: Option<String>,
    #[serde(default)]
    head: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    times: usize,
    #[serde(default)]
    tail: String,
}

impl File {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match (&self.text, &self.hex) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(hex)) => {
                let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
                let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
                digits.chunks_exact(2).map(byte).collect()
            }
            (None, None) => (self.head.clone() + &self.unit.repeat(self.times) + &self.tail).into(),
        }
    }
}

/// An input that tests of another kind are better for, or none can be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Elsewhere {
    pub(super) n: u16,
    pub(super) what: String,
    #[serde(default)]
    pub(super) tests: Vec<String>,
    /// Why there is no test.
    pub(super) open: Option<String>,
}

/// Every row, families spread out, and what is tested elsewhere; those that wait longest come first.
pub(super) fn all() -> (Vec<Case>, Vec<Elsewhere>) {
    let (mut cases, mut elsewhere) = (Vec::new(), Vec::new());
    for noun in ["answers", "dataset", "scorers", "results", "words", "folder"] {
        let path = root().join(format!("tests/fixtures/corpus/{noun}.toml"));
        let page: Page = toml::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{noun}.toml: {error}"));
        cases.extend(page.case.into_iter().flat_map(family));
        elsewhere.extend(page.elsewhere);
    }
    (cases, elsewhere)
}

/// The members of a row with `each`, in whose texts `$EACH` stands for the member.
fn family(mut row: Value) -> Vec<Case> {
    let each = row.as_table_mut().and_then(|row| row.remove("each"));
    let members = match each {
        Some(Value::Array(members)) => members,
        _ => vec![Value::String(String::new())],
    };
    let spread = members.into_iter().map(|member| {
        let member = member.as_str().unwrap_or_default().to_owned();
        let case = filled(row.clone(), &member).try_into();
        let case: Case = case.unwrap_or_else(|error| panic!("{row}: {error}"));
        Case { member, ..case }
    });
    spread.collect()
}

fn filled(value: Value, member: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("$EACH", member)),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| filled(item, member)).collect())
        }
        Value::Table(table) => {
            let table = table.into_iter().map(|(name, value)| (name, filled(value, member)));
            Value::Table(table.collect())
        }
        other => other,
    }
}
