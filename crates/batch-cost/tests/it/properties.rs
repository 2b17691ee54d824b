//! What holds for any dataset and any price: ranges in order, more rows and dearer prices cost no less.

use batch_cost::{
    Assumptions, Bill, Census, CensusRow, Cost, Day, Forecast, Logged, Money, Price, Quote, Quoted,
    Range, Rate, Rates, Reservoir, Spent, Tier, Tokens,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn row() -> impl Strategy<Value = CensusRow> {
    let logged = (option::weighted(0.8, 0..300_000_u64), option::weighted(0.8, 0..70_000_u64));
    (1..3_000_000_u64, option::weighted(0.7, logged), option::of(1..10_000_u64)).prop_map(
        |(bytes, logged, output_cap)| {
            let logged = logged.map(|(prompt, output)| Logged { bytes, prompt, output });
            CensusRow { bytes, output_cap, logged }
        },
    )
}

fn price() -> impl Strategy<Value = Price> {
    let rate = || (0..20_000_000_u64).prop_map(Rate::from_micros_per_million);
    (rate(), rate(), option::of((1..300_000_u64, rate(), rate()))).prop_map(
        |(input, output, long)| {
            let mut price = Price::flat(input, output);
            price.tiers.extend(long.map(|(prompt_tokens, in_long, out_long)| {
                let rates = Rates {
                    input: input.max(in_long),
                    output: output.max(out_long),
                    ..price.rates
                };
                Tier { prompt_tokens, rates }
            }));
            price
        },
    )
}

fn quote(price: &Price) -> Quote {
    let day: Day = "2026-11-22".parse().unwrap();
    Quote::Known(Box::new(Quoted::of(price.clone(), "m", day, "test")))
}

fn census(rows: &[CensusRow]) -> Census {
    let mut census = Census::default();
    for row in rows {
        census.add(row);
    }
    census
}

fn known(rows: &[CensusRow], price: &Price) -> Option<Range<Money>> {
    let forecast = Forecast::new(&census(rows), None, &quote(price), Assumptions::default());
    match forecast.cost {
        Cost::Known(range) => Some(range),
        _ => None,
    }
}

fn is_ordered<T: Ord>(range: &Range<T>) -> bool {
    range.low <= range.mid && range.mid <= range.high
}

fn dearer(rate: Rate) -> Rate {
    rate.max(Rate::from_micros_per_million(9_000_000))
}

proptest! {
    #[test]
    fn every_range_holds_its_middle(rows in vec(row(), 0..40), price in price()) {
        let forecast =
            Forecast::new(&census(&rows), None, &quote(&price), Assumptions::default());
        for tokens in [forecast.input, forecast.output].into_iter().flatten() {
            prop_assert!(is_ordered(&tokens), "{tokens:?}");
        }
        if let Cost::Known(cost) = forecast.cost {
            prop_assert!(is_ordered(&cost), "{cost:?}");
        }
    }

    #[test]
    fn the_order_and_the_parts_of_the_pass_do_not_matter(rows in vec(row(), 0..40), cut in 0..40_usize) {
        let (first, second) = rows.split_at(cut.min(rows.len()));
        let mut parts = census(second);
        parts.absorb(&census(first));
        prop_assert_eq!(parts, census(&rows));
    }

    #[test]
    fn a_dearer_price_costs_no_less(rows in vec(row(), 1..30), price in price()) {
        let mut high = price.clone();
        high.rates.input = dearer(high.rates.input);
        high.rates.output = dearer(high.rates.output);
        for tier in &mut high.tiers {
            tier.rates.input = dearer(tier.rates.input);
            tier.rates.output = dearer(tier.rates.output);
        }
        if let (Some(low), Some(high)) = (known(&rows, &price), known(&rows, &high)) {
            prop_assert!(low.low <= high.low && low.mid <= high.mid && low.high <= high.high);
        }
    }

    #[test]
    fn twice_the_rows_cost_twice_as_much(rows in vec(row(), 1..30), price in price()) {
        let mut twice = rows.clone();
        twice.extend_from_slice(&rows);
        if let (Some(once), Some(twice)) = (known(&rows, &price), known(&twice, &price)) {
            // Borders of size classes are rounded to whole tokens, 40 classes at most, of at most 20 dollars a million.
            let (want, got) = (once.mid.micros() * 2, twice.mid.micros());
            prop_assert!(want.abs_diff(got) <= 40 * 20 * 2, "{want} {got}");
        }
    }

    #[test]
    fn a_fully_logged_dataset_costs_what_its_bill_would(
        logged in vec((1..100_000_u64, 0..5_000_u64), 1..40),
        input in 0..20_000_000_u64,
        output in 0..20_000_000_u64,
    ) {
        let price = Price::flat(
            Rate::from_micros_per_million(input),
            Rate::from_micros_per_million(output),
        );
        let mut bill = Bill::new(&quote(&price));
        let mut rows = Vec::new();
        for (prompt, candidates) in logged {
            bill.add(Some(&Tokens { prompt, candidates, ..Tokens::default() }));
            let bytes = prompt * 4 + 30;
            let logged = Logged { bytes, prompt: Some(prompt), output: Some(candidates) };
            rows.push(CensusRow { bytes, logged: Some(logged), output_cap: None });
        }
        let cost = known(&rows, &price).map(|cost| Spent::Known(cost.mid));
        prop_assert_eq!(cost, Some(bill.spent()));
    }

    #[test]
    fn a_sample_holds_rows_of_the_stream_once(size in 0..50_usize, seed: u64, rows in 0..500_u64) {
        let mut sample = Reservoir::new(size, seed);
        (0..rows).for_each(|row| sample.offer(|| row));
        let mut items = sample.into_items();
        items.sort_unstable();
        items.dedup();
        prop_assert_eq!(items.len(), size.min(usize::try_from(rows).unwrap()));
        prop_assert!(items.iter().all(|item| *item < rows));
    }
}
