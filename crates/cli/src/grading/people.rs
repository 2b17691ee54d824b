//! Whether anybody said what a judge is to be compared with, found out before it is asked and paid for.

use run_store::RunFolder;

use crate::context::Context;
use crate::dataset_rows::seek_logged;
use crate::exit::Outcome;
use crate::sought::{Seen, Sought};

/// Refuses judges on the desk that are to be compared with labels at a place that no row of the run has.
pub(crate) fn labelled(context: &Context, folder: &RunFolder) -> Outcome<()> {
    let mut sought = Sought::default().and_labels(&context.desk);
    if sought.is_settled() {
        return Ok(());
    }
    seek_logged(context, folder, |line| {
        sought.look(Seen::Kept { logged: line, request: None });
        sought.is_settled().then_some(())
    })?;
    let lacking = sought.missing().next().map(|(_, failure)| failure.safe("nothing was asked"));
    lacking.map_or(Ok(()), Err)
}
