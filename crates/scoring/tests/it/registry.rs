//! Scorers by name: the grammar, parameters, suggestions, and names of strangers.

use scoring::{FunctionCall, ParamError, Registry, RegistryError, Scorer};

#[track_caller]
fn builds(text: &str, name: &str) {
    let scorer = Registry::builtin().build(text).unwrap();
    assert_eq!(scorer.name(), name, "{text}");
}

/// `want` is the problem, then the text with its carets, then the hint.
#[track_caller]
fn fails(text: &str, want: &str) {
    let error = Registry::builtin().build(text).unwrap_err();
    let hint = error.hint().map(|hint| format!("\n{hint}")).unwrap_or_default();
    assert_eq!(format!("{error}\n{}{hint}", error.caret()), want);
}

#[test]
fn every_spelling_of_a_scorer_comes_to_its_one_name() {
    for text in
        ["function-call", " function-call ", "function-call()", "function-call(any-part=false)"]
    {
        builds(text, "function-call");
    }
    for text in
        ["function-call:any-part", "function-call(any-part)", "function-call( any-part = true )"]
    {
        builds(text, "function-call:any-part");
    }
    for text in [
        "function-call:name=report_spam",
        r#"function-call:name="report_spam""#,
        r#"function-call(name="report_spam")"#,
        r#"function-call( name = "report\u005fspam" )"#,
    ] {
        builds(text, "function-call:name=report_spam");
    }
    for text in ["function-call:any-part,name=f", r#"function-call(name="f", any-part)"#] {
        builds(text, "function-call:any-part,name=f");
    }
}

#[test]
fn combinators_nest() {
    builds("not:function-call", "not(function-call)");
    builds(
        "all(function-call:any-part, not( function-call:name=f ),any(function-call(name=\"g\")))",
        "all(function-call:any-part,not(function-call:name=f),any(function-call:name=g))",
    );
}

#[test]
fn mistakes_are_shown_where_they_are() {
    fails("", "expected the name of a scorer\n\n^");
    fails(
        "function-cal",
        "unknown scorer `function-cal`\nfunction-cal\n^^^^^^^^^^^^\ndid you mean `function-call`?",
    );
    fails(
        "not(funktion-call:any-part)",
        "unknown scorer `funktion-call`\nnot(funktion-call:any-part)\n    ^^^^^^^^^^^^^\ndid you mean `function-call`?",
    );
    fails("xyzzy", "unknown scorer `xyzzy`\nxyzzy\n^^^^^");
    fails(
        "function-call:any-prt",
        "`function-call` knows no `any-prt`\nfunction-call:any-prt\n              ^^^^^^^\ndid you mean `any-part`?",
    );
    fails(
        "function-call(name=5)",
        "`name` must be a string, not 5\nfunction-call(name=5)\n              ^^^^^^",
    );
    fails(
        "function-call(name=f)",
        "expected a JSON value, such as \"text\", 5 or true\nfunction-call(name=f)\n                   ^",
    );
    fails(
        "function-call:name=a b",
        "\"a b\" cannot be the name of a function\nfunction-call:name=a b\n              ^^^^^^^^",
    );
    fails("function-call:name=", "expected a value\nfunction-call:name=\n                   ^");
    fails(
        "function-call:any-part,any-part",
        "`any-part` is given twice\nfunction-call:any-part,any-part\n                       ^^^^^^^^",
    );
    fails("function-call)", "nothing more was expected here\nfunction-call)\n             ^");
    fails("all function-call", "`all` takes scorers in brackets\nall function-call\n    ^");
    fails("any()", "expected the name of a scorer\nany()\n    ^");
    fails(
        "not(function-call, function-call)",
        "expected `,` or `)`\nnot(function-call, function-call)\n                   ^",
    );
    fails("größe", "nothing more was expected here\ngröße\n  ^");
}

#[test]
fn nesting_without_end_is_refused_not_followed() {
    let deep = "not(".repeat(100_000);
    let error = Registry::builtin().build(&deep).unwrap_err();
    assert_eq!(error.to_string(), "too many scorers within scorers");
    let deep = "not:".repeat(100_000);
    assert!(Registry::builtin().build(&deep).is_err());
}

#[test]
fn strangers_register_their_own_with_checked_parameters() {
    let mut registry = Registry::builtin();
    registry
        .register("their-call", "a rule of theirs", |params| {
            let Some(name) = params.text("function")? else {
                return Err(ParamError::new("function", "`function` is needed"));
            };
            Ok(Box::new(FunctionCall::last_part().named(&name)))
        })
        .unwrap();
    let scorer = registry.build(r#"not(their-call(function="f"))"#).unwrap();
    assert_eq!(scorer.name(), "not(function-call:name=f)");
    let error = registry.build("not(their-call)").unwrap_err();
    assert_eq!(error.caret(), "not(their-call)\n    ^^^^^^^^^^");
    let error = registry.build("their-call:function=f,other=1").unwrap_err();
    assert_eq!(error.to_string(), "`their-call` knows no `other`");
    // What it would have asked for next nobody knows.
    let error = registry.build("their-call:functions=f").unwrap_err();
    assert_eq!(error.to_string(), "`function` is needed");
    let theirs = registry.catalog().find(|entry| entry.name == "their-call").unwrap();
    assert_eq!((theirs.about, theirs.params, theirs.example), ("a rule of theirs", &[][..], ""));
    assert_eq!(registry.names().count(), Registry::builtin().names().count() + 1);
}

#[test]
fn names_that_are_taken_or_malformed_are_refused() {
    let mut registry = Registry::builtin();
    let mut register = |name: &str| {
        let make =
            |_: &mut scoring::Params| Ok(Box::new(FunctionCall::last_part()) as Box<dyn Scorer>);
        registry.register(name, "", make)
    };
    for taken in ["function-call", "all", "not", "any"] {
        assert_eq!(register(taken), Err(RegistryError::Taken(taken.to_owned())));
    }
    for odd in ["", "Loud", "two words", "a:b", "1st", "-x", "ä"] {
        assert_eq!(register(odd), Err(RegistryError::Name(odd.to_owned())));
    }
    assert_eq!(register("mine"), Ok(()));
    assert_eq!(register("mine"), Err(RegistryError::Taken("mine".to_owned())));
}

#[test]
fn of_a_text_without_end_only_the_place_is_shown() {
    for (text, problem) in [
        (
            format!("{}function-call{}", "not(".repeat(10_000), ")".repeat(10_000)),
            "too many scorers",
        ),
        (format!("{}function-call", "not:".repeat(10_000)), "too many scorers"),
        (format!("all({}\"x\": 1)", "function-call, ".repeat(10_000)), "expected"),
        (format!("label(labels=[\"{}\", \"b\"])", "a".repeat(100_000)), "a label must have"),
    ] {
        let error = Registry::builtin().build(&text).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(error.to_string().chars().count() <= 401);
        let caret = error.caret();
        let (line, carets) = caret.split_once('\n').unwrap();
        assert!(line.chars().count() <= 162 && carets.chars().count() <= 162, "{caret}");
        assert!(carets.ends_with('^') && line.contains('…'), "{caret}");
    }
}
