//! What a report is held against: other right answers than the run's, said in it and kept apart from the run's own.

use serde_json::json;
use tests::house::House;

/// A run of three rows, logged as `yes`, held against a file that says yes, no, yes; another file says no of each.
fn house() -> House {
    let house = House::with_rows(0);
    let rows = (0..3).map(|n| {
        json!({
            "request": {"contents": [{"role": "user", "parts": [{"text": format!("question {n}")}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": "yes"}]}, "finishReason": "STOP"}]},
        })
    });
    house.write_rows("data.jsonl", rows);
    house.write("right.jsonl", "\"yes\"\n\"no\"\n\"yes\"\n");
    house.write("other.jsonl", "\"no\"\n\"no\"\n\"no\"\n");
    house
}

const RUN: [&str; 7] = ["run", "data.jsonl", "--emulator", "-m", "sim-a", "--name", "own"];

#[test]
fn looking_at_a_report_changes_nothing_and_each_says_what_it_is_held_against() {
    let house = house();
    let own = ["--scorer", "equals", "--expected", "right.jsonl"];
    let said = house.call_without_key(&[&RUN[..], &own].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let looks = || {
        let looked = [&["show", "own", "0", "--json"][..], &["drift", "own", "--json"]];
        looked.map(|words| house.call_without_key(words).last())
    };
    let before = looks();
    assert!(before[0].to_string().contains("yes"), "{}", before[0]);
    let report = |words: &[&str]| house.call_without_key(&[&["report", "own"], words].concat());
    let other = ["--expected", "other.jsonl"];
    for form in ["terminal", "md", "json", "html", "csv", "jsonl", "junit"] {
        let said = report(&[&other[..], &["--format", form, "-o", "out"]].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(said.stderr.matches("3 rows have a value").count(), 1, "{form}: {said:?}");
    }
    let shown = report(&[&other[..], &["--json"]].concat()).last()["report"].clone();
    assert_eq!(shown["expected"], "other.jsonl");
    let short = report(&[&other[..], &["--format", "md"]].concat()).stdout;
    assert!(short.contains("3 rows, held against other.jsonl\n"), "{short}");
    assert!(short.contains("\nbatch-eval report own --expected other.jsonl\n"), "{short}");
    assert!(short.contains("--scorer equals --expected other.jsonl\n"), "{short}");
    assert!(report(&other).stdout.contains("held against other.jsonl"));
    assert_eq!(looks(), before);
    let kept = std::fs::read_to_string(house.run("own").join("report/report.json")).unwrap();
    assert!(kept.contains("\"right.jsonl\""), "{kept}");
    let said = report(&["--expected", "-"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("standard input can be read but once"), "{said:?}");
}

#[test]
fn labels_are_held_against_given_values_and_nothing_is_sent_for_want_of_them() {
    let house = house();
    let label = ["--scorer", r#"label(labels=["yes","no"])"#];
    let words = [&RUN[..], &label, &["--expected", "right.jsonl", "--json"]].concat();
    let said = house.call_without_key(&words);
    let logged = &said.last()["report"]["models"][0]["scores"][0];
    assert_eq!((&logged["passes"], &logged["scored"]), (&json!(2), &json!(3)), "{said:?}");
    house.write("some.jsonl", "{\"row\": 1, \"expected\": \"yes\"}\n");
    let words = ["score", "data.jsonl", "--expected", "some.jsonl", "--json", label[0], label[1]];
    let logged = &house.call_without_key(&words).last()["report"]["models"][0]["scores"][0];
    assert_eq!((&logged["scored"], &logged["unscorable"]), (&json!(1), &json!(2)), "{logged}");
    let words = ["data.jsonl", "--emulator", "-m", "sim-a", "--scorer", "equals"];
    let score = [&words[..1], &words[4..]].concat();
    for (command, words) in [("check", &words[..]), ("run", &words[..]), ("score", &score)] {
        let said = house.call_without_key(&[&[command], words].concat());
        assert_eq!(said.code, Some(2), "{said:?}");
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(text.contains("equals holds answers against a right one"), "{text}");
    }
    let words = ["--scorer", "blocked", "--expected", "right.jsonl", "--until", "prepared"];
    let said = house.call_without_key(&[&RUN[..5], &words].concat());
    assert!(said.stderr.contains("none of the scorers looks at the values"), "{said:?}");
}

#[test]
fn only_scorers_that_look_at_given_values_are_said_to_be_held_against_them() {
    let house = house();
    let scorers = ["equals", "words(max=9)", r#"equals(value="no")"#];
    let scorers = scorers.map(|scorer| ["--scorer", scorer]).concat();
    let said = house.call_without_key(
        &[&RUN[..], &scorers, &["--expected", "right.jsonl", "--quiet"]].concat(),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    let headings: Vec<&str> =
        said.stdout.lines().filter(|line| line.contains(", scored by ")).collect();
    assert_eq!(
        headings,
        [
            "data.jsonl, 3 rows, scored by equals, held against right.jsonl, emulated",
            "data.jsonl, 3 rows, scored by words(max=9), emulated",
            "data.jsonl, 3 rows, scored by equals(value=\"no\"), emulated",
        ]
    );
    let short = house.call_without_key(&["report", "own", "--format", "md"]).stdout;
    assert!(short.contains("**equals**, held against right.jsonl\n"), "{short}");
    assert_eq!(short.matches("held against").count(), 1, "{short}");
    let again = ["score", "own", "--scorer", "equals", "--expected", "other.jsonl", "--quiet"];
    assert_eq!(house.call_without_key(&again).code, Some(0));
    let listed = house.call_without_key(&["score", "own", "--list"]).stdout;
    assert!(listed.contains("equals, held against right.jsonl\n"), "{listed}");
    assert!(listed.contains("equals, held against other.jsonl\n"), "{listed}");
    assert_eq!(listed.matches("held against").count(), 2, "{listed}");
}
