//! The commands that set things up: a settings file from a look at a dataset, the check before a run, the doctor.

use std::fs;

use serde_json::{Value, json};
use tests::house::{House, KEY};
use tests::process::{Said, Server, batch_eval, root};
use tests::rows;

fn object(said: &Said) -> Value {
    serde_json::from_str(said.stdout.trim()).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// The findings on a subject: how each stands, and its text.
fn on<'v>(checked: &'v Value, subject: &str) -> Vec<(&'v str, &'v str)> {
    let findings = checked["findings"].as_array().unwrap().iter();
    let of = findings.filter(|finding| finding["subject"] == subject);
    of.map(|finding| (finding["mark"].as_str().unwrap(), finding["text"].as_str().unwrap()))
        .collect()
}

/// Datasets of other kinds: calls, JSON, labels with fields, texts with hostile fields, none logged.
fn datasets() -> Vec<(&'static str, String)> {
    let answer = |request: &Value, text: &str, fields: &Value| {
        let mut row = json!({"request": request, "response": {"candidates": [{"content":
            {"parts": [{"text": text}]}, "finishReason": "STOP"}]}});
        for (name, value) in fields.as_object().unwrap() {
            row[name] = value.clone();
        }
        row.to_string() + "\n"
    };
    let ask = |n: usize| json!({"model": "models/old", "contents": [{"role": "user", "parts": [{"text": format!("q{n}")}]}]});
    let labels = (0..60).map(|n| {
        let language = ["en", "de", "fr"][n % 3];
        let conversation = format!("c{}", n / 4);
        let fields = json!({"metadata": {
            "language": language, "conversation": conversation, "answer": "spam"}});
        answer(&ask(n), ["spam", "ham"][n % 2], &fields)
    });
    let jsons = (0..20).map(|n| {
        let mut request = ask(n);
        request["generationConfig"] = json!({"responseMimeType": "application/json"});
        answer(&request, "{\"kind\": \"a\"}", &json!({}))
    });
    let hostile = (0..20).map(|n| {
        let name = "ev\u{1b}[31m\"]\n[[x";
        let value = ["a\"\nbudget = 0", "b"][n % 2];
        answer(&ask(n), "x\u{202e}", &json!({name: value}))
    });
    let bare = (0..5).map(|n| json!({"request": ask(n)}).to_string() + "\n");
    vec![
        ("calls", String::from_utf8(rows::file(11, 80)).unwrap()),
        ("labels", labels.collect()),
        ("jsons", jsons.collect()),
        ("hostile", hostile.collect()),
        ("bare", bare.collect()),
        ("plain", rows::plain_file(0..30)),
    ]
}

#[test]
fn a_new_settings_file_holds_whatever_the_dataset() {
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(root().join("docs/schemas/config-1.json")).unwrap(),
    )
    .unwrap();
    let known = schema["properties"].as_object().unwrap();
    for (name, rows) in datasets() {
        let house = House::with_rows(0);
        house.write("logs.jsonl", &rows);
        let said = house.call_without_key(&["init", "logs.jsonl"]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{name}: {said:?}");
        let path = house.path().join("batch-eval.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("dataset = \"logs.jsonl\"") && text.contains("scorer = ["),
            "{name}: {text}"
        );
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{name}: {text:?}");
        for line in text.lines().filter(|line| !line.starts_with('#') && line.contains('=')) {
            let field = line.split('=').next().unwrap().trim();
            assert!(known.contains_key(field), "{name}: {field} is not in the schema");
        }
        let checked = house.call_without_key(&["check", "--json"]);
        assert_eq!(checked.code, Some(0), "{name}: {checked:?}\n{text}");
        assert_eq!(on(&object(&checked), "settings"), [("good", "batch-eval.toml")], "{name}");
        // What it sets is what a run takes.
        let run = house.call_without_key(&["run", "--accept-partial", "-q"]);
        assert_eq!(run.code, Some(0), "{name}: {run:?}");

        let again = house.call_without_key(&["init", "logs.jsonl"]);
        assert_eq!(
            (again.code, again.stderr.contains("--force")),
            (Some(2), true),
            "{name}: {again:?}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "nothing is written over");
        let forced = house.call_without_key(&["init", "logs.jsonl", "--force", "-m", "sim-pro"]);
        assert_eq!(forced.code, Some(0), "{forced:?}");
        assert!(fs::read_to_string(&path).unwrap().contains("models = [\"sim-pro\"]"));
    }
}

