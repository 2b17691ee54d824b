//! `batch-eval.toml`: what it says, flags say better; what is wrong in it is shown where it stands.

use std::fs;

use serde_json::Value;
use tests::house::House;
use tests::process::{Said, root};
use tests::rows;

fn house(config: &str) -> House {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file(0..6));
    house.write("batch-eval.toml", config);
    house
}

fn prepared(house: &House, name: &str, words: &[&str]) -> Said {
    let mut all = vec!["run", "--name", name, "--emulator", "--until", "prepared"];
    all.extend(words);
    house.call_without_key(&all)
}

fn asked(house: &House, run: &str) -> Value {
    let text = fs::read(house.run(run).join("run.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["asked"].take()
}

#[test]
fn flags_come_before_the_file() {
    let house = house(
        "dataset = \"data.jsonl\"\nmodels = [\"sim-a\", \"sim-b\"]\nretry_rows = 2\nbudget = 3\n\
         stuck_after = \"24h\"\nstuck_then = \"split\"\n[limits]\nrows_per_shard = 4\njobs = 7\n",
    );
    assert_eq!(prepared(&house, "file", &[]).code, Some(0));
    let file = asked(&house, "file");
    assert_eq!(file["models"], serde_json::json!(["sim-a", "sim-b"]));
    let settings = &file["settings"];
    assert_eq!((&settings["retry_rows"], &settings["budget"]), (&2.into(), &3_000_000.into()));
    assert_eq!(
        (&settings["stuck"]["then"], &settings["limits"]["live_jobs"]),
        (&"split".into(), &7.into())
    );
    assert_eq!(house.input("file", "s0002.v0").len(), 2);

    let words = ["-m", "sim-c", "--retry-rows", "0", "--rows-per-shard", "5", "--budget", "0.5"];
    assert_eq!(prepared(&house, "flags", &words).code, Some(0));
    let flags = asked(&house, "flags");
    assert_eq!(flags["models"], serde_json::json!(["sim-c"]));
    assert!(flags["settings"]["retry_rows"].as_u64().unwrap_or(0) == 0, "{flags}");
    assert_eq!(flags["settings"]["budget"], 500_000);
    assert_eq!(flags["settings"]["limits"]["live_jobs"], 7, "what no flag says stays");
    assert_eq!(house.input("flags", "s0001.v0").len(), 5);
    // A dataset that is named takes the place of the file's.
    house.write("other.jsonl", &rows::plain_file(0..1));
    assert_eq!(prepared(&house, "other", &["other.jsonl"]).code, Some(0));
    assert_eq!(house.input("other", "s0001.v0").len(), 1);
}

#[test]
fn a_mistake_is_shown_where_it_stands() {
    let house = house("dataset = \"data.jsonl\"\n\nmodles = [\"sim-a\"]\n");
    for words in [&["run"][..], &["status"], &["runs"]] {
        let said = house.call_without_key(words);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains("batch-eval.toml, line 3, column 1"), "{said:?}");
        assert!(said.stderr.contains("modles = [\"sim-a\"]\n^^^^^^"), "{said:?}");
        assert!(said.stderr.contains("models"), "{said:?}");
    }
    let said = house.call_without_key(&["run", "--json"]);
    let error = said.last();
    assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("error"), Some("usage")));
    assert!(!house.path().join("runs").exists(), "nothing was made");
    // One that is named has to be there; another takes the place of the one that lies here.
    let said = house.call_without_key(&["runs", "--config", "nowhere.toml"]);
    assert!(said.code == Some(2) && said.stderr.contains("nowhere.toml"), "{said:?}");
    house.write("good.toml", "models = [\"sim-a\"]\n");
    assert_eq!(house.call_without_key(&["runs", "--config", "good.toml"]).code, Some(0));
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    let cases = [
        ("stuck_then = \"split\"\n", "stuck_after"),
        ("models = [\"sim-a\", \"sim-a\"]\n", "sim-a"),
        ("budget = -1\n", "budget"),
        ("[[variant]]\nsystem_instruction = \"x\"\n", "name"),
        ("[[variant]]\nname = \"a\"\nset = { \"/contents\" = [] }\n", "contents"),
    ];
    for (config, what) in cases {
        let house = house(config);
        let said = prepared(&house, "odd", &["data.jsonl"]);
        assert_eq!(said.code, Some(2), "{config}: {said:?}");
        assert!(said.stderr.contains(what), "{config}: {said:?}");
        assert!(!house.run("odd").exists(), "{config}: nothing was made");
    }
}

#[test]
fn the_example_of_the_documents_is_good_and_names_every_field() {
    let document = fs::read_to_string(root().join("docs/config.md")).unwrap();
    let example = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let house = house(example);
    house.write("logs.jsonl", &rows::plain_file(0..3));
    let table = "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n";
    house.write("prices.toml", table);
    house.write("limits.toml", &table.replace("prices", "limits"));
    let said = prepared(&house, "documented", &["-m", "sim-a"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(asked(&house, "documented")["variants"].as_array().unwrap().len(), 2);

    let schema: Value =
        serde_json::from_slice(&fs::read(root().join("docs/schemas/config-1.json")).unwrap())
            .unwrap();
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut fields = names(&schema["properties"]);
    fields.extend(names(&schema["$defs"]["limits"]["properties"]));
    fields.extend(names(&schema["$defs"]["variant"]["properties"]));
    let lacking: Vec<_> =
        fields.iter().filter(|field| !document.contains(&format!("`{field}`"))).collect();
    assert!(lacking.is_empty(), "docs/config.md says nothing of {lacking:?}");
}
