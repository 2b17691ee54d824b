//! An answer on the screen: what became of it, what was said, what it took.

use eval_report::{RowAnswer, Spoken};
use scoring::Verdict;
use serde_json::Value;

use super::parts::{either, parts};
use super::screen::Screen;

/// A raw line that is no JSON is shown up to here.
const RAW: usize = 2_000;

pub(super) fn answer(screen: &mut Screen, title: &str, answer: &RowAnswer, scorers: &[String]) {
    let verdicts = scorers.iter().zip(&answer.verdicts);
    let verdicts: Vec<String> = verdicts
        .filter_map(|(scorer, verdict)| Some(format!("{scorer}: {}", said(verdict.as_ref()?))))
        .collect();
    let outcome = answer.outcome.name();
    let verdicts =
        if verdicts.is_empty() { String::new() } else { format!(" · {}", verdicts.join(" · ")) };
    screen.heading(&format!("{title}: {outcome}{verdicts}"));
    let Some(line) = &answer.line else { return };
    let Ok(line) = serde_json::from_slice::<Value>(line) else {
        let text = String::from_utf8_lossy(line);
        return screen.say("raw", &text.chars().take(RAW).collect::<String>());
    };
    let error = &line["error"];
    if !error.is_null() {
        let message = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
        let code = error["code"].as_i64().map(|code| format!("code {code}: ")).unwrap_or_default();
        screen.say("error", &format!("{code}{message}"));
    }
    response(screen, &line["response"]);
}

/// What judges said of the answer above.
pub(super) fn judged(screen: &mut Screen, judges: &[Spoken]) {
    for spoken in judges {
        let place = if spoken.second { ", with this answer second" } else { "" };
        screen.say("judge", &format!("{}{place}: {}", spoken.scorer, spoken.text()));
        if spoken.second && is_split(judges, spoken) {
            let scorer = &spoken.scorer;
            screen.say("judge", &format!("{scorer}: the two orders disagree, which makes a tie"));
        }
    }
}

/// Whether a judge chose the same place in both orders, which is another answer in each.
fn is_split(judges: &[Spoken], second: &Spoken) -> bool {
    let chosen = |spoken: &Spoken| spoken.said.as_deref()?.strip_prefix("winner: ")?.chars().next();
    let first = judges.iter().find(|one| !one.second && one.scorer == second.scorer);
    let chosen = first.map(chosen).zip(Some(chosen(second)));
    chosen.is_some_and(|(one, other)| one == other && matches!(one, Some('A' | 'B')))
}

fn response(screen: &mut Screen, response: &Value) {
    let candidates = response["candidates"].as_array().map_or(&[][..], Vec::as_slice);
    let first = candidates.first().unwrap_or(&Value::Null);
    for part in parts(&first["content"]) {
        let (word, text) = part.laid_out();
        screen.say(word, &text);
    }
    let blocked = &either(response, "promptFeedback", "prompt_feedback");
    if let Some(reason) = either(blocked, "blockReason", "block_reason").as_str() {
        screen.say("blocked", reason);
    }
    let mut facts = Vec::new();
    let usage = either(response, "usageMetadata", "usage_metadata");
    let tokens = |name, other| either(usage, name, other).as_u64();
    let asked = tokens("promptTokenCount", "prompt_token_count");
    facts.extend(asked.map(|asked| format!("{asked} tokens in")));
    let answered = tokens("candidatesTokenCount", "candidates_token_count");
    let thought = tokens("thoughtsTokenCount", "thoughts_token_count");
    // As in a report: what is billed as output.
    let out = answered.unwrap_or(0).saturating_add(thought.unwrap_or(0));
    facts.extend(answered.or(thought).map(|_| match thought {
        Some(thought) if thought > 0 => format!("{out} out, {thought} of them thinking"),
        _ => format!("{out} out"),
    }));
    let reason = either(first, "finishReason", "finish_reason").as_str();
    facts.extend(reason.map(|reason| format!("ended by {reason}")));
    let version = either(response, "modelVersion", "model_version").as_str();
    facts.extend(version.map(str::to_owned));
    if candidates.len() > 1 {
        facts.push(format!("{} more candidates", candidates.len() - 1));
    }
    if !facts.is_empty() {
        screen.say("", &facts.join(" · "));
    }
}

/// A verdict in words.
pub(super) fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass(true) => "pass".to_owned(),
        Verdict::Pass(false) => "fail".to_owned(),
        Verdict::Value(value) => format!("{value:.3}"),
        Verdict::Label(label) => label.to_string(),
        Verdict::Choice { given, truth } => format!("{given} (right: {truth})"),
        Verdict::Unscorable(reason) => format!("unscorable, {reason}"),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_wins_in_both_orders_is_a_tie_that_is_said() {
        let spoken = |second, said: &str| Spoken {
            scorer: "judge:pairwise".to_owned(),
            second,
            said: Some(said.to_owned()),
        };
        for (first, second, split) in [
            ("winner: A. More of it.", "winner: A. The first.", true),
            ("winner: B. More of it.", "winner: B.", true),
            ("winner: A. More of it.", "winner: B. The second.", false),
            ("winner: tie.", "winner: tie.", false),
            ("I like both.", "I like both.", false),
        ] {
            let judges = [spoken(false, first), spoken(true, second)];
            let mut screen = Screen::new(80, true);
            judged(&mut screen, &judges);
            assert_eq!(screen.end().contains("the two orders disagree"), split, "{first} {second}");
        }
    }
}
