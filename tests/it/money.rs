//! What a run may cost is said before it begins, and no more than the budget is ever sent.

use serde_json::{Value, json};
use tests::house::{House, column, creates, run_words};
use tests::process::{Said, Server};
use tests::{get, rows};

const MODEL: &str = "gemini-3.8-flash";
const LITE: &str = "gemini-3.5-flash-lite";

fn house() -> House {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file(0..8));
    house
}

fn server(house: &House) -> Server {
    Server::emulator(house.path(), &["--time-scale", "300", "--control", "--answers", "echo"])
}

/// The requests that brought anything to the service: uploads begun and jobs created.
fn sent(server: &Server) -> usize {
    let history = get::json(server.base_url(), "/__emulator/history");
    let requests = history["requests"].as_array().unwrap();
    let uploads = requests.iter().filter(|seen| seen["command"].is_string());
    uploads.count() + creates(server).len()
}

fn call(house: &House, server: &Server, name: &str, models: &[&str], more: &[&str]) -> Said {
    let mut words = run_words(server, name, models);
    words.extend(more);
    house.call(&words)
}

#[test]
fn what_may_exceed_the_budget_is_not_begun_and_a_higher_one_goes_on() {
    let house = house();
    let server = server(&house);
    let said = call(&house, &server, "dear", &[MODEL], &["--budget", "0.00001"]);
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stderr.contains("forecast"), "{said:?}");
    assert!(said.stderr.contains("the run may cost up to $"), "{said:?}");
    assert!(said.stderr.contains("resume dear --budget"), "{said:?}");
    assert_eq!(sent(&server), 0, "nothing was sent");
    let said = call(&house, &server, "json", &[MODEL], &["--budget", "0.00001", "--json"]);
    let events = said.events();
    let types: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(
        (said.code, types),
        (Some(5), vec![&json!("forecast"), &json!("run"), &json!("error")])
    );
    assert!(events[0]["cost_micros"]["high"].as_u64().unwrap() > 10, "{}", events[0]);
    // Neither does the same word again, nor going on with the budget as it is.
    let said = call(&house, &server, "dear", &[MODEL], &["--budget", "0.00001"]);
    assert_eq!((said.code, creates(&server).len()), (Some(5), 0), "{said:?}");
    let said = house.call(&["resume", "dear", "--poll-interval", "30ms", "--accept-partial"]);
    assert_eq!((said.code, sent(&server)), (Some(5), 0), "{said:?}");

    let words = ["resume", "dear", "--budget", "0.5", "--poll-interval", "30ms"];
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    let spent = house.told("dear", "spent");
    assert_eq!(spent.len(), 1, "{spent:?}");
    let cost = column(&house.report("dear"), MODEL, None)["cost"].clone();
    assert!(cost["micros"].as_u64().unwrap() > 0, "{cost}");
    assert_eq!(spent[0]["cost"], cost["micros"]);
    assert!(said.stdout.contains('$'), "the report says what it cost: {said:?}");
    let said = house.call(&words);
    assert_eq!((said.code, house.told("dear", "spent").len()), (Some(0), 1), "{said:?}");
}

#[test]
fn jobs_go_as_far_as_the_budget_bears_them() {
    let house = house();
    let server = server(&house);
    let table = format!(
        "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n\
         [[model]]\nname = \"{MODEL}\"\n[[model.price]]\ninput = 1000\noutput = 1000\n"
    );
    house.write("prices.toml", &table);
    let before = creates(&server).len();
    let words = ["--prices", "prices.toml", "--until", "uploaded", "--rows-per-shard", "4"];
    assert_eq!(call(&house, &server, "half", &[MODEL], &words).code, Some(0));
    // By rows: 5 tokens in, 4 to 8 out; a job of four rows is below 8 cents, two are above.
    let words =
        ["resume", "half", "--budget", "0.08", "--poll-interval", "30ms", "--accept-partial"];
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(5), before + 1), "{said:?}");
    let half = column(&house.report("half"), MODEL, None);
    assert_eq!(half["outcomes"]["missing"], 4, "{half}");
    assert!(said.stdout.contains("the budget does not bear it"), "{said:?}");
    // Rows that only wait for money are not sent again beside their own job.
    let said = house.call(&["retry", "half", "--budget", "5", "--poll-interval", "30ms"]);
    assert_eq!(creates(&server).len(), before + 1, "{said:?}");
    let words = ["resume", "half", "--budget", "5", "--poll-interval", "30ms"];
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(0), before + 2), "{said:?}");
    // The run keeps the table it was made with: at our own prices it would be millionths.
    let cost = || column(&house.report("half"), MODEL, None)["cost"]["micros"].clone();
    let all = cost();
    assert!(all.as_u64().unwrap() > 50_000, "{all}");
    assert_eq!(house.call_without_key(&["report", "half"]).code, Some(0));
    assert_eq!(cost(), all);
}

