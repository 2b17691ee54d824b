//! Slips of somebody new: each is told of before anything is sent for it, with what to write instead.

use serde_json::{Value, json};
use tests::house::House;
use tests::process::Said;

/// Rows that declare no function.
fn row(n: usize) -> Value {
    json!({
        "key": format!("t{n}"),
        "request": {"contents": [{"role": "user", "parts": [{"text": format!("Ticket {n}?")}]}]},
        "response": {"candidates": [{
            "content": {"role": "model", "parts": [{"text": "here"}]}, "finishReason": "STOP",
        }]},
        "metadata": {"country": "DE", "human": "pass"},
    })
}

fn house() -> House {
    let house = House::with_rows(0);
    house.write_rows("data.jsonl", (0..12).map(row));
    house.write_rows(
        "other.jsonl",
        (0..12).map(|n| json!({"key": format!("z{n}"), "expected": "a"})),
    );
    house
}

fn call(house: &House, words: &[&str]) -> Said {
    house.call_without_key(words)
}

#[track_caller]
fn says(said: &Said, code: i32, parts: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    let all = format!("{}{}", said.stdout, said.stderr);
    for part in parts {
        assert!(all.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn requests_without_functions_are_told_of_where_functions_are_scored() {
    let house = house();
    let none = ["no request declares a function", "batch-eval init data.jsonl"];
    let run = ["run", "data.jsonl", "--emulator", "-m", "sim-flash", "--name", "plain"];
    says(&call(&house, &run), 0, &none);
    says(&call(&house, &["score", "plain"]), 0, &none);
    says(&call(&house, &["score", "data.jsonl"]), 0, &none);
    says(&call(&house, &["check", "data.jsonl", "--emulator"]), 0, &none[1..]);
    let said = call(&house, &["score", "data.jsonl", "--scorer", "words(max=9)"]);
    assert!(!said.stderr.contains("declares"), "{said:?}");
    // One declares them, in another input than the first.
    let mut rows: Vec<Value> = (0..4).map(row).collect();
    rows[3]["request"]["tools"] = json!([{"functionDeclarations": [{"name": "track"}]}]);
    house.write_rows("late.jsonl", rows);
    let run = ["run", "late.jsonl", "--emulator", "-m", "sim-flash", "--rows-per-shard", "2"];
    let said = call(&house, &run);
    says(&said, 0, &[]);
    assert!(!said.stderr.contains("declares"), "{said:?}");
}

#[test]
fn expected_values_that_no_row_has_are_refused_by_every_command_alike() {
    let house = house();
    let with = ["--expected", "other.jsonl", "--scorer", "equals"];
    let none = ["none of 12 rows has an expected value"];
    for command in [
        &["run", "data.jsonl", "--emulator"][..],
        &["check", "data.jsonl", "--emulator"],
        &["score", "data.jsonl"],
    ] {
        says(&call(&house, &[command, &with].concat()), 3, &none);
    }
    house.write("broken.jsonl", "nope\n");
    let check = ["check", "data.jsonl", "--emulator", "--scorer", "equals", "--expected"];
    for (file, code, problem) in
        [("broken.jsonl", 3, "line 1: not JSON"), ("nowhere.jsonl", 2, "no such file")]
    {
        says(&call(&house, &[&check[..], &[file]].concat()), code, &[problem]);
    }
    let run = ["run", "data.jsonl", "--emulator", "-m", "sim-flash", "--scorer", "words(max=9)"];
    says(&call(&house, &[&run[..], &["--name", "plain"]].concat()), 0, &[]);
    let no_value = ["equals holds answers against a right one, and no row is given any"];
    for what in ["plain", "data.jsonl"] {
        says(&call(&house, &["score", what, "--scorer", "equals"]), 2, &no_value);
    }
    says(&call(&house, &["score", "plain", "--scorer", "equals(value=\"here\")"]), 0, &[]);
    says(&call(&house, &[&run[..], &["--name", "other"]].concat()), 0, &[]);
    says(&call(&house, &["compare", "plain", "other", "--scorer", "equals"]), 2, &no_value);
}

#[test]
fn runs_are_compared_by_the_right_answers_that_they_were_made_with() {
    let house = house();
    let right = (0..12).map(|n| json!({"key": format!("t{n}"), "expected": "here"}));
    house.write_rows("right.jsonl", right);
    for name in ["one", "two"] {
        let run = ["run", "data.jsonl", "--emulator", "-m", "sim-pro", "--name", name];
        let said = call(
            &house,
            &[&run[..], &["--expected", "right.jsonl", "--scorer", "equals"]].concat(),
        );
        says(&said, 0, &[]);
    }
    let said = call(&house, &["compare", "one", "two", "--json"]);
    says(&said, 0, &[]);
    assert_eq!(said.last()["comparisons"][0]["rows"], 12, "{said:?}");
}

#[test]
fn labels_of_people_that_no_row_has_are_refused_before_a_judge_is_asked() {
    let house = house();
    let judge = r#"judge:rubric(model="sim-judge", human="/metadata/humn")"#;
    let none =
        ["none of 12 rows has the people's label /metadata/humn", "did you mean /metadata/human?"];
    let words = ["data.jsonl", "--emulator", "--scorer", judge];
    says(&call(&house, &[&["check"][..], &words].concat()), 2, &none[..1]);
    says(&call(&house, &[&["run"][..], &words].concat()), 2, &none);
    let run = ["run", "data.jsonl", "--emulator", "-m", "sim-flash", "--name", "plain"];
    says(&call(&house, &run), 0, &[]);
    says(&call(&house, &["score", "plain", "--scorer", judge]), 2, &none);
    assert!(!house.run("plain").join("judges").exists(), "nothing was asked");
}

#[test]
fn filters_that_leave_no_row_are_named() {
    let house = house();
    house.write("empty.jsonl", "");
    for (words, what, next) in [
        (
            &["--where", ".metadata.country == \"XX\""][..],
            "--where leaves none of 12 rows",
            "batch-eval init",
        ),
        (&["--rows", "300..400"], "--rows leaves none of 12 rows", "--rows 0..12"),
        (&["--sample", "0"], "--sample leaves none of 12 rows", "--sample 10"),
        (&["--head", "0"], "--head leaves none of ", "--head 10"),
    ] {
        says(
            &call(&house, &[&["run", "data.jsonl", "--emulator"], words].concat()),
            3,
            &[what, next],
        );
    }
    says(
        &call(&house, &["run", "empty.jsonl", "--emulator"]),
        3,
        &["empty.jsonl: 0 rows: nothing is in it"],
    );
}

#[test]
fn scorers_written_otherwise_are_shown_as_they_are_written() {
    let house = house();
    for (scorer, next) in [
        ("label", "written like this: label("),
        ("words(max=9", "written like this: words"),
        ("judge:rubric", "written like this: judge:rubric(model="),
        ("equals(expect=\"/a\")", "did you mean `expected`?"),
    ] {
        says(&call(&house, &["score", "data.jsonl", "--scorer", scorer]), 2, &[next]);
    }
    says(&call(&house, &["score", "data.jsonl", "--list"]), 2, &["a file keeps no scorings"]);
    let run = ["run", "data.jsonl", "--emulator", "-m", "sim-flsh", "--name", "plain"];
    says(&call(&house, &run), 0, &["lists sim-flash: is that meant?"]);
    let said = call(&house, &["report", "plain", "--baseline", "nobody"]);
    says(&said, 2, &["there are sim-flsh, logged\n"]);
}

#[test]
fn python_scorers_that_judge_nothing_or_are_not_there_are_told_of_shortly() {
    let house = house();
    house.write(
        "mine.py",
        "def grade(row):\n    return 1.7\n\ndef bad(row):\n    raise ValueError('no such thing')\n",
    );
    let check = |name: &str| call(&house, &["plugin", "check", &format!("python:mine.py:{name}")]);
    says(&check("grade"), 9, &["none of ", "which is not in 0..1", "7 of 8 rules kept"]);
    says(&check("bad"), 0, &["odd rows got a verdict: ValueError: no such thing"]);
    let said = call(&house, &["score", "data.jsonl", "--scorer", "python:mine.py:bad"]);
    says(&said, 0, &["next: `batch-eval plugin check 'python:mine.py:bad'`"]);
    assert!(!said.stderr.contains("<string>"), "{said:?}");
    let said = call(&house, &["score", "data.jsonl", "--scorer", "python:nope.py"]);
    says(&said, 9, &["cannot work: there is no file "]);
    assert!(!said.stderr.contains("Traceback"), "{said:?}");
}