#[test]
fn what_is_suggested_was_seen() {
    let house = House::with_rows(0);
    for (name, rows) in datasets() {
        house.write(&format!("{name}.jsonl"), &rows);
    }
    let text =
        |name: &str| house.call_without_key(&["init", &format!("{name}.jsonl"), "-o", "-"]).stdout;
    let labels = text("labels");
    assert!(labels.contains("slices = [\"/metadata/language\"]"), "{labels}");
    assert!(labels.contains("de (20), en (20), fr (20)"), "{labels}");
    assert!(labels.contains("cluster = \"/metadata/conversation\""), "{labels}");
    assert!(labels.contains("ham (30), spam (30)") && labels.contains("by old (60)"), "{labels}");
    assert!(
        labels.contains(
            "\nscorer = ['label(labels=[\"ham\",\"spam\"], expected=\"/metadata/answer\")']"
        ),
        "{labels}"
    );
    assert!(text("jsons").contains("\nscorer = ['json-match(expected=\"logged\")']"));
    assert!(text("plain").contains("\nscorer = [\"same-text\"]"), "{}", text("plain"));
    let calls = text("calls");
    assert!(
        calls.contains("\nscorer = [\"function-call\"]")
            && calls.contains("rows declare functions"),
        "{calls}"
    );
    assert!(text("bare").contains(": 0 rows with a logged answer"));
    let plain = fs::read_to_string(house.path().join("plain.jsonl")).unwrap();
    house.write("torn.jsonl", &format!("{plain}\n[1]\n"));
    let (torn, all) = (text("torn"), plain.lines().count() + 1);
    assert!(torn.contains(&format!("a look at all {all} rows")), "as `check` counts them: {torn}");
    assert!(torn.contains(&format!("1 of {all} rows hold no request")), "{torn}");
    // A broken file of old does not keep a new one from being made, and a pipe will do.
    house.write("batch-eval.toml", "modles = 5");
    let piped = fs::File::open(house.path().join("plain.jsonl")).unwrap();
    let said = batch_eval(house.path(), ["init", "-", "-o", "-"]).stdin(piped).output().unwrap();
    let said = Said::from(said);
    assert!(said.code == Some(0) && said.stdout.contains("all 30 rows"), "{said:?}");
    for (words, code, part) in [
        (vec!["init", "none.jsonl", "-o", "-"], 2, "no such file"),
        (vec!["init", "batch-eval.toml", "-o", "-"], 3, "none with a `request`"),
        (vec!["init", "plain.jsonl", "-m", "../x", "-o", "-"], 2, "no model name"),
    ] {
        let said = house.call_without_key(&words);
        assert_eq!(
            (said.code, said.stderr.contains(part)),
            (Some(code), true),
            "{words:?}: {said:?}"
        );
    }
}

