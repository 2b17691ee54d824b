//! What was spent: rows by their stated tokens, at their price, added up exactly.

use crate::price::RowCost;
use crate::rate::Exact;
use crate::{Money, Price, Quote, Tokens, Unpriced};

/// The bill of one model, filled row by row.
///
/// ```
/// use batch_cost::{Bill, Money, Price, PriceBook, Spent, Tokens};
///
/// let quote = PriceBook::builtin().quote("gemini-3.5-flash-lite", "2026-11-22".parse()?);
/// let mut bill = Bill::new(&quote);
/// bill.add(Some(&Tokens { prompt: 1_000, candidates: 100, thoughts: 300, ..Tokens::default() }));
/// // 1,000 × $0.15 and 400 × $1.25 a million.
/// assert_eq!(bill.spent(), Spent::Known(Money::from_micros(150 + 500)));
/// # Ok::<(), batch_cost::NoDay>(())
/// ```
#[derive(Debug, Clone)]
pub struct Bill {
    at: At,
    tokens: Tokens,
    rows: u64,
    without_usage: u64,
    input: Exact,
    output: Exact,
    assumed: u64,
}

#[derive(Debug, Clone)]
enum At {
    Free,
    Price(Box<Price>),
    Unknown(Unpriced),
}

/// What was spent, as far as that can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spent {
    /// Nothing: a model of the emulator.
    Free,
    /// So much, rounded up to a micro-dollar.
    Known(Money),
    /// The tokens are known and their price is not.
    Unknown(Unpriced),
}

impl Bill {
    /// An empty bill at a price.
    pub fn new(quote: &Quote) -> Self {
        let at = match quote {
            Quote::Free => At::Free,
            Quote::Known(quoted) => At::Price(Box::new(quoted.price.clone())),
            Quote::Unknown(why) => At::Unknown(why.clone()),
        };
        let (input, output) = (Exact::default(), Exact::default());
        let tokens = Tokens::default();
        Self { at, tokens, rows: 0, without_usage: 0, input, output, assumed: 0 }
    }

    /// Adds a row; `None` is a row whose tokens are not stated.
    pub fn add(&mut self, tokens: Option<&Tokens>) {
        self.rows = self.rows.saturating_add(1);
        let Some(tokens) = tokens else {
            self.without_usage = self.without_usage.saturating_add(1);
            return;
        };
        self.tokens.absorb(tokens);
        if let At::Price(price) = &self.at {
            let row = RowCost::of(price, tokens);
            self.input.add(row.input);
            self.output.add(row.output);
            self.assumed = self.assumed.saturating_add(row.assumed);
        }
    }

    /// Adds the rows of another bill of the same model, such as another shard's.
    pub fn absorb(&mut self, other: &Self) {
        self.tokens.absorb(&other.tokens);
        self.input.add(other.input);
        self.output.add(other.output);
        for (mine, theirs) in [
            (&mut self.rows, other.rows),
            (&mut self.without_usage, other.without_usage),
            (&mut self.assumed, other.assumed),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// What it comes to.
    pub fn spent(&self) -> Spent {
        match &self.at {
            At::Free => Spent::Free,
            At::Price(_) => Spent::Known(self.input.plus(self.output).money()),
            At::Unknown(why) => Spent::Unknown(why.clone()),
        }
    }

    /// The part of it that is input; `None` where nothing was billed. Each part is rounded up by itself.
    pub fn input(&self) -> Option<Money> {
        matches!(self.at, At::Price(_)).then(|| self.input.money())
    }

    /// The part of it that is output, thinking included.
    pub fn output(&self) -> Option<Money> {
        matches!(self.at, At::Price(_)).then(|| self.output.money())
    }

    /// All tokens that were stated.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Rows that were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows whose tokens were not stated, which are in no sum.
    pub fn rows_without_usage(&self) -> u64 {
        self.without_usage
    }

    /// Cached and audio tokens whose own price is not known, billed here as ordinary input.
    pub fn assumed_tokens(&self) -> u64 {
        self.assumed
    }
}
