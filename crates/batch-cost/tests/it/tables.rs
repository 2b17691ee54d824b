//! The tables of prices and limits: ours are right, a user's own override them, and mistakes are named.

use batch_cost::{Day, Limits, PriceBook, Quote, Quoted, Rate, Unpriced, UsageTier};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn known(book: &PriceBook, model: &str, on: &str) -> Quoted {
    match book.quote(model, day(on)) {
        Quote::Known(quoted) => *quoted,
        other => panic!("{model} on {on}: {other:?}"),
    }
}

fn rates(quoted: &Quoted) -> (String, String) {
    (quoted.price.rates.input.to_string(), quoted.price.rates.output.to_string())
}

/// Model, day, input, output: typed from the price list by hand, standard prices halved.
const LISTED: [(&str, &str, &str, &str); 14] = [
    ("gemini-3.8-flash", "2026-12-31", "$0.375", "$1.875"),
    ("gemini-3.8-flash", "2027-01-01", "$0.75", "$3.75"),
    ("gemini-3.7-flash", "2026-11-22", "$0.375", "$1.875"),
    ("gemini-3.6-flash", "2027-06-01", "$0.75", "$3.75"),
    ("gemini-3.5-flash", "2026-11-22", "$0.75", "$4.50"),
    ("gemini-3.5-flash-lite", "2026-11-22", "$0.15", "$1.25"),
    ("gemini-3.1-flash-lite", "2026-11-22", "$0.125", "$0.75"),
    ("gemini-3.1-pro-preview", "2026-11-22", "$1.00", "$6.00"),
    ("gemini-3-flash-preview", "2026-11-22", "$0.25", "$1.50"),
    ("gemini-4-argon", "2026-11-22", "$1.00", "$5.00"),
    ("gemini-2.5-pro", "2026-11-30", "$0.625", "$5.00"),
    ("gemini-2.5-flash", "2026-11-30", "$0.15", "$1.25"),
    ("gemini-2.5-flash-lite", "2026-11-22", "$0.05", "$0.20"),
    ("models/gemini-2.5-flash-lite-001", "2026-12-24", "$0.05", "$0.20"),
];

#[test]
fn the_built_in_prices_are_those_of_the_list() {
    let book = PriceBook::builtin();
    for (model, on, input, output) in LISTED {
        let got = rates(&known(&book, model, on));
        assert_eq!(got, (input.to_owned(), output.to_owned()), "{model} on {on}");
    }
    let checked: Vec<&str> = LISTED.iter().map(|(model, ..)| *model).collect();
    let missed = |name: &&str| !checked.contains(name);
    let names: Vec<&str> = book.entries().iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| missed(name)).count(), 0, "{names:?}");
    for (model, input, output) in
        [("gemini-3.1-pro-preview", "$2.00", "$9.00"), ("gemini-2.5-pro", "$1.25", "$7.50")]
    {
        let price = known(&book, model, "2026-11-22").price;
        assert_eq!(price.rates_for(200_000), &price.rates);
        let long = price.rates_for(200_001);
        assert_eq!(
            (long.input.to_string(), long.output.to_string()),
            (input.into(), output.into())
        );
    }
    assert_eq!(book.date(), day("2026-11-22"));
    assert!(book.sources().iter().all(|source| source.len() > 10) && book.sources().len() == 2);
}

#[test]
fn what_is_not_listed_is_not_guessed() {
    let book = PriceBook::builtin();
    for model in ["gemini-flash-latest", "gemini-2.5-flash-image", "gemini-9", "", "gpt"] {
        let quote = book.quote(model, day("2026-11-22"));
        assert_eq!(quote, Quote::Unknown(Unpriced::NotListed), "{model}");
    }
    let Quote::Unknown(why) = book.quote("gemini-2.5-pro", day("2026-12-01")) else { panic!() };
    assert!(why.to_string().contains("gemini-3.8-flash"), "{why}");
    assert_eq!(book.quote("sim-pro", day("2026-11-22")), Quote::Free);
}

#[test]
fn a_job_over_the_end_of_a_promotion_may_cost_the_later_price() {
    let book = PriceBook::builtin();
    let Quote::Known(quoted) = book.quote_over("gemini-3.8-flash", day("2026-12-30"), 2) else {
        panic!()
    };
    assert_eq!(quoted.price.rates.output.to_string(), "$1.875");
    assert_eq!(quoted.dearest.rates.output.to_string(), "$3.75");
    assert_eq!(quoted.note.as_deref(), Some("promotion until 2026-12-31"));
}

const OWN: &str = r#"
schema = "batch-eval/prices/1"
date = "2027-02-01"
free = ["local-"]
[[model]]
name = "gemini-3.8-flash"
[[model.price]]
input = "0.50"
output = 2
cached_input = 0.1
audio_input = 1.0
[[model]]
name = "gemini-2.5-flash-image"
[[model.price]]
input = 0.1
output = 15
"#;

