//! Tests of judges as they are read from a scorer's text.

use std::sync::{Arc, Mutex};

use scoring::Registry;

use super::*;
use crate::{JudgeScorer, Seat};

/// The judge of a text, or what is wrong with it; `FILE` reads as the text `from a file`.
fn parse(text: &str) -> Result<JudgeSpec, String> {
    let found = Arc::new(Mutex::new(None));
    let mut registry = Registry::empty();
    for word in ["rubric", "pairwise", "factuality"] {
        let found = Arc::clone(&found);
        registry
            .register(word, "", move |params| {
                let read = |path: &str| match path {
                    "FILE" => Ok("from a file\n".to_owned()),
                    _ => Err("no such file".to_owned()),
                };
                let spec = JudgeSpec::of(word, params, &read)?;
                *found.lock().unwrap() = Some(spec);
                Ok(Box::new(JudgeScorer::new("judge:x", "", Seat::default())))
            })
            .unwrap();
    }
    registry.build(text).map_err(|error| error.to_string())?;
    Ok(found.lock().unwrap().take().unwrap())
}

#[test]
fn a_judge_is_what_its_text_says() {
    let judge = parse(
        r#"rubric(model="m", file="FILE", labels=["good", "bad"], human="/metadata/label", name="tone")"#,
    );
    let judge = judge.unwrap();
    assert_eq!((judge.name.as_str(), judge.rubric.as_str()), ("judge:tone", "from a file"));
    assert_eq!(judge.kind, Kind::Rubric(Scale::Labels(vec!["good".into(), "bad".into()])));
    assert!(judge.judges_logged, "people's labels are about the logged answers");
    let judge = parse(r#"pairwise(model="m", against="sim-pro", max-tokens=100)"#).unwrap();
    assert_eq!((judge.against, judge.max_tokens), (Side::Column("sim-pro".to_owned()), 100));
    assert_eq!(parse("rubric:model=m").unwrap().rubric, DEFAULT_RUBRIC);
}

#[test]
fn what_is_wrong_is_said() {
    for (text, want) in [
        ("rubric", "`model` says which model judges"),
        (r#"rubric(model="m", scale="label")"#, "`labels` says which labels there are"),
        (r#"rubric(model="m", scale="stars")"#, "`scale` is \"pass\", \"grade\" or \"label\""),
        (r#"rubric(model="m", labels=["one"])"#, "`labels` are 2 to 100 different texts"),
        (r#"rubric(model="m", labels=["a", "a"])"#, "`labels` are 2 to 100 different texts"),
        (r#"rubric(model="m", file="other")"#, "no such file"),
        (r#"rubric(model="m", file="FILE", rubric="r")"#, "the rubric is given twice"),
        (r#"rubric(model="m", template="FILE")"#, "it lacks {{answer}}"),
        (r#"rubric(model="m", human="label")"#, "`human` is a JSON Pointer"),
        (r#"rubric(model="m", name="A b")"#, "`name` is made of"),
        (r#"rubric(model="m", max-tokens=3)"#, "`max-tokens` is a number from"),
        (r#"pairwise(model="m", scale="pass")"#, "`scale` belongs to rubrics"),
        (r#"pairwise(model="m", logged)"#, "logged answers cannot be judged against themselves"),
        (r#"pairwise(model="m", against="x", human="/l")"#, "people's labels are compared"),
        (
            r#"factuality(model="m", human="/l")"#,
            "logged answers cannot be judged against themselves",
        ),
        (r#"rubric(model="m", rubrik="r")"#, "`rubric` knows no `rubrik`"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

#[test]
fn the_fingerprint_changes_with_the_question_and_with_nothing_else() {
    let of = |text: &str| parse(text).unwrap().fingerprint();
    let plain = of(r#"rubric(model="m", rubric="r")"#);
    assert_eq!(plain, of(r#"rubric(rubric="r", scale="pass", model="m", name="other")"#));
    assert_eq!(
        of("factuality:model=m"),
        of(r#"factuality(model="m", against="x")"#),
        "it is not asked about"
    );
    let others = [
        r#"rubric(model="n", rubric="r")"#,
        r#"rubric(model="m", rubric="s")"#,
        r#"rubric(model="m", rubric="r", scale="grade")"#,
        r#"rubric(model="m", rubric="r", logged)"#,
        r#"rubric(model="m", rubric="r", max-tokens=99)"#,
        r#"pairwise(model="m", rubric="r")"#,
        r#"pairwise(model="m", rubric="r", against="x")"#,
        r#"factuality(model="m", rubric="r")"#,
        r#"factuality(model="m", rubric="r", reference="/a")"#,
    ];
    let mut all: Vec<String> = others.iter().map(|text| of(text)).chain([plain]).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), others.len() + 1);
}
