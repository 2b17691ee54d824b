//! The rules over generated rows with many kinds of tools: every outcome comes up, models differ,
//! arguments fit their schemas, and equal requests get equal answers.

use super::*;
use crate::dice::Dice;

const SUBJECTS: [&str; 6] =
    ["the invoice", "a train to Porto", "the weather", "my parcel", "a table", "the garden"];
const SIGNS: [&str; 6] = [
    "URGENT!!!",
    "claim your free prize now",
    "http://bit.ly/x",
    "thanks for yesterday",
    "see you at the meeting",
    "what do you think?",
];

/// Rules of this seed, with the usual judge.
fn answer(seed: u64, model: &str, request: &Value, response_id: &str) -> RowAnswer {
    let rules = Rules { seed, judging: Judging::default() };
    super::answer(&rules, model, request, response_id)
}

fn row(n: u64) -> Value {
    let mut dice = Dice::new(n);
    let words: Vec<&str> = (0..3).map(|_| SIGNS[dice.below(SIGNS.len())]).collect();
    let text = format!("{} {n}: {}", SUBJECTS[dice.below(SUBJECTS.len())], words.join(", "));
    let tools = [
        json!([{"functionDeclarations": [{"name": "report_spam", "parameters": {
            "type": "OBJECT", "required": ["why", "score"], "properties": {
                "why": {"type": "STRING"},
                "score": {"type": "NUMBER", "minimum": 0, "maximum": 1},
                "kind": {"type": "STRING", "enum": ["advert", "phishing", "scam"]}}}}]}]),
        json!([{"function_declarations": [
            {"name": "book_table", "description": "Books a table", "parameters": {
                "type": "OBJECT", "required": ["guests", "tags", "where"], "properties": {
                    "guests": {"type": "INTEGER", "minimum": 1, "maximum": "12"},
                    "tags": {"type": "ARRAY", "items": {"type": "STRING"}, "minItems": "2"},
                    "where": {"type": "OBJECT", "required": ["inside"],
                              "properties": {"inside": {"type": "BOOLEAN"}}}}}},
            {"name": "get_weather"}]}]),
    ];
    let mut request = json!({"contents": [{"role": "user", "parts": [{"text": text}]}]});
    if !dice.chance(0.1) {
        request["tools"] = tools[dice.below(2)].clone();
    }
    request
}

fn said(answer: &RowAnswer) -> String {
    format!("{answer:?}")
}

fn kind(answer: &RowAnswer) -> &'static str {
    let RowAnswer::Response(response) = answer else { return "error" };
    if response.get("promptFeedback").is_some() {
        return "blocked";
    }
    let candidate = &response["candidates"][0];
    let Some(parts) = candidate["content"]["parts"].as_array() else { return "empty" };
    let call = |part: &Value| part.get("functionCall").is_some();
    match (candidate["finishReason"].as_str(), parts.iter().position(call)) {
        (Some("MAX_TOKENS"), _) => "truncated",
        (_, Some(at)) if at + 1 == parts.len() => "call",
        (_, Some(_)) => "call then text",
        (_, None) => "text",
    }
}

fn tally(model: &str) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for n in 0..1_000 {
        *counts.entry(kind(&answer(1, model, &row(n), "id"))).or_default() += 1;
    }
    counts
}

#[test]
fn every_outcome_comes_up_and_a_pro_calls_better() {
    let (flash, pro, lite) = (tally("sim-flash"), tally("sim-pro"), tally("sim-flash-lite"));
    for kind in ["call", "text", "call then text", "blocked", "error", "empty"] {
        assert!(flash.get(kind).is_some_and(|n| *n > 0), "{kind} in {flash:?}");
    }
    let truncated = [&flash, &pro, &lite].iter().any(|counts| counts.contains_key("truncated"));
    assert!(truncated, "{flash:?} {pro:?} {lite:?}");
    assert!(flash["call"] > lite["call"] && pro["call"] > flash["call"] + 20, "{flash:?} {pro:?}");
    assert_ne!(tally("other-flash"), flash);
}

#[test]
fn a_pro_follows_the_content_more_closely() {
    let agrees = |model: &str| {
        (0..1_000)
            .filter(|n| {
                let request = row(*n);
                let spam = View::of(&request).signs.suspicion > 0.0;
                let kind = kind(&answer(1, model, &request, "id"));
                request["tools"][0].get("functionDeclarations").is_some()
                    && kind.starts_with("call") == spam
            })
            .count()
    };
    assert!(agrees("sim-pro") > agrees("sim-flash"));
    assert!(agrees("sim-flash") > agrees("sim-lite"));
}

