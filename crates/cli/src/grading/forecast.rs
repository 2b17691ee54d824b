//! What the judges of a run may cost, before there is an answer that they could judge.

use batch_cost::{Assumptions, Census, CensusRow, Cost, Forecast, Missing, Pairs, Quote, Range};
use model_judge::{JudgeSpec, Kind, Side};

use super::Desk;
use crate::money::Quotes;

/// Bytes a token, for the judge's own words.
const BYTES_A_TOKEN: u64 = 4;
/// What our own instructions take, in bytes.
const AROUND: u64 = 600;

/// What is known beforehand of one column that will be judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) rows: u64,
    /// The tokens of all its requests.
    pub(crate) input: Option<Range<u64>>,
    /// The tokens of all its answers.
    pub(crate) output: Option<Range<u64>>,
}

/// What each judge on the desk may cost, by its name: it reads requests and answers, and writes at most what it may.
pub(crate) fn forecast(desk: &Desk, columns: &[Expected], quotes: &Quotes) -> Vec<(String, Cost)> {
    let of = |spec: &JudgeSpec| cost(spec, columns, &quotes.quote(&spec.model));
    desk.judges().iter().map(|judge| (judge.spec.name.clone(), of(&judge.spec))).collect()
}

fn cost(spec: &JudgeSpec, columns: &[Expected], quote: &Quote) -> Cost {
    let Some((questions, tokens)) = questions(spec, columns) else {
        return Cost::Unknown(Missing::Input);
    };
    let of = |tokens: u64| priced(questions, tokens, u64::from(spec.max_tokens), quote);
    match (of(tokens.low), of(tokens.mid), of(tokens.high)) {
        (Cost::Known(low), Cost::Known(mid), Cost::Known(high)) => {
            Cost::Known(Range::around(low.low, mid.mid, high.high))
        }
        (_, cost, _) => cost,
    }
}

/// How many questions there will be, and the tokens of all of them; `None` where nobody can know.
fn questions(spec: &JudgeSpec, columns: &[Expected]) -> Option<(u64, Range<u64>)> {
    let compared = matches!((&spec.kind, &spec.against), (Kind::Pairwise, Side::Column(_)));
    let judged = if compared { columns.len().saturating_sub(1) } else { columns.len() };
    let orders = spec.kind.orders().len() as u64;
    let own = (spec.rubric.len() + spec.template.text().len()) as u64 + AROUND;
    let mut sum = (0, Range::exactly(0));
    // The logged answers are as long as the first column's, as far as anybody knows.
    let logged = columns.first().filter(|_| spec.judges_logged);
    for column in columns.iter().rev().take(judged).chain(logged) {
        let beside = matches!(spec.kind, Kind::Pairwise) || spec.needs_reference();
        let answers = if beside { 2 } else { 1 };
        let output = column.output?.map(|tokens| tokens.saturating_mul(answers));
        let around = column.rows.saturating_mul(own.div_ceil(BYTES_A_TOKEN));
        let once = column.input? + output + Range::exactly(around);
        sum.0 += column.rows.saturating_mul(orders);
        sum.1 = sum.1 + once.map(|tokens| tokens.saturating_mul(orders));
    }
    Some(sum)
}

/// What `rows` questions with so many tokens in all cost, answered with at most `cap` tokens each.
fn priced(rows: u64, tokens: u64, cap: u64, quote: &Quote) -> Cost {
    let each = tokens.div_ceil(rows.max(1)).max(1);
    let (mut census, mut pairs) = (Census::default(), Pairs::default());
    for _ in 0..rows {
        census.add(&CensusRow { bytes: each, output_cap: Some(cap), ..CensusRow::default() });
    }
    for times in 1..=8 {
        pairs.add(each * times, each * times);
    }
    Forecast::new(&census, Some(&pairs), quote, Assumptions::default()).cost
}

#[cfg(test)]
mod tests {
    use batch_cost::{Day, PriceBook};

    use super::*;

    fn quote() -> Quote {
        let table = "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\nsources = []\n\
            [[model]]\nname = \"m\"\n[[model.price]]\ninput = 1\noutput = 0\n";
        let day: Day = "2026-11-22".parse().unwrap();
        PriceBook::parse(table, "test").unwrap().quote("m", day)
    }

    fn micros(spec: &JudgeSpec, columns: &[Expected]) -> u64 {
        match cost(spec, columns, &quote()) {
            Cost::Known(range) => range.mid.micros(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_judge_reads_requests_and_answers_once_an_order() {
        let spec = JudgeSpec::plain("judge:rubric", "m", "r");
        let own = (spec.rubric.len() + spec.template.text().len()) as u64 + AROUND;
        let column = Expected {
            rows: 10,
            input: Some(Range::exactly(1_000)),
            output: Some(Range::exactly(500)),
        };
        let once = 1_500 + 10 * own.div_ceil(BYTES_A_TOKEN);
        // At a dollar a million tokens a token costs a millionth.
        assert_eq!(micros(&spec, &[column]), once);
        assert_eq!(micros(&spec, &[column, column]), 2 * once);
        let logged = JudgeSpec { judges_logged: true, ..spec.clone() };
        assert_eq!(micros(&logged, &[column]), 2 * once);
        let pairwise = JudgeSpec { kind: Kind::Pairwise, ..spec.clone() };
        assert_eq!(micros(&pairwise, &[column]), 2 * (once + 500));
        let unknown = Expected { output: None, ..column };
        assert!(matches!(cost(&spec, &[unknown], &quote()), Cost::Unknown(_)));
    }
}
