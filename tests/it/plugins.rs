//! Scorers of people's own in the program: what they say ends up as figures, and what they break costs no more than it must.

use serde_json::{Value, json};
use tests::house::House;
use tests::process::{Said, batch_eval};

/// The notebook's rule, and five others as people write them.
const RULES: &str = r#"
def is_correct(row):
    parts = row["response"]["candidates"][0]["content"]["parts"]
    return "functionCall" in parts[-1]

def grade(row):
    return len(row["response"]["candidates"][0]["content"]["parts"]) / 4

def reason(row):
    return row["response"]["candidates"][0].get("finishReason", "none")

def verdict(row):
    text = row["response"]["candidates"][0]["content"]["parts"][0].get("text")
    if text is None:
        return {"unscorable": "there is no text"}
    return {"pass": "refund" in text}

def asked(row, beside):
    wanted = beside["request"]["contents"][0]["parts"][0]["text"]
    return row["response"]["candidates"][0]["content"]["parts"][0]["text"] == wanted

def strict(row):
    checks = (len(part["text"]) > 0 for part in row["response"]["candidates"][0]["content"]["parts"])
    return all(checks)
"#;

/// What the logged model answered: a text, another that is asked for, a call, a text and a call, and nothing.
fn dataset() -> String {
    let parts = [
        json!([{"text": "no"}]),
        json!([{"text": "refund 1"}]),
        json!([{"functionCall": {"name": "f", "args": {}}}]),
        json!([{"text": "refund 3"}, {"functionCall": {"name": "f", "args": {}}}]),
        json!([]),
    ];
    let rows = (0..10).map(|n| {
        let request = json!({"contents": [{"role": "user", "parts": [{"text": format!("refund {}", n % 5)}]}]});
        let finish = if n == 7 { "MAX_TOKENS" } else { "STOP" };
        let response = json!({"candidates": [{"content": {"parts": parts[n % 5]}, "finishReason": finish}]});
        json!({"key": format!("k{n}"), "answer": {"text": format!("refund {}", n % 2)}, "request": request, "response": response})
    });
    rows.map(|row| row.to_string() + "\n").collect()
}

fn house() -> House {
    let house = House::with_rows(0);
    house.write("data.jsonl", &dataset());
    house.write("rules.py", RULES);
    house
}

fn score(house: &House, words: &[&str]) -> Said {
    house.call_without_key(&[&["score", "data.jsonl", "--json"], words].concat())
}

/// What a scorer said of a column of a report.
fn said_by(report: &Value, column: usize, scorer: &str) -> Value {
    let scores = report["models"][column]["scores"].as_array().unwrap();
    let found = scores.iter().find(|score| score["scorer"] == scorer);
    found.unwrap_or_else(|| panic!("no {scorer} in {report}")).clone()
}

fn counts(score: &Value) -> [u64; 3] {
    ["scored", "unscorable", "passes"].map(|name| score[name].as_u64().unwrap())
}

