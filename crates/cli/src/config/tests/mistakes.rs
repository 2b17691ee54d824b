//! Mistakes in a configuration: where they are, what is said, what was probably meant.

use super::super::Config;

/// The text, then what is said of it, then the hint.
const MISTAKES: [(&str, &str, &str); 40] = [
    ("modles = []", "line 1, column 1: unknown field `modles`", "did you mean `models`?"),
    ("\n\n  zzzzzz = 1", "line 3, column 3: unknown field `zzzzzz`", "there are dataset, models,"),
    ("[limits]\ntiers = 1", "line 2, column 1: unknown field `tiers` in [limits]", "`tier`"),
    (
        "[[variant]]\nname = \"a\"\nsytem_instruction = \"x\"",
        "line 3, column 1: unknown field",
        "`system_instruction`",
    ),
    ("dataset = 5", "line 1, column 11: `dataset` must be a string, not this integer", ""),
    ("dataset = \"\"", "line 1, column 11: `dataset` is empty", ""),
    ("models = \"a\"", "`models` must be an array, not this string", ""),
    ("models = [\"a\", 5]", "line 1, column 16: `models` must be a string", ""),
    ("models = [\"é\", \"é\"]", "line 1, column 16: `models` names \"é\" twice", ""),
    ("models = [\"a\"", "line 1, column", ""),
    ("a = 1\na = 2", "line 2, column 1: duplicate key", ""),
    ("budget = -1", "`budget` is wrong: \"-1\" is no amount of dollars", ""),
    ("budget = 1e3", "\"1e3\" is no amount of dollars", ""),
    ("budget = true", "`budget` must be an amount of dollars", ""),
    ("retry_rows = -1", "`retry_rows` must be a whole number of at least 0", ""),
    ("retry_rows = 4294967296", "`retry_rows` is too large", ""),
    ("limits = { jobs = 0 }", "column 19: `jobs` must be a whole number of at least 1", ""),
    ("limits = { tier = 4 }", "`tier` must be 1, 2 or 3", ""),
    ("limits = { enqueued_tokens = { m = 0 } }", "`m` must be a whole number", ""),
    ("settle = 10", "`settle` must be a string", ""),
    ("settle = \"10\"", "`settle` is wrong: \"10\" has no unit", ""),
    ("stuck_then = \"splitt\"", "must be wait or cancel or split, not \"splitt\"", "`split`"),
    ("slices = [\"metadata/x\"]", "is no JSON Pointer into a row", "\"/metadata/x\""),
    ("cluster = \"x\"", "is no JSON Pointer into a row", "\"/x\""),
    ("[[variant]]\nremove = []", "a variant needs a `name`", ""),
    ("[[variant]]\nname = \"logged\"", "`logged` is the name of the baseline", ""),
    ("[[variant]]\nname = \"a b\"", "must be 1 to 40 of", ""),
    (
        "[[variant]]\nname = \"a\"\n[[variant]]\nname = \"a\"",
        "line 4, column 8: `name` \"a\" is there twice",
        "",
    ),
    (
        "[[variant]]\nname = \"a\"\nset = { \"topK\" = 5 }",
        "column 9: \"topK\" is no JSON Pointer",
        "begins with `/`",
    ),
    ("[[variant]]\nname = \"a\"\nset = { \"/a~2\" = 5 }", "is no JSON Pointer to a field", ""),
    ("[[variant]]\nname = \"a\"\nset = { \"/a\" = 2026-01-01 }", "JSON has no dates", ""),
    ("[[variant]]\nname = \"a\"\nremove = [\"/contents\"]", "column 11: a variant cannot", ""),
    ("[[variant]]\nname = \"a\"\nset = { \"/model\" = \"m\" }", "name it in `models`", ""),
    (
        "[[variant]]\nname = \"a\"\ntools = []\nremove = [\"/tools\"]",
        "line 4, column 11: /tools is set or removed twice",
        "",
    ),
    (
        "[[variant]]\nname = \"a\"\nremove = [\"/generation_config\"]\n[variant.generation_config]\ntop_k = 5",
        "line 3, column 11: /generationConfig and /generationConfig/topK lie within each other",
        "",
    ),
    (
        "[[variant]]\nname = \"a\"\n[variant.generation_config]\ntop_k = 5\ntopK = 6",
        "line 5, column 8: /generationConfig/topK is set or removed twice",
        "",
    ),
    ("[[variant]]\nname = \"a\"\ntool_config = 5", "`tool_config` must be a table", ""),
    ("[[scorer]]\nany-part = true", "a scorer needs a \"name\"", ""),
    ("scorer = [{ all = [], any = [] }]", "one of `all`, `any` and `not`", ""),
    ("scorer = [{ name = \"a:b\", c = 1 }]", "has parameters in its name and beside it", ""),
];

#[test]
fn every_mistake_is_named_with_its_place() {
    for (text, problem, hint) in MISTAKES {
        let error = Config::parse(text).expect_err(text);
        let said = error.to_string();
        assert!(said.contains(problem), "{text}\n  {said}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{text}\n  {:?}", error.hint());
        assert_eq!(error.caret().lines().count(), 2, "{text}");
        assert!(!said.contains('\n'), "{said}");
    }
}

#[test]
fn carets_stand_under_the_place() {
    let error = Config::parse("budget = 1\nmodels = [\"é\", 55]  # two").unwrap_err();
    assert_eq!(error.caret(), "models = [\"é\", 55]  # two\n               ^^");
    assert_eq!((error.line, error.column), (2, 16));
    let error = Config::parse("dataset = \"\"\"\na\"\"\"\nbudget = \"\"").unwrap_err();
    assert_eq!(error.caret(), "budget = \"\"\n         ^^");
    let error = Config::parse("[[variant]]\r\nset = {}\r\n").unwrap_err();
    assert_eq!(error.caret(), "[[variant]]\n^^^^^^^^^^^");
}

#[test]
fn settings_must_fit_together() {
    for (text, problem) in [
        (
            "models = [\"gemini-3.8-flash\"]\nbaseline = \"gemini-3.7-flash\"",
            "did you mean `gemini-3.8-flash`?",
        ),
        ("baseline = \"lgged\"", "did you mean `logged`?"),
        ("stuck_then = \"wait\"", "`stuck_then` needs `stuck_after`"),
    ] {
        let problem_found = Config::parse(text).unwrap().check().unwrap_err();
        assert!(problem_found.contains(problem), "{text}: {problem_found}");
    }
    let twice = Config { models: vec!["a".into(), "b".into(), "a".into()], ..Config::default() };
    assert_eq!(twice.check().unwrap_err(), "model \"a\" is named twice");
}
