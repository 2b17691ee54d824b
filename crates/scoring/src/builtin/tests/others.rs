//! Scorers of labels, endings, tokens and costs.

use std::sync::Arc;

use super::{NO, Verdict, YES, beside, check, check_beside, nothing, parts, problem, text};
use crate::{DatasetRow, Prices, Registry, Row, Usage};

fn choice(given: &str, truth: &str) -> Verdict {
    Verdict::Choice { given: given.to_owned().into(), truth: truth.to_owned().into() }
}

#[test]
fn labels_are_chosen_and_held_against_the_right_ones() {
    let row = beside(r#"{"kind":"HAM","odd":"eggs"}"#, Some(&text("It is spam.")));
    for (scorer, answer, want) in [
        (r#"label(labels=["spam","ham"])"#, "ham\n", Verdict::Label("ham".into())),
        (r#"label(labels=["spam","ham"])"#, "Ham", Verdict::Label("(none)".into())),
        (r#"label(labels=["spam","ham"], ignore-case)"#, "Ham", Verdict::Label("ham".into())),
        (
            r#"label(labels=["spam","ham"], mention="last")"#,
            "not spam but ham!",
            Verdict::Label("ham".into()),
        ),
        (
            r#"label(labels=["spam","ham"], at="/kind")"#,
            r#"{"kind":"spam"}"#,
            Verdict::Label("spam".into()),
        ),
        (
            r#"label(labels=["spam","ham"], expected="/kind", ignore-case)"#,
            "spam",
            choice("spam", "ham"),
        ),
        (r#"label(labels=["spam","ham"], value="ham")"#, "ham", choice("ham", "ham")),
        (
            r#"label(labels=["spam","ham"], expected="/odd")"#,
            "ham",
            Verdict::unscorable("the expected value at /odd is not one of the labels"),
        ),
        (
            r#"same-label(labels=["spam","ham"], mention="first")"#,
            "spam, I say",
            choice("spam", "spam"),
        ),
        (r#"same-label(labels=["spam","ham"])"#, "spam", choice("spam", "(none)")),
    ] {
        check_beside(scorer, &text(answer), &row, &want);
    }
    for line in nothing() {
        check(r#"label(labels=["spam","ham"])"#, &line, &Verdict::Label("(none)".into()));
    }
    let scorer = r#"same-label(labels=["spam","ham"])"#;
    check(scorer, &text("ham"), &Verdict::unscorable("no logged response"));
}

#[test]
fn endings_are_told_apart() {
    let [blocked, empty] = nothing();
    let stopped = r#"{"response":{"candidates":[{"finishReason":"SAFETY"}]}}"#;
    for (scorer, line, want) in [
        ("blocked", &blocked, YES),
        ("blocked", &empty, NO),
        ("blocked", &stopped.to_owned(), YES),
        ("not:blocked", &text("fine"), YES),
        (r#"finish-reason(is="STOP")"#, &text("fine"), YES),
        (r#"finish-reason(is=["MAX_TOKENS", "SAFETY"])"#, &stopped.to_owned(), YES),
        (r#"finish-reason(is="SAFETY")"#, &blocked, YES),
        (r#"finish-reason(is="STOP")"#, &empty, NO),
        ("refusal", &text("I\u{2019}m sorry, but\nI can\u{2019}t help with that."), YES),
        ("refusal", &text("I CANNOT do this."), YES),
        ("refusal", &text("Here is the poem."), NO),
        ("refusal", &text(&format!("{} I cannot", "word ".repeat(200))), NO),
        (r#"refusal(also="nope")"#, &text("Nope."), YES),
        ("refusal", &parts(r#"[{"text":"I cannot, so"},{"functionCall":{"name":"f"}}]"#), NO),
        ("refusal", &blocked, NO),
    ] {
        check(scorer, line, &want);
    }
}

#[test]
fn tokens_are_counted_as_stated() {
    let line = r#"{"response":{"candidates":[{"content":{"parts":[{"text":"x"}]}}],"usageMetadata":{"promptTokenCount":80,"candidatesTokenCount":12,"thoughtsTokenCount":64,"totalTokenCount":156}}}"#;
    for (scorer, want) in [
        ("tokens(min=76, max=76)", YES),
        (r#"tokens(max=12, kind="answer")"#, YES),
        (r#"tokens(max=63, kind="thoughts")"#, NO),
        (r#"tokens(min=80, max=80, kind="prompt")"#, YES),
        (r#"tokens(min=156, kind="total")"#, YES),
    ] {
        check(scorer, line, &want);
    }
    check("tokens(max=1)", &text("x"), &Verdict::unscorable("the response states no tokens"));
    let no_thoughts = line.replace(r#""thoughtsTokenCount":64,"#, "");
    check(r#"tokens(max=0, kind="thoughts")"#, &no_thoughts, &YES);
}

/// A dollar a token of model `m`.
#[derive(Debug)]
struct Dear;

impl Prices for Dear {
    fn dollars(&self, model: Option<&str>, usage: &Usage) -> Option<f64> {
        let tokens = u32::try_from(usage.total?).ok()?;
        (model == Some("m")).then_some(f64::from(tokens))
    }
}

#[test]
fn costs_are_those_of_the_prices_the_registry_was_given() {
    assert_eq!(problem("cost(max=1)"), "`cost` needs prices, and none are known here");
    let registry = Registry::builtin().with_prices(Arc::new(Dear));
    let judge = |scorer: &str, line: &str| {
        let line = serde_json::from_str(line).unwrap();
        registry.build(scorer).unwrap().score(&Row::of_line(0, line))
    };
    let line = r#"{"response":{"candidates":[],"usageMetadata":{"totalTokenCount":7},"modelVersion":"m"}}"#;
    assert_eq!(judge("cost(max=7)", line), YES);
    assert_eq!(judge("cost(max=6.99)", line), NO);
    let other = line.replace(r#""m""#, r#""n""#);
    assert_eq!(judge("cost(max=7)", &other), Verdict::unscorable("the model's price is not known"));
    assert_eq!(
        judge("cost(max=7)", &text("x")),
        Verdict::unscorable("the response states no tokens")
    );
    assert_eq!(registry.build("cost").unwrap_err().to_string(), "`max` is needed, in dollars");
}

#[test]
fn combinators_take_choices_and_grades() {
    let row = DatasetRow::default();
    let right = r#"label(labels=["spam","ham"], value="ham")"#;
    let half = r#"levenshtein(value="hamham")"#;
    check_beside(&format!("not({right})"), &text("ham"), &row, &NO);
    check_beside(&format!("all({right}, {half})"), &text("ham"), &row, &Verdict::Value(0.5));
    check_beside(
        &format!("weighted({right}, 3*{half})"),
        &text("ham"),
        &row,
        &Verdict::Value(0.625),
    );
}

#[test]
fn mistakes_in_parameters_are_said() {
    for (scorer, want) in [
        ("label", "`labels` is needed, an array of texts"),
        (r#"label(labels=["a"])"#, "a choice needs two labels or more"),
        (r#"label(labels=["a","A"], ignore-case)"#, "label \"a\" is named twice"),
        (r#"label(labels=["a"," "])"#, "a label must have from 1 to 200 bytes: \" \""),
        (r#"label(labels=["a","b"], value="c")"#, "`value` must be one of the labels, not \"c\""),
        (
            r#"finish-reason(is="stop")"#,
            "\"stop\" cannot be a reason; they are written like MAX_TOKENS; did you mean `STOP`?",
        ),
        ("finish-reason", "`is` is needed, such as \"STOP\""),
        (r#"refusal(also=" ")"#, "a phrase must not be empty"),
        (
            r#"tokens(max=1, kind="thought")"#,
            "`kind` must be one of \"output\", \"answer\", \"thoughts\", \"prompt\", \"total\", not \"thought\"; did you mean `thoughts`?",
        ),
        ("weighted(0*blocked)", "a weight is a number from 0.000001 to 1000000"),
        ("weighted(2 blocked)", "expected `*` behind the weight"),
        ("weighted(blocked", "expected `,` or `)`"),
    ] {
        assert_eq!(problem(scorer), want, "{scorer}");
    }
}
