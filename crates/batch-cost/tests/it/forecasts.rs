//! Forecasts, bills and budgets worked out by hand.

use batch_cost::{
    Assumptions, Basis, Bill, Budget, Census, CensusRow, Cost, Decision, Forecast, Logged, Missing,
    Money, Pairs, PriceBook, Quote, Range, Spent, Tokens, Total,
};

fn quote(model: &str, on: &str) -> Quote {
    PriceBook::builtin().quote_over(model, on.parse().unwrap(), 2)
}

fn census(rows: &[(u64, Option<u64>, Option<u64>)]) -> Census {
    let mut census = Census::default();
    for &(bytes, prompt, output) in rows {
        let logged = Some(Logged { bytes, prompt, output });
        census.add(&CensusRow { bytes, logged, output_cap: None });
    }
    census
}

fn forecast(census: &Census, model: &str) -> Forecast {
    Forecast::new(census, None, &quote(model, "2026-11-22"), Assumptions::default())
}

fn micros(cost: &Cost) -> [u64; 3] {
    match cost {
        Cost::Known(range) => [range.low, range.mid, range.high].map(Money::micros),
        other => panic!("{other:?}"),
    }
}

#[test]
fn logged_rows_are_summed_and_priced() {
    let census = census(&[(400, Some(100), Some(50)), (4_000, Some(1_000), Some(150))]);
    let forecast = forecast(&census, "gemini-3.5-flash");
    assert_eq!(forecast.input, Some(Range { low: 990, mid: 1_100, high: 1_210 }));
    assert_eq!(forecast.output, Some(Range { low: 100, mid: 200, high: 400 }));
    assert_eq!((forecast.input_basis, forecast.output_basis), (Basis::Logged(2), Basis::Logged(2)));
    // 990, 1,100, 1,210 × $0.75 and 100, 200, 400 × $4.50 a million, rounded up.
    assert_eq!(micros(&forecast.cost), [743 + 450, 825 + 900, 908 + 1_800]);
}

#[test]
fn long_rows_pay_the_price_of_long_rows() {
    let census = census(&[(1_000, Some(200), Some(10)), (1_200_000, Some(240_000), Some(10))]);
    let forecast = forecast(&census, "gemini-3.1-pro-preview");
    // 200 × $1 and 240,000 × $2, a tenth more; 10 × $6 and 10 × $9, double of it.
    assert_eq!(micros(&forecast.cost)[1], 200 + 480_000 + 60 + 90);
    assert_eq!(micros(&forecast.cost)[2], 220 + 528_000 + 120 + 180);
}

#[test]
fn the_upper_end_knows_that_a_promotion_ends() {
    let census = census(&[(400, Some(1_000_000), Some(0))]);
    let at = |on| {
        let quote = quote("gemini-3.8-flash", on);
        micros(&Forecast::new(&census, None, &quote, Assumptions::default()).cost)
    };
    assert_eq!(at("2026-12-29"), [337_500, 375_000, 412_500]);
    assert_eq!(at("2026-12-30"), [337_500, 375_000, 825_000]);
}

#[test]
fn counted_rows_are_preferred_when_there_are_enough() {
    let census = census(&[(400, Some(100), Some(1)); 100]);
    let counted = |rows| {
        let mut pairs = Pairs::default();
        (0..rows).for_each(|_| pairs.add(400, 120));
        let quote = quote("gemini-3.5-flash", "2026-11-22");
        let forecast = Forecast::new(&census, Some(&pairs), &quote, Assumptions::default());
        (forecast.input.unwrap().mid, forecast.input_basis)
    };
    assert_eq!(counted(0), (10_000, Basis::Logged(100)));
    assert_eq!(counted(7), (10_000, Basis::Logged(100)));
    assert_eq!(counted(8), (12_000, Basis::Counted(8)));
    let mut pairs = Pairs::default();
    pairs.add(100, 30);
    let mut bare = Census::default();
    bare.add(&CensusRow { bytes: 200, ..CensusRow::default() });
    let quote = quote("gemini-3.5-flash", "2026-11-22");
    let forecast = Forecast::new(&bare, Some(&pairs), &quote, Assumptions::default());
    assert_eq!(forecast.input, Some(Range { low: 30, mid: 60, high: 120 }));
    assert_eq!(forecast.cost, Cost::Unknown(Missing::Output));
}

#[test]
fn a_variant_that_adds_bytes_adds_tokens() {
    let mut census = Census::default();
    for bytes in [400, 800, 1_200] {
        let logged = Some(Logged { bytes, prompt: Some(bytes / 4), output: Some(10) });
        census.add(&CensusRow { bytes: bytes + 400, logged, output_cap: None });
    }
    let input = forecast(&census, "gemini-3.5-flash").input.unwrap();
    // All on one line: nothing is uncertain but the model's way to cut texts into tokens.
    assert_eq!(input, Range { low: 810, mid: 900, high: 990 });
}