#[test]
fn the_check_finds_what_a_run_would_fail_of_and_makes_nothing() {
    let house = House::with_rows(12);
    house.write("bad.jsonl", "{\"request\":{\"contents\":[{}]}}\n{\"request\": nope}\n");
    house.write("broken.toml", "modles = []");
    let wrong: [(&[&str], i32, &str, &str); 8] = [
        (&["data.jsonl", "-m", "gemini-3.8-flash"], 4, "key", "no API key"),
        (&["bad.jsonl", "-m", "sim-pro"], 3, "dataset", "1 of 2 rows are bad"),
        (&["none.jsonl", "-m", "sim-pro"], 2, "dataset", "no such file"),
        (&["data.jsonl", "-m", "a", "-m", "a"], 2, "models", "named twice"),
        (&["data.jsonl", "-m", "sim-pro", "--scorer", "nothing"], 2, "scorers", "unknown scorer"),
        (
            &["data.jsonl", "-m", "sim-pro", "--config", "broken.toml"],
            2,
            "settings",
            "unknown field `modles`",
        ),
        (&["data.jsonl", "-m", "sim-pro", "--name", "../x"], 2, "name", "../x"),
        (&["data.jsonl", "-m", "sim-pro", "--runs-dir", "data.jsonl"], 8, "folder", "is no folder"),
    ];
    for (words, code, subject, part) in wrong {
        let mut all = vec!["check", "--json"];
        all.extend(words);
        let said = house.call_without_key(&all);
        let checked = object(&said);
        assert_eq!(
            (said.code, checked["exit"].as_i64()),
            (Some(code), Some(code.into())),
            "{said:?}"
        );
        let found = on(&checked, subject);
        assert!(
            found.iter().any(|(mark, text)| *mark == "bad" && text.contains(part)),
            "{words:?}: {found:?}"
        );
        let quiet: Vec<&str> =
            all.iter().map(|word| if *word == "--json" { "-q" } else { word }).collect();
        let said = house.call_without_key(&quiet);
        assert!(
            said.code == Some(code) && said.stdout.lines().all(|line| !line.starts_with('✓')),
            "{said:?}"
        );
        assert!(said.stdout.contains('✗') && said.stderr.is_empty(), "{said:?}");
    }
    assert!(!house.path().join("runs").exists(), "no run is made");
}

#[test]
fn settings_that_cannot_be_read_leave_no_defaults_in_their_place() {
    let house = House::with_rows(3);
    house.write("batch-eval.toml", "dataset = \"data.jsonl\"\nmodels = [\"sim-pro\"\nscorer = 5\n");
    let said = house.call_without_key(&["check", "--emulator", "--json"]);
    let checked = object(&said);
    assert_eq!(said.code, Some(2), "{said:?}");
    let subjects = checked["findings"].as_array().unwrap().iter().map(|one| &one["subject"]);
    let subjects: Vec<&Value> = subjects.collect();
    assert_eq!(subjects, ["settings", "rest"], "{checked}");
    let [(mark, text)] = on(&checked, "rest")[..] else { panic!("{checked}") };
    assert!(mark == "skipped" && text.contains("dataset") && text.contains("cannot be read"));
    // The doctor looks into no folder of runs that nobody named.
    let found = object(&house.call_without_key(&["doctor", "--json"]));
    assert_eq!((on(&found, "folder")[0].0, on(&found, "runs").len()), ("skipped", 0), "{found}");
    let found = object(&house.call_without_key(&["doctor", "--json", "--runs-dir", "mine"]));
    assert_eq!((on(&found, "folder")[0].0, on(&found, "runs").len()), ("good", 1), "{found}");
}

#[test]
fn the_check_asks_the_service_and_spends_nothing() {
    let house = House::with_rows(6);
    let server = Server::emulator(
        house.path(),
        &["--models", "model-a,model-b", "--bad-key", "wrongkey", "--control"],
    );
    let base = ["data.jsonl", "--base-url", server.base_url(), "--json"];
    let check = |more: &[&str]| {
        let mut words = vec!["check"];
        words.extend(base);
        words.extend(more);
        house.call(&words)
    };
    let said = check(&["-m", "model-a"]);
    let checked = object(&said);
    assert_eq!((said.code, checked["ok"].as_bool()), (Some(0), Some(true)), "{said:?}");
    assert_eq!(on(&checked, "key"), [("good", "from GEMINI_API_KEY")]);
    assert!(on(&checked, "models")[0].1.starts_with("model-a"), "{checked}");
    assert!(on(&checked, "limits")[0].1.contains("0 jobs under way now"), "{checked}");
    assert!(!said.stdout.contains(KEY), "the key is not shown");

    let said = check(&["-m", "model-c"]);
    let findings = object(&said)["findings"].to_string();
    assert!(
        said.code != Some(0) && findings.contains("model-a"),
        "close names are named: {said:?}"
    );
    let mut words = vec!["check"];
    words.extend(base);
    words.extend(["-m", "model-a"]);
    let bad = Said::from(
        batch_eval(house.path(), &words).env("GEMINI_API_KEY", "wrongkey").output().unwrap(),
    );
    assert_eq!((bad.code, on(&object(&bad), "key")[0].0), (Some(4), "bad"), "{bad:?}");
    let offline = check(&["-m", "model-c", "--offline"]);
    assert_eq!(offline.code, Some(0), "{offline:?}");

    assert_eq!(tests::house::creates(&server), Vec::<Value>::new(), "no job is created");
    let requests =
        tests::get::json(server.base_url(), "/__emulator/history")["requests"].to_string();
    assert!(!requests.contains("upload"), "nothing is uploaded: {requests}");
    drop(server);
    assert!(!house.path().join("runs").exists());
}

