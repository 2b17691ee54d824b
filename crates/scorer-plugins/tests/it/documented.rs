//! The examples of docs/scoring-plugins.md pass the conformance check, and faulty plugins do not.

use std::time::Duration;

use scorer_plugins::{ProcessPlan, PythonFunction, check};

use crate::support::{Heard, python, settings};

const DOCUMENT: &str = include_str!("../../../../docs/scoring-plugins.md");

/// The blocks of code in `language`, in order.
fn examples(language: &str) -> Vec<&'static str> {
    let blocks = DOCUMENT.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// The rules that a program breaks, each with what it did.
fn problems(interpreter: &str, code: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin");
    std::fs::write(&path, code).unwrap();
    let plan = ProcessPlan::exec(&format!("{interpreter} '{}'", path.display()), 0).unwrap();
    let mut settings = settings(&Heard::default());
    settings.row_limit = Duration::from_secs(5);
    settings.end_limit = Duration::from_secs(5);
    let findings = check(plan, settings).unwrap();
    assert!(findings.checks.len() >= 2);
    let broken = findings.checks.iter().filter_map(|check| {
        check.problem.as_ref().map(|problem| format!("{}: {problem}", check.rule))
    });
    broken.collect()
}

#[test]
fn the_documented_programs_conform() {
    let none = Vec::<String>::new();
    let own = examples("python");
    assert_eq!(problems(python(), own.last().unwrap()), none);
    assert_eq!(problems("node", examples("javascript")[0]), none);
    assert_eq!(problems("sh", examples("sh")[0]), none);
}

#[test]
fn the_documented_functions_conform() {
    for (code, function) in [(0, "is_correct"), (1, "graded")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.py");
        std::fs::write(&path, examples("python")[code]).unwrap();
        let text = format!("{}:{function}", path.display());
        let plan = PythonFunction::parse(&text, 0).unwrap().plan();
        let findings = check(plan, settings(&Heard::default())).unwrap();
        assert!(findings.conforms(), "{findings:?}");
        assert_eq!(findings.hello.name, format!("python:{function}"));
    }
}

#[test]
#[cfg(feature = "jq")]
fn the_documented_expressions_compile() {
    let expressions: Vec<_> =
        examples("text")[0].lines().filter_map(|line| line.strip_prefix("jq:")).collect();
    assert_eq!(expressions.len(), 3);
    for expression in expressions {
        scoring::conformance::check(&scorer_plugins::JqScorer::compile(expression).unwrap());
    }
}

#[test]
fn faults_are_found() {
    let faulty = |body: &str| {
        problems(
            python(),
            &format!(
                "import json, sys, itertools
sys.stdin.readline()
print('{{\"batch_eval_scorer\":1}}', flush=True)
for count, line in enumerate(sys.stdin):
    row = json.loads(line)
    def say(**what): print(json.dumps(what), flush=True)
    {body}
"
            ),
        )
    };
    for (body, rule) in [
        ("say(id=row['id'], score=count / 1000)", "gives the same verdicts in another order"),
        ("say(id=row['id'], score=min(count, 1))", "gives the same verdicts in another order"),
        ("say(id=row['id'], score=7)", "gives grades in 0..=1"),
        ("say(number=row['id'])", "answers every row once"),
        ("say(id=row['id'], label='x'); say(id=row['id'], label='x')", "answers every row once"),
        (
            "say(id=row['id'], **({'pass': True} if 'of_a_later_version' not in row else {'error': 1}))",
            "ignores members",
        ),
        (
            "say(id=row['id'], **{'pass': True}) if len(line) < 1e6 else sys.exit(1)",
            "takes a row of eight",
        ),
    ] {
        let found = faulty(body);
        assert!(found.iter().any(|problem| problem.starts_with(rule)), "{body}: {found:?}");
    }
    let found = problems("sh", "echo '{\"batch_eval_scorer\":1}'; cat >/dev/null; exit 3");
    assert!(found[0].contains("it ended with status 3"), "{found:?}");
}
