//! A result file without an end: so much is taken of it as is allowed, and everything else goes on.

use std::process::Command;

use tests::between::Between;
use tests::house::{House, KEY, column, creates};
use tests::process::{Said, Server, binary};

/// One row that was answered, as far as its form goes.
const ROW: &str = "{\"key\":\"k\",\"response\":{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}}\n";

/// The program, which can write no file of more than 200 MB, whatever comes.
fn bounded(house: &House, words: &[&str]) -> Said {
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -f 200000; exec \"$0\" \"$@\""]).arg(binary());
    command.args(words).args(["--poll-interval", "30ms", "--settle", "300ms"]);
    command.current_dir(house.path()).env("GEMINI_API_KEY", KEY).env("NO_COLOR", "1");
    Said::from(command.output().unwrap())
}

fn results(house: &House) -> u64 {
    let path = house.run("long").join("jobs");
    let files = std::fs::read_dir(path).into_iter().flatten().flatten();
    let sizes = files.flat_map(|job| std::fs::read_dir(job.path()).into_iter().flatten().flatten());
    sizes.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum()
}

#[test]
fn a_body_without_an_end_is_taken_as_far_as_is_allowed() {
    for (unit, more, most) in [
        (ROW, &[][..], (64_u64 + 2 * 4) << 20),
        (ROW, &["--max-result-bytes", "1000000"], 1_000_000),
        // Not even a line ends.
        ("x", &["--max-result-bytes", "1000000"], 1_000_000),
    ] {
        let house = House::scripted(2, "");
        let server = Server::emulator(
            house.path(),
            &["--time-scale", "300", "--control", "--answers", "echo"],
        );
        // Of one model only: the other's results are as they should be.
        let first = std::sync::Once::new();
        let is_first = move |request: &tests::recorder::Request| {
            let mut is_first = false;
            if request.target.contains(":download") {
                first.call_once(|| is_first = true);
            }
            is_first
        };
        let between = Between::endless(server.base_url(), is_first, unit.into()).unwrap();
        let base = between.base_url();
        let words = ["run", "data.jsonl", "--name", "long", "--base-url", &base];
        let words = [&words[..], &["-m", "sim-a", "-m", "sim-b"], more].concat();
        let said = bounded(&house, &words);
        assert_eq!(said.code, Some(6), "{said:?}");
        for part in [&format!("longer than {most} bytes")[..], "s0001.v0.m", "--max-result-bytes"] {
            assert!(said.stderr.contains(part), "{part}: {said:?}");
        }
        assert!(results(&house) < 10_000, "nothing of it is kept: {}", results(&house));
        let report = house.report("long");
        let answered = ["sim-a", "sim-b"].map(|model| {
            column(&report, model, None)["outcomes"]["answered"].as_u64().unwrap_or(0)
        });
        assert!(answered == [0, 2] || answered == [2, 0], "{answered:?}: {said:?}");
        // The service has come to itself.
        let said = house.call(&["resume", "long", "--poll-interval", "30ms"]);
        assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    }
}
