//! What a run may cost before it is begun: tokens with a range, times a price, and what is not known.

use crate::census::{Census, Outputs};
use crate::fit::{Fit, Pairs, t_975, to_f64, to_u64};
use crate::rate::Exact;
use crate::{Money, Price, Quote, Range, Unpriced};

/// So many counted rows are preferred to any number of logged ones, which another model may have counted.
const ENOUGH_COUNTED: u64 = 8;

/// What no data says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumptions {
    /// How many input tokens a model may at least see, in percent of what was logged; counted rows need no assumption.
    pub input_low: u32,
    /// How many input tokens a model may at most see, in percent of what was logged.
    pub input_high: u32,
    /// How much a model may at least write, in percent of what was logged.
    pub output_low: u32,
    /// How much it may at most write, in percent of what was logged.
    pub output_high: u32,
}

impl Default for Assumptions {
    /// Another model than the logged one cuts texts into other tokens, give or take a tenth, and thinks and writes
    /// half to double.
    fn default() -> Self {
        Self { input_low: 90, input_high: 110, output_low: 50, output_high: 200 }
    }
}

/// What tokens were forecast from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Basis {
    /// So many rows whose tokens the service counted.
    Counted(u64),
    /// So many rows whose logged response states its tokens.
    Logged(u64),
    /// The limits that the requests themselves set to their answers: an upper end, no expectation.
    Caps,
    /// Nothing.
    Nothing,
}

/// What one model may take for one variant of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// Rows.
    pub rows: u64,
    /// Input tokens; `None` where nothing is known of them.
    pub input: Option<Range<u64>>,
    /// What they were forecast from.
    pub input_basis: Basis,
    /// Output tokens, thinking included; `None` where nothing is known of them.
    pub output: Option<Range<u64>>,
    /// What they were forecast from.
    pub output_basis: Basis,
    /// What that costs.
    pub cost: Cost,
}

/// What something may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cost {
    /// Nothing: a model of the emulator.
    Free,
    /// So much.
    Known(Range<Money>),
    /// That is not known.
    Unknown(Missing),
}

/// What would have to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The model's price.
    Price(Unpriced),
    /// How many tokens the requests have.
    Input,
    /// How many tokens the answers will have.
    Output,
}

/// The sum of several costs, with those that are not known by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Total {
    /// What is known of it.
    pub cost: Range<Money>,
    /// The parts that are not known, which the sum lacks.
    pub unknown: Vec<String>,
}

impl Forecast {
    /// Forecasts what a model at a price takes for the rows of `census`.
    ///
    /// `counted` are rows of the census whose tokens were counted for this model. The upper end uses
    /// [`Quoted::dearest`](crate::Quoted::dearest).
    pub fn new(
        census: &Census,
        counted: Option<&Pairs>,
        quote: &Quote,
        assumed: Assumptions,
    ) -> Self {
        let rows = census.rows();
        let (fit, seen, input_basis) = best_fit(census, counted);
        let input = match &fit {
            _ if rows == 0 => Some(Range::exactly(0)),
            fit => fit.as_ref().map(|fit| fit.tokens(rows, census.bytes(), seen)),
        };
        let input = match input_basis {
            Basis::Logged(_) => {
                input.map(|range| widen(range, assumed.input_low, assumed.input_high))
            }
            _ => input,
        };
        let (output, output_basis) = output(census, assumed);
        let cost = match (quote, input, output) {
            (Quote::Free, ..) => Cost::Free,
            (Quote::Unknown(why), ..) => Cost::Unknown(Missing::Price(why.clone())),
            (_, None, _) => Cost::Unknown(Missing::Input),
            (_, _, None) => Cost::Unknown(Missing::Output),
            (Quote::Known(quoted), Some(input), Some(output)) => {
                let at = |price: &Price, input, output| {
                    cost(census, fit.as_ref(), price, input, output).money()
                };
                Cost::Known(Range::around(
                    at(&quoted.price, input.low, output.low),
                    at(&quoted.price, input.mid, output.mid),
                    at(&quoted.dearest, input.high, output.high),
                ))
            }
        };
        Self { rows, input, input_basis, output, output_basis, cost }
    }
}

/// The line to use, how many of the rows it has seen, and what it rests on.
fn best_fit(census: &Census, counted: Option<&Pairs>) -> (Option<Fit>, u64, Basis) {
    let logged = &census.pairs;
    let enough = |pairs: &&Pairs| pairs.count() >= ENOUGH_COUNTED.min(logged.count() + 1);
    let (pairs, seen, basis) = match counted.filter(enough) {
        Some(counted) => (counted, counted.count(), Basis::Counted(counted.count())),
        None => (logged, census.unchanged, Basis::Logged(logged.count())),
    };
    match pairs.fit() {
        Some(fit) => (Some(fit), seen, basis),
        None => (None, 0, Basis::Nothing),
    }
}