#[test]
fn arguments_fit_the_declared_schema() {
    let mut calls = 0;
    for n in 0..400 {
        let RowAnswer::Response(response) = answer(1, "sim-pro", &row(n), "id") else { continue };
        let parts = response["candidates"][0]["content"]["parts"].as_array().cloned();
        for call in parts.iter().flatten().filter_map(|part| part.get("functionCall")) {
            calls += 1;
            let args = &call["args"];
            match call["name"].as_str().unwrap() {
                "report_spam" => {
                    assert!(args["why"].as_str().is_some_and(|why| !why.is_empty()), "{args}");
                    assert!(args["score"].as_f64().is_some_and(|s| (0.0..=1.0).contains(&s)));
                    let kinds = ["advert", "phishing", "scam"];
                    assert!(args.get("kind").is_none_or(|k| kinds.contains(&k.as_str().unwrap())));
                }
                "book_table" => {
                    assert!(args["guests"].as_i64().is_some_and(|n| (1..=12).contains(&n)));
                    assert!(args["tags"].as_array().is_some_and(|tags| tags.len() >= 2));
                    assert!(args["where"]["inside"].is_boolean());
                }
                "get_weather" => assert_eq!(*args, json!({})),
                other => panic!("{other} was never declared"),
            }
        }
    }
    assert!(calls > 100, "{calls}");
}

#[test]
fn spelling_and_order_change_nothing_but_seed_and_model_do() {
    let camel = json!({"contents": [{"role": "user", "parts": [{"text": "WIN cash now!!!"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "tools": [{"functionDeclarations": [{"name": "flag"}]}]});
    let snake = json!({"tools": [{"function_declarations": [{"name": "flag"}]}],
        "model": "models/x", "tool_config": {"function_calling_config": {"mode": "ANY"}},
        "contents": [{"parts": [{"text": "WIN cash now!!!"}], "role": "user"}]});
    assert_eq!(said(&answer(3, "m", &camel, "id")), said(&answer(3, "m", &snake, "id")));
    let seeds = (0..300).filter(|seed| {
        kind(&answer(*seed, "sim-flash", &row(1), "id"))
            != kind(&answer(0, "sim-flash", &row(1), "id"))
    });
    assert!(seeds.count() > 0);
}

#[test]
fn modes_limits_and_media_are_honoured() {
    let ask = |extra: Value| {
        let mut request = json!({"contents": [{"parts": [{"text": "Is it raining in Oslo today?"}]}],
            "tools": [{"functionDeclarations": [{"name": "get_weather"}, {"name": "get_time"}]}]});
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        (0..40).map(|seed| answer(seed, "sim-flash", &request, "id")).collect::<Vec<_>>()
    };
    let mode = |mode: &str, allowed: Value| {
        ask(json!({"toolConfig": {"functionCallingConfig":
            {"mode": mode, "allowedFunctionNames": allowed}}}))
    };
    assert!(mode("NONE", json!([])).iter().all(|answer| !kind(answer).starts_with("call")));
    let any = mode("ANY", json!(["get_time"]));
    assert!(any.iter().filter(|answer| kind(answer).starts_with("call")).count() > 30);
    assert!(any.iter().all(|answer| !format!("{answer:?}").contains("get_weather")));
    let short = ask(json!({"generationConfig": {"maxOutputTokens": 2}}));
    let cut = |answer: &&RowAnswer| format!("{answer:?}").contains("MAX_TOKENS");
    assert!(short.iter().filter(cut).count() > 30);
    let image = |mime: &str, data: &str| {
        ask(json!({"contents": [{"parts": [{"text": "look"},
            {"inline_data": {"mime_type": mime, "data": data}}]}]}))
    };
    let refused = |answer: &RowAnswer| matches!(answer, RowAnswer::Error { code: 3, .. });
    assert!(image("application/x-foo", "aGk=").iter().all(refused));
    assert!(image("image/png", "").iter().all(refused));
    assert!(!image("image/png", "aGk=").iter().any(refused));
}

#[test]
fn json_answers_follow_their_schema() {
    let request = json!({"contents": [{"parts": [{"text": "rate the garden"}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseSchema":
            {"type": "OBJECT", "required": ["stars"],
             "properties": {"stars": {"type": "INTEGER", "minimum": 1, "maximum": 5}}}}});
    let seen = (0..40).filter(|seed| {
        let RowAnswer::Response(response) = answer(*seed, "m", &request, "id") else {
            return false;
        };
        let text = &response["candidates"][0]["content"]["parts"][0]["text"];
        let parsed: Option<Value> = text.as_str().and_then(|text| serde_json::from_str(text).ok());
        parsed.is_some_and(|value| (1..=5).contains(&value["stars"].as_i64().unwrap_or(0)))
    });
    assert!(seen.count() > 30);
}
