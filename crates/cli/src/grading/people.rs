//! Whether anybody said what a judge is to be compared with, found out before it is asked and paid for.

use std::io::{BufRead as _, BufReader};

use run_store::RunFolder;

use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::sought::{Seen, Sought};

/// Refuses judges on the desk that are to be compared with labels at a place that no row of the run has.
pub(crate) fn labelled(context: &Context, folder: &RunFolder) -> Outcome<()> {
    let mut sought = Sought::default().and_labels(&context.desk);
    if sought.is_settled() {
        return Ok(());
    }
    let paths = folder.paths();
    let file = paths.open_file(&paths.logged()).map_err(|error| store(&error))?;
    let mut lines = BufReader::with_capacity(1 << 18, context.stop.reader(file));
    let mut line = Vec::new();
    while !sought.is_settled() {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).map_err(|error| {
            let failed = || Failure::io("failed to read what was logged", &error);
            context.stop.failure().unwrap_or_else(failed)
        })?;
        if read == 0 {
            break;
        }
        sought.look(Seen::Kept { logged: &line, request: None });
    }
    let lacking = sought.missing().next().map(|(_, failure)| failure.safe("nothing was asked"));
    lacking.map_or(Ok(()), Err)
}