#[test]
fn the_notebooks_function_and_five_others_work_unchanged() {
    let house = house();
    let names = ["", ":grade", ":reason", ":verdict", ":asked", ":strict"];
    let texts = names.map(|name| format!("python:rules.py{name}"));
    let words: Vec<&str> = texts.iter().flat_map(|text| ["--scorer", text.as_str()]).collect();
    let said = score(&house, &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = &said.last()["report"];
    let [own, grade, reason, verdict, asked, strict] =
        texts.each_ref().map(|text| said_by(report, 0, text));
    // Two rows have no parts: the last of none is an IndexError.
    assert_eq!(counts(&own), [8, 2, 4]);
    assert_eq!(own["unscorable_reasons"][0]["name"], "IndexError: list index out of range");
    assert_eq!((counts(&grade)[0], grade["mean"].as_f64()), (10, Some(0.25)));
    let labels: Vec<_> = reason["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(labels, [("STOP", 9), ("MAX_TOKENS", 1)]);
    assert_eq!(counts(&verdict), [6, 4, 4]);
    assert_eq!(counts(&asked), [6, 4, 4]);
    assert_eq!(counts(&strict), [6, 4, 6], "all of nothing is true; a call has no text");
}

#[test]
fn plugins_stand_within_combinators_and_beside_built_in_scorers() {
    let house = house();
    house.write(
        "batch-eval.toml",
        "[[scorer]]\nall = [\"jq:[.a, .b] | true\", { name = \"function-call\" }]\n",
    );
    let scorers = [
        "not(python:rules.py)",
        "all(jq:.response.candidates[0].content.parts | length > 1, function-call)",
        r#"any("jq:.response | has(\"x, y\")", python:rules.py:is_correct)"#,
        "any(exec:sh -c 'read -r h; echo \"{\\\"batch_eval_scorer\\\":1}\"; while read -r r; do i=${r#*:}; echo \"{\\\"id\\\":${i%%,*},\\\"pass\\\":true}\"; done', function-call)",
    ];
    let words: Vec<&str> = scorers.iter().flat_map(|text| ["--scorer", text]).collect();
    let said = score(&house, &words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let scores = &said.last()["report"]["models"][0]["scores"];
    let all: Vec<_> = scores.as_array().unwrap().iter().map(counts).collect();
    assert_eq!(all, [[8, 2, 4], [10, 0, 2], [8, 2, 4], [10, 0, 10]], "{scores}");
    // The settings file quotes what would not end where it should.
    let said = house.call_without_key(&[
        "run",
        "data.jsonl",
        "--emulator",
        "--name",
        "x",
        "--until",
        "prepared",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let run: Value =
        serde_json::from_slice(&std::fs::read(house.run("x").join("run.json")).unwrap()).unwrap();
    assert_eq!(run["asked"]["scorers"], json!([r#"all("jq:[.a, .b] | true", function-call)"#]));
}

#[test]
fn a_crash_costs_one_row_and_a_scorer_that_always_crashes_is_given_up_with_code_9() {
    let house = house();
    let dies = "import os\ndef is_correct(row):\n    if row['key'] == 'k3': os._exit(7)\n    return True\n";
    house.write("once.py", dies);
    house.write("always.py", "import os\ndef is_correct(row): os._exit(7)\n");
    let said = score(&house, &["--scorer", "python:once.py"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let own = said_by(&said.last()["report"], 0, "python:once.py");
    assert_eq!(counts(&own), [9, 1, 9], "{own}");
    let words = ["score", "data.jsonl", "--scorer", "python:once.py"];
    let said = house.call_without_key(&words);
    assert!(
        said.stderr.contains("row 3 is unscorable: the scorer ended with status 7"),
        "{said:?}"
    );

    let many: String = (0..5).map(|_| dataset()).collect();
    house.write("data.jsonl", &many);
    let said =
        house.call_without_key(&["score", "data.jsonl", "--scorer", "not(python:always.py)"]);
    assert_eq!(said.code, Some(9), "{said:?}");
    for part in
        ["broke down 11 times", "ended with status 7", "next: mend the scorer", "plugin check"]
    {
        assert!(said.stderr.contains(part), "{part}: {said:?}");
    }
    let said = score(&house, &["--scorer", "python:none.py"]);
    assert_eq!((said.code, &said.last()["code"]), (Some(9), &"scorer".into()), "{said:?}");
}

#[test]
fn plugins_are_checked_and_told_what_is_wrong() {
    let house = house();
    let said = house.call_without_key(&["plugin", "check", "python:rules.py:verdict"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.ends_with("8 of 8 rules kept\n"), "{said:?}");
    let bad = "read -r h; echo '{\"batch_eval_scorer\":1,\"name\":\"bad\"}'; read -r r || exit 0; echo '{\"id\":99,\"pass\":true}'";
    // A flag before `--` is ours wherever it stands; what is behind it is the command's.
    let said = house.call_without_key(&["plugin", "check", "--json", "--", "sh", "-c", bad]);
    assert_eq!(said.code, Some(9), "{said:?}");
    let found = said.last();
    let word = format!("sh -c '{}'", bad.replace('\'', r"'\''"));
    let in_a_word = house.call_without_key(&["plugin", "check", &word, "--json"]);
    assert_eq!(in_a_word.last()["checks"], found["checks"], "{in_a_word:?}");
    let said = house.call_without_key(&["plugin", "check", "sh", "-c", bad]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("tip: to pass '-c' as a value, use '-- -c'"), "{said:?}");
    assert_eq!(
        (&found["type"], &found["conforms"], &found["name"]),
        (&"plugin".into(), &false.into(), &"bad".into())
    );
    let rules = found["checks"].as_array().unwrap();
    let broken: Vec<_> = rules.iter().filter(|check| check["passed"] == false).collect();
    assert_eq!(broken.len(), 1, "{found}");
    assert!(broken[0]["problem"].as_str().unwrap().contains("answered 99"), "{found}");
    let said = house.call_without_key(&["plugin", "check", "jq:.a | lenght"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    let said = house.call_without_key(&["plugin", "check", "/nowhere/scorer"]);
    assert_eq!(said.code, Some(9), "{said:?}");
    assert!(said.stderr.contains("failed to start \"/nowhere/scorer\""), "{said:?}");
}

#[test]
fn a_run_finds_its_scorers_from_anywhere_and_a_stranger_does_not_start_them() {
    let house = house();
    let words = [
        "run",
        "data.jsonl",
        "--emulator",
        "-m",
        "sim-a",
        "--name",
        "own",
        "--accept-partial",
        "--scorer",
        "python:rules.py:reason",
    ];
    let said = house.call_without_key(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let other = tempfile::tempdir().unwrap();
    let run = house.run("own");
    let call = |home: &std::path::Path, words: &[&str]| {
        let run = run.to_str().unwrap();
        let words: Vec<&str> =
            words.iter().map(|word| if *word == "RUN" { run } else { word }).collect();
        Said::from(batch_eval(other.path(), words).env("HOME", home).output().unwrap())
    };
    for command in ["score", "report", "resume"] {
        let said = call(house.path(), &[command, "RUN"]);
        assert_ne!(said.code, Some(9), "{command}: {said:?}");
        assert!(said.stdout.contains("python:rules.py:reason"), "{command}: {said:?}");
        let said = call(other.path(), &[command, "RUN"]);
        assert_eq!(said.code, Some(9), "{command}: {said:?}");
        assert!(said.stderr.contains("was not made by you on this machine"), "{said:?}");
        assert!(said.stderr.contains("--trust-plugins"), "{said:?}");
    }
    assert_ne!(call(other.path(), &["score", "RUN", "--trust-plugins"]).code, Some(9));
    assert_ne!(call(other.path(), &["score", "RUN", "--scorer", "jq:true"]).code, Some(9));
    // A seal is of these texts in this place: a run that names something else is a stranger's.
    let text = std::fs::read_to_string(run.join("run.json")).unwrap();
    let forged = text.replace("python:rules.py:reason", "exec:touch was-here");
    assert_ne!(forged, text);
    std::fs::write(run.join("run.json"), forged).unwrap();
    let said = call(house.path(), &["score", "RUN"]);
    assert_eq!(said.code, Some(9), "{said:?}");
    assert!(!house.path().join("was-here").exists() && !other.path().join("was-here").exists());
}

#[test]
fn a_broken_scorer_is_found_before_anything_is_spent_and_keeps_nothing_from_being_fetched() {
    let house = house();
    let own = ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--scorer", "python:rules.py"];
    let run = |words: &[&str]| house.call_without_key(&[own.as_slice(), words].concat());
    let resume =
        |words: &[&str]| house.call_without_key(&[&["resume", "--accept-partial"], words].concat());
    for (name, until) in [("new", "prepared"), ("begun", "submitted")] {
        assert_eq!(run(&["--name", name, "--until", until]).code, Some(0));
    }
    let journal =
        || std::fs::read_to_string(house.run("new").join("journal.jsonl")).unwrap_or_default();
    let before = journal();
    house.write("rules.py", "import nothing_of_that_name\n");
    let said = run(&["--name", "other"]);
    assert_eq!((said.code, house.run("other").exists()), (Some(9), false), "{said:?}");
    let said = resume(&["new"]);
    assert_eq!(said.code, Some(9), "{said:?}");
    assert!(!journal()[before.len()..].contains("upload"), "nothing was sent: {}", journal());
    // What is under way at the service is paid for, and is not kept there for ever.
    let said = resume(&["begun", "--until", "fetched"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.stderr.contains("nothing_of_that_name"), "no scorer was started: {said:?}");
    let said = resume(&["begun"]);
    assert_eq!(said.code, Some(9), "{said:?}");
    house.write("rules.py", RULES);
    let said = resume(&["begun"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("python:rules.py"), "{said:?}");
}
