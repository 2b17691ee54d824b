//! What a scorer says of a row: the other axis beside the outcome.

use std::borrow::Cow;

/// What a scorer says of one row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Right or wrong.
    Pass(bool),
    /// A grade in 0..=1; anything else, NaN too, is taken as unscorable.
    Value(f64),
    /// A class, for a choice among a set.
    Label(Cow<'static, str>),
    /// A class where the right one is known: a pass if it is that one, and a cell of the
    /// [confusion matrix](crate::Confusion).
    Choice {
        /// The class that the answer names.
        given: Cow<'static, str>,
        /// The right one.
        truth: Cow<'static, str>,
    },
    /// The scorer cannot tell, and why; such a row counts as missing data, never as wrong.
    Unscorable(Cow<'static, str>),
}

impl Verdict {
    /// An [`Unscorable`](Self::Unscorable) with its reason.
    ///
    /// ```
    /// use scoring::Verdict;
    /// assert_eq!(Verdict::unscorable("no expected value"), Verdict::Unscorable("no expected value".into()));
    /// ```
    pub fn unscorable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Unscorable(reason.into())
    }

    /// Whether the verdict is one: anything but unscorable.
    pub fn is_scored(&self) -> bool {
        !matches!(self, Self::Unscorable(_))
    }
}
