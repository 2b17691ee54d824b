//! One count over all that was tested, whoever tested it.

/// How a check by outsiders went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With what it saw, in a few words.
    Passed(String),
    /// With what went wrong.
    Failed(String),
    /// With what this machine lacks.
    Skipped(String),
}

/// Tests passed, failed and skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    remarks: Vec<String>,
}

impl Tally {
    /// Counts a line of libtest's output if it is a result line; says whether it was one.
    pub(crate) fn add_line(&mut self, line: &str) -> bool {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return false;
        };
        for count in counts.split(['.', ';']) {
            let mut words = count.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            match (number.parse::<u64>(), what) {
                (Ok(number), "passed") => self.passed += number,
                (Ok(number), "failed") => self.failed += number,
                (Ok(number), "ignored") => self.skipped += number,
                _ => {}
            }
        }
        true
    }

    /// Counts one check and prints how it went.
    pub(crate) fn add(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Outcome::Passed(what) => {
                self.passed += 1;
                println!("check {name} ... ok ({what})");
            }
            Outcome::Failed(why) => {
                self.failed += 1;
                println!("check {name} ... FAILED\n{why}");
                self.remarks.push(format!("failed: {name}"));
            }
            Outcome::Skipped(why) => {
                self.skipped += 1;
                println!("check {name} ... skipped: {why}");
                self.remarks.push(format!("skipped: {name}: {why}"));
            }
        }
    }

    /// Prints the closing line; true when nothing failed and nothing was skipped that may not be.
    pub(crate) fn close(&self, skips_fail: bool) -> bool {
        println!();
        for remark in &self.remarks {
            println!("{remark}");
        }
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        self.failed == 0 && self.passed > 0 && (self.skipped == 0 || !skips_fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expect: (u64, u64, u64)) {
        let mut tally = Tally::default();
        for line in lines {
            tally.add_line(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.skipped), expect);
    }

    #[test]
    fn result_lines_are_summed() {
        check(
            &[
                "running 3 tests",
                "test a ... ok",
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s",
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
            ],
            (13, 2, 1),
        );
    }

    #[test]
    fn other_lines_are_not() {
        check(
            &["", "99 passed; 1 failed", "  test result: ok. 5 passed;", "test result passed"],
            (0, 0, 0),
        );
    }

    #[test]
    fn a_skip_fails_only_where_it_may_not_be() {
        let mut tally = Tally { passed: 1, ..Tally::default() };
        tally.add("sdk", Outcome::Skipped("no python3".to_owned()));
        assert_eq!((tally.close(false), tally.close(true)), (true, false));
    }

    #[test]
    fn nothing_tested_is_no_success() {
        assert!(!Tally::default().close(false));
    }
}