#[test]
fn an_unknown_price_fits_no_budget() {
    let house = house();
    let server = server(&house);
    let said = call(&house, &server, "unknown", &["gemini-99-ultra"], &["--budget", "1000"]);
    assert_eq!((said.code, sent(&server)), (Some(5), 0), "{said:?}");
    assert!(
        said.stderr.contains("gemini-99-ultra") && said.stderr.contains("not known"),
        "{said:?}"
    );
    // At an address of this machine nothing is paid for, so nobody is asked without a budget.
    let said = call(&house, &server, "free", &["gemini-99-ultra"], &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn a_dry_run_sends_nothing_and_leaves_a_run_that_can_be_sent() {
    let house = house();
    let server = server(&house);
    let more = ["--budget", "1", "--dry-run", "--json"];
    let said = call(&house, &server, "dry", &[MODEL, LITE], &more);
    assert_eq!((said.code, sent(&server)), (Some(0), 0), "{said:?}");
    let last = said.last();
    assert_eq!((&last["type"], &last["run"]), (&json!("paused"), &json!("dry")), "{last}");
    let forecast = &last["forecast"];
    assert_eq!(
        (&forecast["type"], &forecast["unknown"]),
        (&json!("forecast"), &json!([])),
        "{last}"
    );
    let names: Vec<&Value> =
        forecast["parts"].as_array().unwrap().iter().map(|part| &part["name"]).collect();
    assert_eq!(names, [MODEL, LITE]);
    let cost = |end: &str| forecast["cost_micros"][end].as_u64().unwrap();
    assert!(
        0 < cost("low") && cost("low") < cost("likely") && cost("likely") < cost("high"),
        "{last}"
    );
    assert_eq!(house.input("dry", "s0001.v0").len(), 8);
    let said = house.call(&["resume", "dry", "--json", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    let events = said.events();
    assert_eq!(
        (&events[0]["type"], &events[0]["forecast"]["high"]),
        (&json!("run"), &json!(cost("high")))
    );
    assert_eq!(events.last().unwrap()["type"], "report");
}

#[test]
fn what_is_above_the_limit_is_asked_for_and_nobody_there_means_no() {
    let house = house();
    let server = server(&house);
    let table = format!(
        "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n\
         [[model]]\nname = \"{MODEL}\"\n[[model.price]]\ninput = 100000\noutput = 100000\n"
    );
    house.write("prices.toml", &table);
    let prices = ["--prices", "prices.toml"];
    let said = call(&house, &server, "ask", &[MODEL], &prices);
    assert_eq!((said.code, sent(&server)), (Some(2), 0), "{said:?}");
    assert!(said.stderr.contains("nobody to ask") && said.stderr.contains("--yes"), "{said:?}");
    let said = call(&house, &server, "ask", &[MODEL], &prices);
    assert_eq!((said.code, sent(&server)), (Some(2), 0), "saying it again is no consent: {said:?}");
    let said = house.call(&["resume", "ask", "--poll-interval", "30ms"]);
    assert_eq!((said.code, sent(&server)), (Some(2), 0), "nor is to go on: {said:?}");
    let said = call(&house, &server, "ask", &[MODEL], &["--prices", "prices.toml", "--yes"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    let said =
        call(&house, &server, "more", &[MODEL], &["--prices", "prices.toml", "--ask-above", "100"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
}

#[test]
fn rows_sent_again_are_within_the_budget_too() {
    let house = house();
    house.write("script.toml", "[[jobs]]\ntimes = 1\nplan = { failing = { lines = [1] } }\n");
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let said = call(&house, &server, "again", &[MODEL], &["--budget", "1"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = house.call(&["retry", "again", "--budget", "0.000001"]);
    assert_eq!((said.code, creates(&server).len()), (Some(5), 1), "{said:?}");
    let said = house.call(&["retry", "again", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    assert_eq!(house.told("again", "spent").len(), 2, "{said:?}");
}