#[test]
fn a_users_own_table_comes_first() {
    let book = PriceBook::builtin().overridden_by(PriceBook::parse(OWN, "my-prices.toml").unwrap());
    let own = known(&book, "gemini-3.8-flash-001", "2026-11-22");
    assert_eq!(rates(&own), ("$0.50".into(), "$2.00".into()));
    assert_eq!(own.price.rates.cached_input, Some(Rate::from_micros_per_million(100_000)));
    assert_eq!((own.table.as_str(), own.dated), ("my-prices.toml", day("2027-02-01")));
    assert_eq!(own.listed, "gemini-3.8-flash");
    assert_eq!(known(&book, "gemini-2.5-flash-image", "2026-11-22").table, "my-prices.toml");
    assert_eq!(known(&book, "gemini-3.7-flash", "2026-11-22").table, "built in");
    assert_eq!(book.quote("local-llama", day("2026-11-22")), Quote::Free);
}

/// The text of [`OWN`] with one line changed, and what is said of it.
#[test]
fn mistakes_in_a_table_are_named_with_their_line() {
    for (line, instead, want) in [
        ("output = 2\n", "outptu = 2\n", "line 9, column 1: unknown field `outptu`"),
        ("output = 2\n", "output = -2\n", "line 9, column 10: \"-2\" is no amount of dollars"),
        ("output = 2\n", "output = 1e-7\n", "line 9, column 10: \"0.0000001\" is no amount"),
        ("output = 2\n", "output = nan\n", "\"NaN\" is no amount of dollars"),
        ("output = 2\n", "output = \n", "line 9, column"),
        ("output = 2\n", "\n", "missing field `output`"),
        ("\"2027-02-01\"", "\"2027-02-30\"", "line 3, column 8: \"2027-02-30\" is no day"),
        ("date = \"2027-02-01\"\n", "", "missing field `date`"),
        ("prices/1", "prices/2", "schema is \"batch-eval/prices/2\""),
        ("\"gemini-3.8-flash\"", "\"models/x\"", "\"models/x\" is no model's name"),
        ("\"gemini-3.8-flash\"", "\"gemini-2.5-flash-image\"", "is listed twice"),
        ("[\"local-\"]", "[\"\"]", "would make all models free"),
        (
            "output = 2\n",
            "output = 2\nuntil = \"2026-01-01\"\nfrom = \"2026-01-02\"\n",
            "ends before it begins",
        ),
        (
            "output = 2\n",
            "output = 2\n[[model.price]]\ninput = 1\noutput = 1\n",
            "two prices for the same day",
        ),
    ] {
        let text = OWN.replacen(line, instead, 1);
        assert_ne!(text, OWN, "{line}");
        let error = PriceBook::parse(&text, "t").unwrap_err().to_string();
        assert!(error.contains(want), "{instead:?} gave {error:?}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn the_built_in_limits_are_those_of_the_list() {
    use UsageTier::{One, Three, Two};
    let limits = Limits::builtin();
    assert_eq!((limits.jobs(), limits.file_bytes()), (Some(100), Some(2_000_000_000)));
    assert_eq!(limits.storage_bytes(), Some(20_000_000_000));
    assert_eq!((limits.file_hours(), limits.job_hours()), (Some(48), Some(48)));
    let million = |n: u64| Some(n * 1_000_000);
    for (model, want) in [
        ("gemini-3.1-pro-preview", [million(5), million(500), million(1_000)]),
        ("gemini-2.5-pro", [million(5), million(500), million(1_000)]),
        ("gemini-3.7-flash", [million(3), None, None]),
        ("gemini-3.6-flash", [million(3), million(400), million(1_000)]),
        ("gemini-3.5-flash", [million(3), million(400), million(1_000)]),
        ("gemini-2.5-flash", [million(3), million(400), million(1_000)]),
        ("gemini-3.5-flash-lite", [million(10), million(500), million(1_000)]),
        ("gemini-3.1-flash-lite", [million(10), million(500), million(1_000)]),
        ("gemini-2.5-flash-lite", [million(10), million(500), million(1_000)]),
        ("gemini-3.8-flash", [None; 3]),
    ] {
        assert_eq!(
            [One, Two, Three].map(|tier| limits.enqueued_tokens(model, tier)),
            want,
            "{model}"
        );
    }
    assert_eq!((limits.models().count(), limits.sources().len()), (9, 3));
    assert_eq!(UsageTier::from_number(3), Some(Three));
    assert_eq!([0, 4].map(UsageTier::from_number), [None; 2]);
}

#[test]
fn limits_are_overridden_one_by_one() {
    let own = r#"
        schema = "batch-eval/limits/1"
        date = "2027-01-01"
        service = { jobs = 20 }
        [[model]]
        name = "gemini-3.6-flash"
        enqueued_tokens = { tier_2 = 7 }
    "#;
    let limits = Limits::builtin().overridden_by(Limits::parse(own).unwrap());
    assert_eq!((limits.jobs(), limits.file_bytes()), (Some(20), Some(2_000_000_000)));
    assert_eq!(limits.enqueued_tokens("gemini-3.6-flash", UsageTier::One), None);
    assert_eq!(limits.enqueued_tokens("gemini-3.6-flash", UsageTier::Two), Some(7));
    let set = limits.with_enqueued_tokens(&[("gemini-3.8-flash".to_owned(), 9)].into());
    assert_eq!(set.enqueued_tokens("gemini-3.8-flash", UsageTier::Three), Some(9));
    assert!(
        Limits::parse(&own.replace("jobs", "jbos")).unwrap_err().to_string().contains("line 4")
    );
}