#[test]
fn the_doctor_says_what_is_there_and_never_shows_a_secret() {
    let house = House::with_rows(1);
    let said = house.call_without_key(&["doctor", "--json"]);
    let found = object(&said);
    assert_eq!((said.code, found["ok"].as_bool()), (Some(0), Some(true)), "{said:?}");
    assert_eq!(on(&found, "key")[0].0, "note", "{found}");
    assert_eq!(on(&found, "emulator")[0].0, "good", "{found}");
    let text = house.call_without_key(&["doctor"]).stdout;
    assert!(text.contains("Without a key") && text.contains("batch-eval emulator"), "{text}");

    let mut with = batch_eval(house.path(), ["doctor"]);
    with.env("GEMINI_API_KEY", KEY)
        .env("GOOGLE_API_KEY", KEY)
        .env("HTTPS_PROXY", "http://me:secret@proxy:3128");
    let said = Said::from(with.output().unwrap());
    for part in ["from GOOGLE_API_KEY, which wins over GEMINI_API_KEY", "http://proxy:3128"] {
        assert!(said.stdout.contains(part), "{part} in {said:?}");
    }
    assert!(!said.stdout.contains(KEY) && !said.stdout.contains("secret"), "{said:?}");
    house.write("batch-eval.toml", "modles = []");
    let said = house.call_without_key(&["doctor"]);
    assert!(said.code == Some(2) && said.stdout.contains("did you mean `models`?"), "{said:?}");
}

#[test]
fn what_was_probably_meant_is_said() {
    let house = House::with_rows(3);
    house.write("logs.jsonl", &fs::read_to_string(house.path().join("data.jsonl")).unwrap());
    house.write("rows.json", "[{\"request\": {}}]");
    let prepared =
        ["run", "data.jsonl", "-m", "sim-pro", "--name", "friday", "--until", "prepared"];
    assert_eq!(house.call_without_key(&prepared).code, Some(0));
    for (words, code, next) in [
        (&["run", "log.jsonl", "-m", "sim-pro"][..], 2, "did you mean logs.jsonl?"),
        (&["init", "log.jsonl"], 2, "did you mean logs.jsonl?"),
        (&["status", "firday"], 2, "did you mean friday?"),
        (&["show", "fridy", "1"], 2, "did you mean friday?"),
        (&["status", "something-else"], 2, "`batch-eval runs` lists the runs"),
        (&["init", "rows.json"], 3, "jq -c '.[]'"),
    ] {
        let said = house.call_without_key(words);
        assert_eq!(said.code, Some(code), "{said:?}");
        assert!(said.stderr.contains(next), "{said:?}");
    }
    // Of rows without an answer there is nothing to score, and that is what is said.
    house.write_rows("bare.jsonl", [serde_json::json!({"request": {"contents": []}})]);
    let said = house.call_without_key(&["score", "bare.jsonl"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("no row of bare.jsonl has a logged answer"), "{said:?}");
}