/// The range with its ends at so many percent of themselves.
fn widen(range: Range<u64>, low: u32, high: u32) -> Range<u64> {
    let ends = |tokens, percent: u32| share(tokens, percent.into(), 100);
    Range::around(ends(range.low, low), range.mid, ends(range.high, high))
}

/// Output tokens: the logged mean for all rows, within what is assumed of another model and the requests' limits.
fn output(census: &Census, assumed: Assumptions) -> (Option<Range<u64>>, Basis) {
    let rows = census.rows();
    if rows == 0 {
        return (Some(Range::exactly(0)), Basis::Nothing);
    }
    let cap = (census.capped_rows == rows).then_some(census.caps);
    match (census.outputs.scaled_to(rows), cap) {
        (Some(logged), cap) => {
            let range = widen(logged, assumed.output_low, assumed.output_high);
            let basis = Basis::Logged(census.outputs.count);
            (Some(range.map(|tokens| tokens.min(cap.unwrap_or(u64::MAX)))), basis)
        }
        (None, Some(cap)) => (Some(Range { low: 0, mid: cap, high: cap }), Basis::Caps),
        (None, None) => (None, Basis::Nothing),
    }
}

impl Outputs {
    /// The tokens of `rows` rows of which these are an even sample, with a range of 95 %; half to double for one.
    fn scaled_to(&self, rows: u64) -> Option<Range<u64>> {
        if self.count == 0 {
            return None;
        }
        let (count, all) = (to_f64(self.count.into()), to_f64(rows.into()));
        let mid = all * to_f64(self.tokens) / count;
        let unseen = to_f64(rows.saturating_sub(self.count).into()) / all;
        if unseen <= 0.0 {
            return Some(Range::exactly(to_u64(mid)));
        }
        if self.count == 1 {
            return Some(Range::around(to_u64(mid / 2.0), to_u64(mid), to_u64(mid * 2.0)));
        }
        let squares = self.squares.saturating_mul(self.count.into());
        let around = squares.saturating_sub(self.tokens.saturating_mul(self.tokens));
        let variance = to_f64(around) / (count * (count - 1.0));
        let half = all * t_975(self.count - 1) * (variance * unseen / count).sqrt();
        Some(Range::around(to_u64(mid - half), to_u64(mid), to_u64(mid + half)))
    }
}

/// What so many tokens in all cost, shared out over the rows by their sizes, since long rows may be dearer.
fn cost(census: &Census, fit: Option<&Fit>, price: &Price, input: u64, output: u64) -> Exact {
    let weigh = |bytes: u64, rows: u64| {
        let rows = to_f64(rows.into());
        let a_row = fit.map_or(1.0, |fit| fit.on_line(to_f64(bytes.into()) / rows));
        rows * a_row.max(f64::MIN_POSITIVE)
    };
    let whole: f64 = census.sizes.filled().map(|bucket| weigh(bucket.bytes, bucket.rows)).sum();
    let (mut weight, mut rows) = (0.0, 0_u64);
    let (mut input_so_far, mut output_so_far) = (0, 0);
    let mut sum = Exact::default();
    for bucket in census.sizes.filled() {
        weight += weigh(bucket.bytes, bucket.rows);
        rows += bucket.rows;
        let is_last = rows == census.rows();
        // Borders are rounded, not parts, so that the parts add up to the whole.
        let to = if is_last { input } else { to_u64(to_f64(input.into()) * (weight / whole)) };
        let to = to.clamp(input_so_far, input.max(input_so_far));
        let bucket_input = to - input_so_far;
        input_so_far = to;
        let to = share(output, rows, census.rows());
        let bucket_output = to - output_so_far;
        output_so_far = to;
        let rates = price.rates_for(bucket_input.div_ceil(bucket.rows));
        sum.add(rates.input.times(bucket_input));
        sum.add(rates.output.times(bucket_output));
    }
    sum
}

/// `whole × part / all`, rounded down.
fn share(whole: u64, part: u64, all: u64) -> u64 {
    let product = u128::from(whole) * u128::from(part);
    u64::try_from(product / u128::from(all.max(1))).unwrap_or(u64::MAX)
}

impl Total {
    /// A total of one known amount.
    pub fn known(amount: Money) -> Self {
        Self { cost: Range::exactly(amount), unknown: Vec::new() }
    }

    /// Adds a cost under a name, such as that of its model.
    pub fn add(&mut self, name: &str, cost: &Cost) {
        match cost {
            Cost::Free => {}
            Cost::Known(range) => self.cost = self.cost + *range,
            Cost::Unknown(_) => self.unknown.push(name.to_owned()),
        }
    }

    /// Whether it may be more than `limit`: its upper end is, or a part of it is not known.
    pub fn may_exceed(&self, limit: Money) -> bool {
        !self.unknown.is_empty() || self.cost.high > limit
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Price(why) => why.fmt(f),
            Self::Input => f.write_str("the tokens of the requests are not known"),
            Self::Output => f.write_str("no logged response states its tokens"),
        }
    }
}
