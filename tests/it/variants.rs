//! Variants of the prompt beside models: each uploaded once, each with a column of its own.

use serde_json::{Value, json};
use tests::house::{House, column, creates, run_words};
use tests::process::Server;
use tests::{get, rows};

pub(crate) const CONFIG: &str = r#"
models = ["sim-flash", "sim-pro"]

[[variant]]
name = "as-logged"

[[variant]]
name = "terse"
system_instruction = "Answer in one \"short\" word."
remove = ["/generation_config/temperature"]
[variant.generation_config]
max_output_tokens = 7
"#;

/// Bytes that a careless program would write anew: numbers, escapes, odd order, spaces.
const ODD: &str = r#"{"request": {"contents":[{"parts":[{"text":"caf\u00e9  "}],"role":"user"}], "generation_config":{"topP":0.10,  "temperature":1E0}}}"#;

fn house() -> House {
    let house = House::with_rows(0);
    house.write("data.jsonl", &(rows::plain_file(0..6) + ODD + "\n"));
    house.write("batch-eval.toml", CONFIG);
    house
}

#[test]
fn each_variant_is_uploaded_once_and_compared_with_each_model() {
    let house = house();
    let server = Server::emulator(house.path(), &["--time-scale", "300", "--control"]);
    let said = house.call(&run_words(&server, "two", &[]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let history = get::json(server.base_url(), "/__emulator/history");
    let begun = |seen: &&Value| {
        seen["command"].as_str().is_some_and(|command| command.starts_with("start"))
    };
    let uploads = history["requests"].as_array().unwrap().iter().filter(begun).count();
    let jobs = creates(&server);
    assert_eq!((uploads, jobs.len()), (2, 4), "{history}");
    let mut inputs: Vec<_> = jobs.iter().map(|job| job["input"].as_str().unwrap()).collect();
    inputs.sort_unstable();
    inputs.dedup();
    assert_eq!(inputs.len(), 2, "{jobs:?}");

    let report = house.report("two");
    for model in ["sim-flash", "sim-pro"] {
        for variant in ["as-logged", "terse"] {
            let column = column(&report, model, Some(variant));
            assert_eq!(column["submitted"], 7, "{column}");
            assert_eq!(column["outcomes"]["missing"], 0, "{column}");
        }
    }
    assert_eq!(report["models"].as_array().unwrap().len(), 5, "and the logged answers once");
    let text: String = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("terse") && text.contains("as-logged"), "{said:?}");

    let shown = house.call_without_key(&["status", "two"]).stdout;
    for told in [&said.stderr, &shown] {
        assert!(told.contains(" sim-flash/terse") && !told.contains("(s0001"), "{told}");
    }
    let again = house.call(&["retry", "two", "-m", "sim-pro/terse", "--dry-run"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stderr.contains("sim-pro/terse: 0 rows"), "{again:?}");
    assert!(!again.stderr.contains("sim-pro/as-logged"), "only the cell that was named: {again:?}");
    let odd = house.call(&["retry", "two", "-m", "sim-pro/none", "--dry-run"]);
    assert_eq!(odd.code, Some(2), "{odd:?}");
    assert!(odd.stderr.contains("sim-pro/as-logged"), "what there is: {odd:?}");
}

#[test]
fn a_variant_changes_what_it_names_and_no_other_byte() {
    let house = house();
    let words = ["run", "data.jsonl", "--name", "bytes", "--emulator", "--until", "prepared"];
    assert_eq!(house.call_without_key(&words).code, Some(0));
    let text = |id: &str| {
        std::fs::read_to_string(house.run("bytes").join("input").join(format!("{id}.jsonl")))
            .unwrap()
    };
    let (logged, terse) = (text("s0001.v0"), text("s0001.v1"));
    let last = logged.lines().last().unwrap();
    let request = ODD.strip_prefix(r#"{"request": "#).unwrap().strip_suffix('}').unwrap();
    assert!(last.ends_with(&format!(r#""request":{request}}}"#)), "{last}");
    let last = terse.lines().last().unwrap();
    for kept in [r#"[{"parts":[{"text":"caf\u00e9  "}],"role":"user"}]"#, r#""topP":0.10"#] {
        assert!(last.contains(kept), "{last}");
    }
    let row: Value = serde_json::from_str(last).unwrap();
    let config = &row["request"]["generation_config"];
    assert_eq!((&config["maxOutputTokens"], config.get("temperature")), (&json!(7), None));
    assert_eq!(
        row["request"]["systemInstruction"],
        json!({"parts": [{"text": "Answer in one \"short\" word."}]})
    );
    for row in house.input("bytes", "s0001.v1") {
        let spelled = |camel: &str, snake: &str| {
            let request = row["request"].as_object().unwrap();
            request.contains_key(camel) && request.contains_key(snake)
        };
        assert!(!spelled("generationConfig", "generation_config"), "one spelling only: {row}");
    }
}

#[test]
fn each_column_is_scored_by_its_own_answers() {
    // The rows of the second variant are blocked; those of the first are answered.
    let house = house();
    house.write(
        "script.toml",
        "[[jobs]]\nwhen = { display_name = \".v1.m0.\" }\nplan = { blocked = { share = 1.0 } }\n",
    );
    let words = ["--time-scale", "300", "--control", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "own", &[]);
    words.extend(["--scorer", "not(function-call)", "--rows-per-shard", "4"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = house.report("own");
    let blocked = |model, variant| {
        column(&report, model, Some(variant))["outcomes"]["blocked"].as_u64().unwrap()
    };
    assert_eq!(blocked("sim-flash", "terse"), 7, "{report}");
    assert_eq!(blocked("sim-pro", "terse"), 0, "{report}");
    assert_eq!(blocked("sim-flash", "as-logged"), 0, "{report}");
}

#[test]
fn other_variants_are_another_run() {
    let house = house();
    let words = ["run", "data.jsonl", "--name", "same", "--emulator", "--accept-partial"];
    assert_eq!(house.call_without_key(&words).code, Some(0));
    assert_eq!(house.call_without_key(&words).code, Some(0), "the same goes on");
    house.write("batch-eval.toml", &CONFIG.replace("= 7", "= 8"));
    let said = house.call_without_key(&words);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("variant"), "{said:?}");
}

#[test]
fn rows_of_one_variant_and_shard_are_sent_again_as_they_were() {
    let house = house();
    house.write(
        "script.toml",
        "[[jobs]]\nwhen = { display_name = \".s0002.v1.m0.\" }\n\
         plan = { failing = { lines = [1, 3] } }\n",
    );
    let words = ["--time-scale", "300", "--control", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "again", &[]);
    words.extend(["--rows-per-shard", "3"]);
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3 * 2 * 2), "{said:?}");
    let said = house.call(&["retry", "again", "--poll-interval", "30ms", "--accept-partial"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3 * 2 * 2 + 1), "{said:?}");
    assert!(said.stderr.contains("sim-flash/terse: 2 rows (2 transient)"), "{said:?}");
    let before = house.input("again", "s0002.v1");
    let again = house.input("again", "s0004.v1");
    assert_eq!(again, [before[0].clone(), before[2].clone()]);
    let terse = column(&house.report("again"), "sim-flash", Some("terse"));
    assert_eq!((&terse["submitted"], &terse["outcomes"]["error"]), (&json!(7), &json!(0)));
}

#[test]
fn equal_requests_are_sent_once_under_each_variant() {
    let house = house();
    house.write("data.jsonl", &rows::plain_file([0, 1, 0, 2, 3, 1, 0]));
    let words = [
        "run",
        "data.jsonl",
        "--name",
        "once",
        "--emulator",
        "--dedupe",
        "--rows-per-shard",
        "3",
        "--accept-partial",
    ];
    let said = house.call_without_key(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    for (input, rows) in [("s0001.v0", 3), ("s0001.v1", 3), ("s0002.v0", 1), ("s0002.v1", 1)] {
        assert_eq!(house.input("once", input).len(), rows, "{input}");
    }
    let report = house.report("once");
    for (model, variant) in [("sim-flash", "as-logged"), ("sim-pro", "terse")] {
        let column = column(&report, model, Some(variant));
        assert_eq!((&column["submitted"], &column["outcomes"]["missing"]), (&json!(7), &json!(0)));
    }
}

#[test]
fn an_only_variant_is_named_wherever_its_columns_are() {
    let house = House::with_rows(4);
    house
        .write("terse.toml", "[[variant]]\nname = \"terse\"\nsystem_instruction = \"Be short.\"\n");
    house.write("plain.toml", "[[variant]]\nname = \"as-logged\"\n");
    let run = |name: &str, more: &[&str]| {
        let words = ["run", "data.jsonl", "--emulator", "-m", "sim-pro", "--accept-partial"];
        house.call_without_key(&[&words[..], &["--name", name, "--quiet"], more].concat())
    };
    let gates = ["--gate", "sim-pro >= 0", "--gate", "sim-pro/terse >= 0"];
    let terse = run("new", &[&["--config", "terse.toml"][..], &gates].concat());
    assert_eq!(terse.code, Some(0), "{terse:?}");
    assert!(terse.stdout.contains("\nsim-pro/terse "), "{terse:?}");
    assert_eq!(column(&house.report("new"), "sim-pro", Some("terse"))["submitted"], 4);
    // One that changes nothing is no other prompt.
    let plain = run("old", &["--config", "plain.toml"]);
    assert!(plain.stdout.contains("\nsim-pro "), "{plain:?}");
    let compared = house.call_without_key(&["compare", "old", "new"]);
    assert_eq!(compared.code, Some(0), "{compared:?}");
    assert!(compared.stdout.contains("sim-pro/terse in new"), "{compared:?}");
    for words in [["report", "new", "--baseline", "sim-pro"], ["show", "new", "1", "--json"]] {
        assert_eq!(house.call_without_key(&words).code, Some(0));
    }
    let odd = run("odd", &["--config", "terse.toml", "--gate", "sim-pro/trse >= 0.5"]);
    assert_eq!(odd.code, Some(2), "{odd:?}");
    assert!(odd.stderr.contains("did you mean `sim-pro/terse`?"), "{odd:?}");
}
