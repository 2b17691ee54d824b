//! Brings a price list of its own, bills some calls by it, and asks whether more would fit the budget.

use batch_cost::{Bill, Budget, Decision, Money, PriceBook, Quote, Spent, Tokens, Total};

const PRICES: &str = r#"
schema = "batch-eval/prices/1"
date = "2026-11-22"
[[model]]
name = "house-model"
price = [{ input = 0.50, output = 2.00 }]
"#;

fn main() {
    let own = PriceBook::parse(PRICES, "the house list").unwrap();
    let book = PriceBook::builtin().overridden_by(own);
    let quote = book.quote("house-model-001", "2026-11-22".parse().unwrap());
    assert!(matches!(&quote, Quote::Known(quoted) if quoted.table == "the house list"));
    let mut bill = Bill::new(&quote);
    for _ in 0..1_000 {
        bill.add(Some(&Tokens { prompt: 800, candidates: 150, thoughts: 50, ..Tokens::default() }));
    }
    // 800,000 × $0.50 and 200,000 × $2 a million.
    let Spent::Known(spent) = bill.spent() else { panic!("the model is listed") };
    assert_eq!(spent.to_string(), "$0.8000");
    let budget = Budget::new(Money::from_dollars(1));
    let decision = budget.check(spent, &Total::known(spent));
    assert!(matches!(decision, Decision::MayExceed { .. }), "{decision:?}");
    println!("{spent} spent; the same again may exceed {}", budget.limit());
}
