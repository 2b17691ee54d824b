//! Faults by chance: how often which, from a seed, so that every run of bad luck can be had again.

use serde::{Deserialize, Serialize};

use super::RequestMatch;

/// Chaos: each request draws at most one fault, each job one course, by seeded chance.
///
/// The n-th request that matches `when` and that no rule of the script takes draws with the seed
/// and n, so the same requests in the same order meet the same faults. What a fault draws that
/// makes no sense for the request (a lost upload session for a `GET`) does no harm.
///
/// ```
/// let script = gemini_emulator::Script::parse("toml", r#"
///     [chaos]
///     seed = 7
///     most_in_a_row = 3
///     rates = { drop = 0.05, apply_then_drop = 0.05, overloaded = 0.1 }
///     jobs = { expires = 0.1, missing_rows = 0.01 }
/// "#)?;
/// assert_eq!(script.chaos.unwrap().rates.drop, 0.05);
/// # Ok::<(), gemini_emulator::ScriptError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// The seed.
    pub seed: u64,
    /// Which requests it is for; everything when empty.
    pub when: RequestMatch,
    /// After so many faults in a row the next request passes; no such mercy when absent.
    pub most_in_a_row: Option<u64>,
    /// How many faults there are in all; for ever when absent.
    pub times: Option<u64>,
    /// What requests draw.
    pub rates: Rates,
    /// What jobs draw.
    pub jobs: JobRates,
}

impl Chaos {
    /// About one request in five meets a fault, one job in five a bad end; nothing hangs, and
    /// after three faults in a row one request passes.
    pub fn mild(seed: u64) -> Self {
        let rates = Rates {
            too_many_requests: 0.02,
            internal: 0.02,
            overloaded: 0.03,
            html_page: 0.01,
            drop: 0.03,
            apply_then_drop: 0.02,
            apply_then_answer: 0.01,
            late: 0.01,
            delay: 0.02,
            cut_upload: 0.01,
            short_size_received: 0.01,
            lose_session: 0.005,
            truncate: 0.01,
            ..Rates::default()
        };
        let jobs = JobRates {
            fails: 0.1,
            expires: 0.1,
            late_output: 0.2,
            list_lag: 0.2,
            failing_rows: 0.01,
            missing_rows: 0.005,
            doubled_rows: 0.005,
        };
        Self { seed, most_in_a_row: Some(3), rates, jobs, ..Self::default() }
    }
}

macro_rules! rates {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_about])* pub $field: f64,)*
        }

        impl $name {
            /// Every rate by its name.
            pub(crate) fn all(&self) -> [(&'static str, f64); [$(stringify!($field)),*].len()] {
                [$((stringify!($field), self.$field)),*]
            }
        }
    };
}

rates! {
    /// The shares of requests, in 0..=1, that meet a fault; together at most 1.
    Rates {
        /// 429 with nothing but a link.
        too_many_requests,
        /// 429 with `RetryInfo` and `Retry-After`.
        retry_later,
        /// 500.
        internal,
        /// 503.
        overloaded,
        /// 502 with a page of HTML.
        html_page,
        /// The connection closes, nothing is applied.
        drop,
        /// The request is applied, then the connection closes.
        apply_then_drop,
        /// The request is applied, then answered with 503.
        apply_then_answer,
        /// The connection closes at once, the request is applied 2 s (real time) later.
        late,
        /// The answer waits for half a second (real time).
        delay,
        /// The connection closes within the request's body, which only uploads have to fear.
        cut_upload,
        /// The end of an upload's chunk is thrown away.
        short_size_received,
        /// The upload session is forgotten.
        lose_session,
        /// The answer ends in the middle, with the right length or none.
        truncate,
        /// There is never an answer.
        hang,
    }
}

rates! {
    /// The shares of jobs, or of the rows of each, in 0..=1, that take another course.
    JobRates {
        /// Jobs that end FAILED.
        fails,
        /// Jobs that end EXPIRED.
        expires,
        /// Jobs whose output shows up to 60 emulated seconds late.
        late_output,
        /// Jobs that are listed up to 2 s (real time) late.
        list_lag,
        /// Rows that fail with code 13.
        failing_rows,
        /// Rows that are not in the results.
        missing_rows,
        /// Rows that are there twice.
        doubled_rows,
    }
}
