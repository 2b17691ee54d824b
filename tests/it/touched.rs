//! A result file that somebody touches while it is scored: the bytes decide, not when they were last looked after.

use serde_json::json;
use tests::house::House;
use tests::process::Said;

/// A run of rows that were not logged, by a scorer that does this to the run's result file as soon as it is asked.
fn run(deed: &str) -> Said {
    let house = House::with_rows(0);
    let ask = |n| json!({"request": {"contents": [{"role": "user", "parts": [{"text": format!("question {n}")}]}]}});
    house.write_rows("data.jsonl", (0..3).map(ask));
    let results = house.run("own").join("jobs/s0001.v0.m0/raw.jsonl");
    let scorer = format!(
        "import os\nresults = '{}'\ndone = []\ndef is_correct(row):\n    if not done:\n        done.append(1)\n        {deed}\n    return True\n",
        results.display()
    );
    house.write("touch.py", &scorer);
    let words = ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--name", "own"];
    house.call_without_key(&[&words[..], &["--scorer", "python:touch.py"]].concat())
}

#[test]
fn a_file_that_was_only_touched_is_scored() {
    for deed in ["os.link(results, results + '.copy')", "os.chmod(results, 0o600)"] {
        let said = run(deed);
        assert_eq!(said.code, Some(0), "{deed}: {said:?}");
        assert!(said.stdout.contains("3/3"), "{deed}: {said:?}");
    }
}

#[test]
fn a_file_that_was_changed_is_not() {
    let said = run("os.chmod(results, 0o600); open(results, 'a').write('\\n')");
    assert_eq!(said.code, Some(8), "{said:?}");
    assert!(said.stderr.contains("is not the file that was fetched"), "{said:?}");
}
