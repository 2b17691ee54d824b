//! Whether any row of a dataset has a value in a file of expected ones, found out before anything is made.

use jsonl_transform::{RowSink, Rows, WriteError};

use super::table::Table;
use super::{Wish, join, kept};
use crate::exit::{Exit, Failure, Outcome};
use crate::words::rows;

/// A file of expected values, and how many of the rows seen so far have one in it.
#[derive(Debug)]
pub(crate) struct Fits {
    table: Table,
    with: u64,
    all: u64,
}

impl Fits {
    /// Of the file that `--expected` names; nothing where it names none.
    pub(crate) fn of(text: Option<&str>) -> Outcome<Option<Self>> {
        Ok(match text.map(Wish::parse).transpose()? {
            Some(Wish::File { path, value }) => {
                Some(Self { table: join::whole(&path, value)?, with: 0, all: 0 })
            }
            _ => None,
        })
    }

    /// What a run would be refused for.
    pub(crate) fn failure(&self) -> Option<Failure> {
        (self.all > 0 && self.with == 0).then(|| none(self.all))
    }
}

/// No row has an expected value.
pub(crate) fn none(all: u64) -> Failure {
    let what = format!("none of {} has an expected value: no key or row number fits", rows(all));
    Failure::new(Exit::Dataset, what)
        .next("`key` is that of the dataset row, `row` its line, counted from 0")
}

/// A sink whose rows are looked up on their way.
pub(crate) struct Fitting<'a, S> {
    pub(crate) inner: &'a mut S,
    pub(crate) fits: Option<&'a mut Fits>,
}

impl<S: RowSink> RowSink for Fitting<'_, S> {
    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        // One that has a value is enough.
        if let Some(fits) = self.fits.as_mut().filter(|fits| fits.with == 0) {
            for row in rows.iter() {
                fits.all += 1;
                // Lines that are no rows are told of by whoever writes them.
                let found = kept::place(&fits.table, &row.logged.to_vec());
                fits.with += u64::from(found.is_ok_and(|found| found.is_some()));
            }
        }
        self.inner.rows(rows)
    }

    fn wants_logged(&self) -> bool {
        self.fits.as_ref().is_some_and(|fits| fits.with == 0) || self.inner.wants_logged()
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.inner.finish()
    }
}
