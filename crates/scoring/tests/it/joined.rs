//! Scorers that look at the dataset's side of a row, and the dataset that gives it.

use std::io;
use std::sync::Mutex;

use scoring::{
    BatchScorer, DatasetReader, DatasetRow, DatasetRows, Form, Json, Keys, Needs, Pass, PassError,
    Row, Scorer, Scores, Verdict,
};

use serde_json::value::RawValue;

use crate::support::{call, file, text};

/// Passes rows whose expected value is the row's number.
#[derive(Debug)]
struct Expects;

impl Scorer for Expects {
    fn name(&self) -> &'static str {
        "expects"
    }
    fn needs(&self) -> Needs {
        Needs::NOTHING.and_expected()
    }
    fn score(&self, row: &Row<'_>) -> Verdict {
        assert!(row.logged.is_none(), "nobody asked for it");
        match row.expected {
            Some(expected) => Verdict::Pass(expected.text() == row.number.to_string()),
            None => Verdict::unscorable("no expected value"),
        }
    }
}

/// Expected values for even rows; remembers what was asked of it.
#[derive(Debug, Default)]
struct Dataset {
    asked: Mutex<Vec<u64>>,
    broken: bool,
}

impl DatasetRows for Dataset {
    fn open(&self) -> io::Result<Box<dyn DatasetReader + '_>> {
        Ok(Box::new(Reader(self)))
    }
}

struct Reader<'a>(&'a Dataset);

impl DatasetReader for Reader<'_> {
    fn fetch(&mut self, number: u64, needs: Needs) -> io::Result<DatasetRow> {
        if self.0.broken {
            return Err(io::Error::other("gone"));
        }
        self.0.asked.lock().unwrap().push(number);
        assert!(needs.expected && !needs.request && !needs.logged);
        let expected = number.is_multiple_of(2).then_some(if number < 4 { number } else { 0 });
        Ok(DatasetRow {
            expected: expected.and_then(|value| Json::parse(&value.to_string())),
            ..DatasetRow::default()
        })
    }
}

#[test]
fn what_a_scorer_needs_is_fetched_for_the_rows_it_sees() {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(Expects)];
    let mut scores = Scores::new(6, &scorers);
    let dataset = Dataset::default();
    let results = file(&[call(4), call(2), text(1), crate::support::error(0)]);
    let pass = Pass::new(&scorers).keys(Keys::ours(0..6)).dataset(&dataset);
    pass.run(results.as_bytes(), &mut scores).unwrap();
    assert_eq!(dataset.asked.into_inner().unwrap(), [4, 2, 1]);
    let verdicts: Vec<_> = (0..6).map(|row| scores.passed(0, row)).collect();
    assert_eq!(verdicts, [None, None, Some(true), None, Some(false), None]);
    let tally = scores.tally(0).unwrap();
    assert_eq!(tally.reasons.iter().collect::<Vec<_>>(), [("no expected value", 1)]);
}

#[test]
fn a_dataset_that_breaks_stops_the_pass_by_row() {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(Expects)];
    let mut scores = Scores::new(6, &scorers);
    let dataset = Dataset { broken: true, ..Dataset::default() };
    let pass = Pass::new(&scorers).keys(Keys::ours(0..6)).dataset(&dataset);
    let error = pass.run(file(&[call(4)]).as_bytes(), &mut scores).unwrap_err();
    assert!(matches!(error, PassError::Dataset { row: 4, .. }));
}

/// Passes rows whose request is at hand.
#[derive(Debug)]
struct HasRequest;

impl Scorer for HasRequest {
    fn name(&self) -> &'static str {
        "has-request"
    }
    fn needs(&self) -> Needs {
        Needs::NOTHING.and_request()
    }
    fn score(&self, row: &Row<'_>) -> Verdict {
        Verdict::Pass(row.request.is_some_and(|request| request.text().starts_with('{')))
    }
}

#[test]
fn a_dataset_scored_on_its_own_has_its_requests_at_hand() {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(HasRequest)];
    let mut scores = Scores::new(0, &scorers);
    let dataset = r#"{"request":{"contents":[]},"response":{}}"#;
    Pass::new(&scorers).form(Form::Logged).run(dataset.as_bytes(), &mut scores).unwrap();
    assert_eq!(scores.passed(0, 0), Some(true));
}

#[test]
fn every_scorer_is_a_batch_scorer_even_behind_a_pointer() {
    let lines = [call(0), text(1)];
    let raws: Vec<&RawValue> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows: Vec<Row<'_>> =
        (0..).zip(&raws).map(|(number, raw)| Row::of_line(number, raw)).collect();
    let mut scorer: Box<dyn Scorer> = Box::new(scoring::FunctionCall::last_part());
    let verdicts = scorer.as_mut().score_batch(&rows).unwrap();
    assert_eq!(verdicts, [Verdict::Pass(true), Verdict::Pass(false)]);
}
