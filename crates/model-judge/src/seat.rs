//! The judge as a scorer: it says what stands on the sheet that lies before it.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use scoring::{Needs, Row, Scorer, Verdict};

use crate::Sheet;

/// Where the sheet of the column lies that is being scored; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Seat(Arc<RwLock<Option<Arc<Sheet>>>>);

impl Seat {
    /// Lays down the sheet of the column that is scored next; `None` for one that the judge was not asked about.
    pub fn lay(&self, sheet: Option<Arc<Sheet>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sheet;
    }

    fn verdict(&self, row: u64) -> Verdict {
        let sheet = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let unasked = || Verdict::unscorable("the judge was not asked about these answers");
        sheet.as_ref().map_or_else(unasked, |sheet| sheet.verdict(row))
    }
}

/// A scorer that says what a judge said when it was asked: a pure look at a [`Sheet`].
///
/// ```
/// use std::sync::Arc;
/// use model_judge::{JudgeScorer, Kind, Opinion, Order, Scale, Seat, Sheet};
/// use scoring::{Row, Scorer, Verdict};
/// let mut sheet = Sheet::new(Kind::Rubric(Scale::Pass), 1);
/// sheet.note(0, Order::Forward, Ok(Opinion::Pass(true)));
/// let seat = Seat::default();
/// let scorer = JudgeScorer::new("judge:rubric", "1f9c03ab", seat.clone());
/// let line = serde_json::from_str("{}")?;
/// assert!(!scorer.score(&Row::of_line(0, line)).is_scored());
/// seat.lay(Some(Arc::new(sheet)));
/// assert_eq!(scorer.score(&Row::of_line(0, line)), Verdict::Pass(true));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct JudgeScorer {
    name: String,
    version: String,
    seat: Seat,
}

impl JudgeScorer {
    /// The scorer of this name; its version is the judge's fingerprint.
    pub fn new(name: &str, fingerprint: &str, seat: Seat) -> Self {
        Self { name: name.to_owned(), version: fingerprint.to_owned(), seat }
    }
}

impl Scorer for JudgeScorer {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.version)
    }

    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        self.seat.verdict(row.number)
    }
}
