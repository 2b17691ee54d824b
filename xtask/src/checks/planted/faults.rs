//! The faults that are planted: one small wrong change of the program each, and the tests that must notice it.

/// A wrong change, and who must notice.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is wrong then, for people.
    pub(super) what: &'static str,
    /// The file of the checkout.
    pub(super) file: &'static str,
    /// Text that stands in it once.
    pub(super) right: &'static str,
    /// What stands there instead.
    pub(super) wrong: &'static str,
    pub(super) noticed_by: By,
}

/// Who must notice.
#[derive(Debug)]
pub(super) enum By {
    /// The tests of this crate.
    Crate(&'static str),
    /// This example among the end-to-end tests, given the program.
    Example(&'static str),
}

pub(super) const FAULTS: [Fault; 19] = [
    Fault {
        what: "a line of the journal is not synced",
        file: "crates/run-store/src/journal.rs",
        right: "    file.sync_data()?;\n    Ok((next, line.len() as u64))",
        wrong: "    Ok((next, line.len() as u64))",
        noticed_by: By::Example("write_order"),
    },
    Fault {
        what: "a file gets its name before it is synced",
        file: "crates/run-store/src/atomic.rs",
        right: "        file.sync_all().map_err(StoreError::io(\"sync\", &self.path))?;\n",
        wrong: "",
        noticed_by: By::Example("write_order"),
    },
    Fault {
        what: "the folder of a new file is not synced",
        file: "crates/run-store/src/atomic.rs",
        right: "        safe::sync_folder(self.path.parent().unwrap_or(Path::new(\".\")))\n    }\n}",
        wrong: "        Ok(())\n    }\n}",
        noticed_by: By::Example("write_order"),
    },
    Fault {
        what: "an intent is not written before its effect",
        file: "crates/batch-orchestrator/src/driver.rs",
        right: "            self.journal.append(event).map_err(DriveError::Journal)?;",
        wrong: "            if !matches!(event, Event::CreateIntended { .. }) {\n                \
            self.journal.append(event).map_err(DriveError::Journal)?;\n            }",
        noticed_by: By::Crate("batch-orchestrator"),
    },
    Fault {
        what: "lines of the journal are swapped",
        file: "crates/batch-orchestrator/src/driver.rs",
        right: "        for event in events {\n            self.journal",
        wrong: "        for event in events.iter().rev() {\n            self.journal",
        noticed_by: By::Crate("batch-orchestrator"),
    },
    Fault {
        what: "one list is enough to hold that a job does not exist",
        file: "crates/batch-orchestrator/src/settle.rs",
        right: "self.complete_lists >= 2 && begun >= self.began + self.wait",
        wrong: "self.complete_lists >= 1",
        noticed_by: By::Crate("batch-orchestrator"),
    },
    Fault {
        what: "the wait is over when it begins",
        file: "crates/batch-orchestrator/src/settle.rs",
        right: "self.complete_lists >= 2 && begun >= self.began + self.wait",
        wrong: "self.complete_lists >= 2",
        noticed_by: By::Crate("batch-orchestrator"),
    },
    Fault {
        what: "a job that fits the budget to the last micro-dollar is held to exceed it",
        file: "crates/batch-orchestrator/src/ledger.rs",
        right: "is_some_and(|sum| sum <= budget)",
        wrong: "is_some_and(|sum| sum < budget)",
        noticed_by: By::Crate("batch-orchestrator"),
    },
    Fault {
        what: "a piece that fills its request is not the last one",
        file: "crates/gemini-client/src/upload/machine.rs",
        right: "last: rest <= self.chunk }",
        wrong: "last: rest < self.chunk }",
        noticed_by: By::Crate("gemini-client"),
    },
    Fault {
        what: "a gateway's error is taken for a create that was refused",
        file: "crates/gemini-client/src/error.rs",
        right: "matches!(no.status, 400 | 401 | 403 | 404 | 413 | 429)",
        wrong: "matches!(no.status, 400..600)",
        noticed_by: By::Crate("gemini-client"),
    },
    Fault {
        what: "redirects are followed, with the key",
        file: "crates/gemini-client/src/builder.rs",
        right: ".redirect(redirect::Policy::none())",
        wrong: ".redirect(redirect::Policy::limited(3))",
        noticed_by: By::Crate("gemini-client"),
    },
    Fault {
        what: "a download that was cut within a line is whole",
        file: "crates/gemini-client/src/download.rs",
        right: "self.total.is_none() && self.bytes > 0 && !self.ends_line",
        wrong: "self.total.is_none() && self.bytes == 0 && !self.ends_line",
        noticed_by: By::Crate("gemini-client"),
    },
    Fault {
        what: "a block of the input ends a byte late",
        file: "crates/jsonl-transform/src/blocks.rs",
        right: "map_or(0, |end| filled.min(end + 1))",
        wrong: "map_or(0, |end| filled.min(end + 2))",
        noticed_by: By::Crate("jsonl-transform"),
    },
    Fault {
        what: "results find their rows by position",
        file: "crates/scoring/src/work.rs",
        right: "Some(key) => self.keys.row_of(key.as_bytes()).filter(|row| !self.copies.has(*row)),",
        wrong: "Some(_) => Some(line.position),",
        noticed_by: By::Crate("scoring"),
    },
    Fault {
        what: "data can end the element of the page that it stands in",
        file: "crates/eval-report/src/page/data.rs",
        right: "'<' => text.push_str(\"\\\\u003c\"),",
        wrong: "'<' => text.push('<'),",
        noticed_by: By::Crate("eval-report"),
    },
    Fault {
        what: "a cell of the CSV begins a formula",
        file: "crates/eval-report/src/export/csv.rs",
        right: "|| seen.starts_with(STARTS) {",
        wrong: "|| seen.starts_with(&STARTS[1..]) {",
        noticed_by: By::Crate("eval-report"),
    },
    Fault {
        what: "text can reverse the direction of a terminal's line",
        file: "crates/eval-report/src/sanitize.rs",
        right: "| 0x2028..=0x202e ",
        wrong: "| 0x2028..=0x2029 ",
        noticed_by: By::Crate("eval-report"),
    },
    Fault {
        what: "a mid-p value counts the observed table whole",
        file: "crates/eval-stats/src/paired.rs",
        right: "let mid_p = 2.0 * at_most - binomial(fewer, n, 0.5);",
        wrong: "let mid_p = 2.0 * at_most;",
        noticed_by: By::Crate("eval-stats"),
    },
    Fault {
        what: "a scorer's process sees our environment",
        file: "crates/scorer-plugins/src/worker/child.rs",
        right: "            .env_clear()\n",
        wrong: "",
        noticed_by: By::Crate("scorer-plugins"),
    },
];
