//! What a model's tokens cost while a price holds, and what that makes for one row.

use crate::rate::Exact;
use crate::{Day, Rate, Tokens};

/// What tokens cost, in dollars for a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// The request.
    pub input: Rate,
    /// The answer and the thinking.
    pub output: Rate,
    /// The part of the request that came from a cache; `None` where it is not known.
    pub cached_input: Option<Rate>,
    /// The part of the request that is audio; `None` where it is not known.
    pub audio_input: Option<Rate>,
}

/// Other rates for rows with long prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// They hold for rows whose prompt has more tokens than this.
    pub prompt_tokens: u64,
    /// They hold for all tokens of such a row.
    pub rates: Rates,
}

/// A model's price over some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// For ordinary rows.
    pub rates: Rates,
    /// For rows with long prompts, the shortest limit first.
    pub tiers: Vec<Tier>,
    /// The first day it holds; `None` for ever before.
    pub from: Option<Day>,
    /// The last day it holds; `None` for ever after.
    pub until: Option<Day>,
}

impl Rates {
    /// The higher rate of each kind; a kind that is unknown in one of them is unknown.
    fn dearer(self, other: Self) -> Self {
        let both = |one: Option<Rate>, other: Option<Rate>| Some(one?.max(other?));
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cached_input: both(self.cached_input, other.cached_input),
            audio_input: both(self.audio_input, other.audio_input),
        }
    }
}

impl Price {
    /// A price for all rows, now and ever.
    pub fn flat(input: Rate, output: Rate) -> Self {
        let rates = Rates { input, output, cached_input: None, audio_input: None };
        Self { rates, tiers: Vec::new(), from: None, until: None }
    }

    /// The rates for a row whose prompt has so many tokens.
    pub fn rates_for(&self, prompt_tokens: u64) -> &Rates {
        let holds = |tier: &&Tier| prompt_tokens > tier.prompt_tokens;
        self.tiers.iter().rev().find(holds).map_or(&self.rates, |tier| &tier.rates)
    }

    /// Whether it holds on that day.
    pub fn holds_on(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// A price that is nowhere below either of the two.
    pub(crate) fn dearer(&self, other: &Self) -> Self {
        let mut limits: Vec<u64> =
            self.tiers.iter().chain(&other.tiers).map(|tier| tier.prompt_tokens).collect();
        limits.sort_unstable();
        limits.dedup();
        let above = |limit: u64| {
            let long = limit.saturating_add(1);
            self.rates_for(long).dearer(*other.rates_for(long))
        };
        Self {
            rates: self.rates.dearer(other.rates),
            tiers: limits
                .into_iter()
                .map(|prompt_tokens| Tier { prompt_tokens, rates: above(prompt_tokens) })
                .collect(),
            from: None,
            until: None,
        }
    }
}

/// What a row costs, by what it is billed as, and how much of that rests on an assumption.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowCost {
    pub(crate) input: Exact,
    pub(crate) output: Exact,
    /// Cached and audio tokens whose own rate is not known, counted at that of ordinary input.
    pub(crate) assumed: u64,
}

impl RowCost {
    pub(crate) fn of(price: &Price, tokens: &Tokens) -> Self {
        let rates = price.rates_for(tokens.prompt);
        let cached = tokens.cached.min(tokens.prompt);
        let audio = tokens.audio.min(tokens.prompt - cached);
        let plain = (tokens.prompt - cached - audio).saturating_add(tokens.tool_use);
        let mut cost = Self::default();
        for (rate, count) in
            [(Some(rates.input), plain), (rates.cached_input, cached), (rates.audio_input, audio)]
        {
            cost.input.add(rate.unwrap_or(rates.input).times(count));
            cost.assumed += if rate.is_none() { count } else { 0 };
        }
        cost.output = rates.output.times(tokens.output());
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(micros: u64) -> Rate {
        Rate::from_micros_per_million(micros)
    }

    fn tiered() -> Price {
        let long = Rates {
            input: rate(2_000_000),
            output: rate(9_000_000),
            cached_input: None,
            audio_input: None,
        };
        let tiers = vec![Tier { prompt_tokens: 200_000, rates: long }];
        Price { tiers, ..Price::flat(rate(1_000_000), rate(6_000_000)) }
    }

    fn cost(price: &Price, tokens: &Tokens) -> (u64, u64, u64) {
        let cost = RowCost::of(price, tokens);
        (cost.input.money().micros(), cost.output.money().micros(), cost.assumed)
    }

    #[test]
    fn a_long_prompt_is_dearer_as_a_whole() {
        let at = |prompt| Tokens { prompt, candidates: 10, thoughts: 90, ..Tokens::default() };
        assert_eq!(cost(&tiered(), &at(200_000)), (200_000, 600, 0));
        assert_eq!(cost(&tiered(), &at(200_001)), (400_002, 900, 0));
    }

    #[test]
    fn kinds_of_input_have_their_own_rates_where_they_are_known() {
        let tokens =
            Tokens { prompt: 1_000, cached: 600, audio: 300, tool_use: 50, ..Tokens::default() };
        let mut price = Price::flat(rate(1_000_000), rate(0));
        assert_eq!(cost(&price, &tokens), (1_050, 0, 900));
        price.rates.cached_input = Some(rate(100_000));
        assert_eq!(cost(&price, &tokens), (60 + 300 + 150, 0, 300));
        price.rates.audio_input = Some(rate(2_000_000));
        assert_eq!(cost(&price, &tokens), (60 + 600 + 150, 0, 0));
        // Parts that claim to be more than the whole cost no more than the whole.
        let odd = Tokens { prompt: 10, cached: 20, audio: 20, ..Tokens::default() };
        assert_eq!(cost(&price, &odd), (1, 0, 0));
    }

    #[test]
    fn the_dearer_of_two_is_nowhere_cheaper() {
        let flat = Price::flat(rate(1_500_000), rate(7_000_000));
        let dear = tiered().dearer(&flat);
        for prompt in [0, 200_000, 200_001, u64::MAX] {
            for price in [&tiered(), &flat] {
                let (one, other) = (price.rates_for(prompt), dear.rates_for(prompt));
                assert!(one.input <= other.input && one.output <= other.output, "{prompt}");
            }
        }
        assert_eq!(dear.rates_for(5).input, rate(1_500_000));
        assert_eq!(dear.rates_for(300_000).output, rate(9_000_000));
    }
}
