//! Requests that Google turns away, and requests that only look odd.

use super::{Findings, MediaRisk, Odd, Refusal, check, fields::Parent};

#[track_caller]
fn refusal(request: &str) -> Option<Refusal> {
    crate::validate(request.as_bytes()).expect("valid");
    check(request.as_bytes()).refusal.map(|(_, refusal)| refusal)
}

#[track_caller]
fn odd(request: &str) -> Vec<Odd> {
    crate::validate(request.as_bytes()).expect("valid");
    let found = check(request.as_bytes());
    assert_eq!(found.refusal, None, "{request}");
    found.odd
}

#[test]
fn a_plain_request_has_nothing_to_tell() {
    let request = r#"{"contents":[{"parts":[{"text":"hi"}]}],"system_instruction":{"parts":[
        {"text":""},{"text":"be brief"}],"role":"user"},"generationConfig":{"topK":1,"max_output_tokens":2},
        "tools":[{"googleSearch":{}}],"toolConfig":{"functionCallingConfig":{}},"safety_settings":[]}"#;
    assert_eq!(odd(request), []);
}

#[test]
fn what_is_known_to_be_refused_is_refused() {
    for (request, expect) in [
        (r#"{"config":{}}"#, Refusal::Field("config")),
        (r#"{"service_tier":"flex"}"#, Refusal::Field("serviceTier")),
        (r#"{"temperature":1}"#, Refusal::OutsideConfig("temperature")),
        (r#"{"max_output_tokens":1}"#, Refusal::OutsideConfig("maxOutputTokens")),
        (r#"{"systemInstruction":"be brief"}"#, Refusal::BareInstruction),
        (r#"{"systemInstruction":{"parts":[{"text":""}]}}"#, Refusal::EmptyInstruction),
        (r#"{"tools":[],"cachedContent":"c/1"}"#, Refusal::CachedWith("tools")),
        (
            r#"{"cached_content":"c/1","system_instruction":{}}"#,
            Refusal::CachedWith("systemInstruction"),
        ),
    ] {
        assert_eq!(refusal(request), Some(expect), "{request}");
    }
}

#[test]
fn what_only_resembles_it_is_not() {
    for request in [
        r#"{"systemInstruction":{"parts":[]}}"#,
        r#"{"systemInstruction":{}}"#,
        r#"{"systemInstruction":null}"#,
        r#"{"systemInstruction":{"parts":[{"text":""},{"inlineData":{}}]}}"#,
        r#"{"cachedContent":"c/1","generationConfig":{}}"#,
        r#"{"contents":[{"config":1,"temperature":2}]}"#,
    ] {
        assert_eq!(refusal(request), None, "{request}");
    }
}

#[test]
fn the_first_refusal_is_told_where_it_stands() {
    let request = br#"{"contents":[1],"topK":1,"config":2}"#;
    let found = check(request).refusal;
    assert_eq!(found, Some((16, Refusal::OutsideConfig("topK"))));
}

#[test]
fn odd_requests_are_told_and_sent() {
    assert_eq!(odd(r#"{"stream":true}"#), [Odd::Refused("stream")]);
    assert_eq!(odd(r#"{"frobnicate":1}"#), [Odd::Unknown(Parent::Request, 1..13)]);
    assert_eq!(
        odd(r#"{"generationConfig":{"frob":1}}"#),
        [Odd::Unknown(Parent::GenerationConfig, 21..27)]
    );
    assert_eq!(odd(r#"{"toolConfig":{},"tool_config":{}}"#), [Odd::Doubled("toolConfig")]);
    assert_eq!(
        odd(r#"{"contents":[{"fileUri":"gs://a"},{"fileUri":"gs://b"},{"fileUri":"files/c"}]}"#),
        [Odd::Media(MediaRisk::CloudStorage), Odd::Media(MediaRisk::Expires)]
    );
    let large = format!(r#"{{"contents":["{}"]}}"#, "x".repeat(20 << 20));
    assert_eq!(odd(&large), [Odd::Large]);
}

#[test]
fn a_flood_of_odd_fields_is_bounded() {
    let members: Vec<_> = (0..10_000).map(|n| format!("\"f{n}\":0")).collect();
    let found: Findings = check(format!("{{{}}}", members.join(",")).as_bytes());
    assert_eq!((found.odd.len(), found.odd.last()), (65, Some(&Odd::More)));
}
