//! Draws faults and bad ends from a seed, the same for the same requests in the same order.

use crate::dice::{Dice, mix};
use crate::faults::Asked;
use crate::script::{Action, Canned, Chaos, JobPlan, JobRates, LengthSaid, Rates, Refusal, Rows};

/// What chaos has done so far.
#[derive(Debug, Default)]
pub(crate) struct Draws {
    drawn: u64,
    in_a_row: u64,
    faults: u64,
}

impl Draws {
    /// Lets the next request draw.
    pub(crate) fn for_request(&mut self, chaos: &Chaos, asked: &Asked<'_>) -> Option<Action> {
        let mut dice = Dice::new(mix(chaos.seed, &[b"chaos", &self.drawn.to_le_bytes()]));
        self.drawn += 1;
        let spared = chaos.most_in_a_row.is_some_and(|most| self.in_a_row >= most)
            || chaos.times.is_some_and(|times| self.faults >= times);
        let action = draw(&chaos.rates, &mut dice).filter(|action| !spared && fits(action, asked));
        self.in_a_row = if action.is_some() { self.in_a_row + 1 } else { 0 };
        self.faults += u64::from(action.is_some());
        action
    }
}

fn draw(rates: &Rates, dice: &mut Dice) -> Option<Action> {
    let mut left = dice.unit();
    let name = rates.all().into_iter().find_map(|(name, rate)| {
        let hit = left < rate;
        left -= rate;
        hit.then_some(name)
    })?;
    let some_bytes = 1 + dice.below(64 << 10) as u64;
    Some(match name {
        "too_many_requests" => Action::Refuse(Refusal::TooManyRequests),
        "retry_later" => Action::Refuse(Refusal::RetryLater),
        "internal" => Action::Refuse(Refusal::Internal),
        "overloaded" => Action::Refuse(Refusal::Overloaded),
        "html_page" => Action::Refuse(Refusal::HtmlPage),
        "drop" => Action::Drop,
        "apply_then_drop" => Action::ApplyThenDrop,
        "apply_then_answer" => Action::ApplyThenAnswer(Canned { status: 503, ..Canned::default() }),
        "late" => Action::Late { after_ms: 2_000 },
        "delay" => Action::Delay { ms: 500 },
        "cut_upload" => Action::CutUpload { bytes: some_bytes },
        "short_size_received" => Action::ShortSizeReceived { by: some_bytes },
        "lose_session" => Action::LoseSession,
        "truncate" => {
            let length = if dice.chance(0.5) { LengthSaid::Right } else { LengthSaid::Absent };
            Action::Truncate { bytes: some_bytes, length }
        }
        _ => Action::Hang,
    })
}

/// Whether the fault makes sense for the request.
fn fits(action: &Action, asked: &Asked<'_>) -> bool {
    let command = asked.headers.get("x-goog-upload-command").and_then(|value| value.to_str().ok());
    let data = command.is_some_and(|command| command.contains("upload"));
    match action {
        Action::CutUpload { .. } | Action::ShortSizeReceived { .. } => data,
        Action::LoseSession => command.is_some_and(|command| !command.contains("start")),
        // An upload's data cannot come later than its connection.
        Action::Late { .. } => !data && asked.method != "GET",
        // What says nothing of its length and ends early is an error of another kind for JSON.
        Action::Truncate { .. } => asked.method == "GET",
        _ => true,
    }
}

/// What becomes of the job that is the `index`-th of all.
pub(crate) fn plan(chaos: &Chaos, index: u64) -> JobPlan {
    let JobRates {
        fails,
        expires,
        late_output,
        list_lag,
        failing_rows,
        missing_rows,
        doubled_rows,
    } = chaos.jobs;
    let mut dice = Dice::new(mix(chaos.seed, &[b"chaos job", &index.to_le_bytes()]));
    let end = dice.unit();
    let late_output_s = if dice.chance(late_output) { dice.unit() * 60.0 } else { 0.0 };
    let lag = if dice.chance(list_lag) { 1 + dice.below(2_000) } else { 0 };
    let share = |share| Rows { share, ..Rows::default() };
    JobPlan {
        end: if end < fails {
            Some("BATCH_STATE_FAILED".into())
        } else if end < fails + expires {
            Some("BATCH_STATE_EXPIRED".into())
        } else {
            None
        },
        late_output_s,
        list_lag_ms: lag as u64,
        failing: share(failing_rows),
        missing: share(missing_rows),
        doubled: share(doubled_rows),
        ..JobPlan::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    fn walk(chaos: &Chaos, n: usize) -> Vec<Option<Action>> {
        let headers = HeaderMap::new();
        let asked = Asked { method: "POST", path: "/v1/files", query: "", headers: &headers };
        let mut draws = Draws::default();
        (0..n).map(|_| draws.for_request(chaos, &asked)).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_and_rates_are_kept() {
        let chaos = Chaos { most_in_a_row: None, ..Chaos::mild(7) };
        let drawn = walk(&chaos, 4_000);
        assert_eq!(drawn, walk(&chaos, 4_000));
        assert_ne!(drawn, walk(&Chaos { seed: 8, ..chaos.clone() }, 4_000));
        let drops = drawn.iter().filter(|action| **action == Some(Action::Drop)).count();
        assert!((80..=160).contains(&drops), "3 % of 4,000 is 120: {drops}");
        let lost = drawn.iter().flatten().filter(|action| matches!(action, Action::LoseSession));
        assert_eq!(lost.count(), 0, "there is no session in these requests");
    }

    #[test]
    fn mercy_and_an_end() {
        let rates = Rates { drop: 1.0, ..Rates::default() };
        let chaos = Chaos { rates, most_in_a_row: Some(2), times: Some(5), ..Chaos::default() };
        let hits: Vec<bool> = walk(&chaos, 10).iter().map(Option::is_some).collect();
        let (y, n) = (true, false);
        assert_eq!(hits, [y, y, n, y, y, n, y, n, n, n]);
    }

    #[test]
    fn jobs_draw_by_their_place() {
        let chaos = Chaos::mild(1);
        let ends: Vec<_> = (0..200).map(|n| plan(&chaos, n)).collect();
        assert_eq!(ends, (0..200).map(|n| plan(&chaos, n)).collect::<Vec<_>>());
        let bad = ends.iter().filter(|plan| plan.end.is_some()).count();
        assert!((20..=60).contains(&bad), "a fifth of 200 is 40: {bad}");
        assert_eq!(plan(&Chaos::default(), 3), JobPlan { ..JobPlan::default() });
    }
}