#[test]
fn what_is_unknown_is_said() {
    let unlogged = census(&[(400, None, None)]);
    assert_eq!(forecast(&unlogged, "gemini-3.5-flash").cost, Cost::Unknown(Missing::Input));
    assert_eq!(forecast(&unlogged, "sim-flash").cost, Cost::Free);
    let Cost::Unknown(Missing::Price(why)) = forecast(&unlogged, "gemini-x").cost else { panic!() };
    assert_eq!(why.to_string(), "no price is listed");
    let none = Census::default();
    assert_eq!(micros(&forecast(&none, "gemini-3.5-flash").cost), [0; 3]);
}

#[test]
fn limits_of_answers_bound_the_forecast() {
    let mut census = Census::default();
    let logged = Some(Logged { bytes: 400, prompt: Some(100), output: Some(50) });
    census.add(&CensusRow { bytes: 400, logged, output_cap: Some(60) });
    assert_eq!(forecast(&census, "sim-a").output, Some(Range { low: 25, mid: 50, high: 60 }));
    census.add(&CensusRow { bytes: 400, logged, output_cap: None });
    assert_eq!(forecast(&census, "sim-a").output.unwrap().high, 200);
    let mut only_caps = Census::default();
    only_caps.add(&CensusRow { bytes: 400, logged: None, output_cap: Some(60) });
    let forecast = forecast(&only_caps, "sim-a");
    assert_eq!(forecast.output, Some(Range { low: 0, mid: 60, high: 60 }));
    assert_eq!(forecast.output_basis, Basis::Caps);
}

#[test]
fn bills_add_rows_at_their_own_tier() {
    let quote = quote("gemini-2.5-pro", "2026-11-22");
    let mut bill = Bill::new(&quote);
    bill.add(Some(&Tokens { prompt: 200_000, candidates: 100, ..Tokens::default() }));
    bill.add(Some(&Tokens { prompt: 200_001, thoughts: 100, ..Tokens::default() }));
    bill.add(None);
    // 200,000 × $0.625 + 200,001 × $1.25; 100 × $5 + 100 × $7.50.
    let (input, output) = (125_000 + 250_002, 500 + 750);
    assert_eq!(bill.input(), Some(Money::from_micros(input)));
    assert_eq!(bill.output(), Some(Money::from_micros(output)));
    assert_eq!(bill.spent(), Spent::Known(Money::from_micros(input + output)));
    assert_eq!((bill.rows(), bill.rows_without_usage(), bill.assumed_tokens()), (3, 1, 0));
    let mut twice = bill.clone();
    twice.absorb(&bill);
    assert_eq!((twice.rows(), twice.tokens().output()), (6, 400));
    // 250,001.25 micro-dollars twice are 250,002.5 more, rounded once.
    assert_eq!(twice.spent(), Spent::Known(Money::from_micros(752_503)));
}

#[test]
fn the_emulator_is_free_and_the_unknown_is_not() {
    let tokens = Tokens { prompt: 5, cached: 5, ..Tokens::default() };
    let bill = |model| {
        let mut bill = Bill::new(&quote(model, "2026-11-22"));
        bill.add(Some(&tokens));
        bill
    };
    assert_eq!((bill("sim-pro").spent(), bill("sim-pro").input()), (Spent::Free, None));
    assert!(matches!(bill("gemini-x").spent(), Spent::Unknown(_)));
    assert_eq!(bill("gemini-x").tokens().input(), 5);
    assert_eq!(bill("gemini-3.5-flash").assumed_tokens(), 5);
}

#[test]
fn a_budget_looks_at_the_upper_end_and_at_what_is_under_way() {
    let budget = Budget::new(Money::from_micros(1_000));
    let mut total = Total::default();
    total.add("a", &Cost::Known(Range { low: 1, mid: 200, high: 400 }.map(Money::from_micros)));
    total.add("b", &Cost::Free);
    total.add("c", &Cost::Known(Range::exactly(Money::from_micros(100))));
    let left = Money::from_micros;
    assert_eq!(budget.check(left(0), &total), Decision::Within { left: left(500) });
    assert_eq!(budget.check(left(500), &total), Decision::Within { left: left(0) });
    let refused = Decision::MayExceed { left: left(499), cost: total.cost };
    assert_eq!(budget.check(left(501), &total), refused);
    assert!(total.may_exceed(left(499)) && !total.may_exceed(left(500)));
    // What costs nothing may be begun even when too much is spent.
    assert!(matches!(budget.check(left(2_000), &Total::default()), Decision::Within { .. }));
    total.add("d", &Cost::Unknown(Missing::Output));
    assert_eq!(budget.check(left(0), &total), Decision::Unknown { parts: vec!["d".into()] });
    assert!(total.may_exceed(Money::from_dollars(9)));
}
