//! What judges said of one row, in their own words: for people who want to know why.

use std::io::{BufRead as _, BufReader};

use model_judge::words;
use run_store::RunFolder;
use serde::Serialize;

use super::questions::judged;
use super::rounds::{self, damaged};
use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::rows::RowBook;
use crate::steps;

/// What a judge said of one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Spoken {
    /// The scorer's name.
    pub(crate) scorer: String,
    /// The place of the column among those of the row book.
    #[serde(skip)]
    pub(crate) column: usize,
    /// Of a pairwise judge: whether the answer stood second.
    pub(crate) second: bool,
    /// Its verdict and its reason; none where nothing came that could be read.
    pub(crate) said: Option<String>,
}

/// What the judges of these names and fingerprints said of a row.
pub(crate) fn spoken(
    context: &Context,
    folder: &RunFolder,
    judges: &[(String, String)],
    number: u64,
) -> Outcome<Vec<Spoken>> {
    let mut all: Vec<Spoken> = Vec::new();
    for (scorer, print) in judges.iter().filter(|(_, print)| is_print(print)) {
        for round in rounds::of_judge(folder, print)? {
            for said in of_round(context, &round, scorer, number)? {
                // What is asked again counts as it is answered last.
                let is_it = |known: &Spoken| {
                    (&known.scorer, known.column, known.second)
                        == (&said.scorer, said.column, said.second)
                };
                all.retain(|known| !is_it(known));
                all.push(said);
            }
        }
    }
    all.sort_by_key(|said| (said.column, said.second));
    Ok(all)
}

/// Fingerprints come out of a file and become part of a path.
fn is_print(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn of_round(
    context: &Context,
    round: &RunFolder,
    scorer: &str,
    wanted: u64,
) -> Outcome<Vec<Spoken>> {
    let paths = round.paths();
    let file = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
    let lines = BufReader::with_capacity(1 << 18, context.stop.reader(file)).split(b'\n');
    let mut found = Vec::new();
    for (at, line) in (0..).zip(lines) {
        let line = line.map_err(|error| Failure::io("failed to read what was asked", &error))?;
        let judged =
            judged(&line).ok_or_else(|| damaged(round, "a row does not say what it asks"))?;
        // They stand in the order of the run's rows.
        if judged.place.row > wanted {
            break;
        }
        if judged.place.row == wanted {
            found.push((at, judged.place));
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let state = steps::state(round)?;
    let mut book = RowBook::open(context, round, &state, &[])?;
    let mut all = Vec::new();
    for (at, place) in found {
        let row = book.row(at)?;
        let line = row.as_ref().and_then(|row| row.answers.get(1)?.line.as_deref());
        all.push(Spoken {
            scorer: scorer.to_owned(),
            column: place.column,
            second: place.backward,
            said: line.and_then(words),
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_calls_a_fingerprint_leads_nowhere_else() {
        assert!(is_print("1f9c03ab44d1e2aa"));
        for text in ["", "..", "../..", "a/b", "1f\u{0}"] {
            assert!(!is_print(text), "{text:?}");
        }
    }
}
