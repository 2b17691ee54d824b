//! Whether a run may begin: its budget, and the user's word where it may cost more than a trifle.

use std::io::{self, BufRead as _, IsTerminal as _};

use batch_cost::{Budget, Decision, Money, Total};

use super::forecast::together;
use crate::config::MoneyConfig;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};

/// What a run may cost without anybody being asked.
const ASK_ABOVE: Money = Money::from_dollars(1);

/// What has to happen before a run begins.
#[derive(Debug, PartialEq, Eq)]
enum Consent {
    /// Nothing.
    Given,
    /// It may cost too much, or nobody knows: why.
    Refused(String),
    /// Somebody has to say yes.
    Asked,
}

/// Something that may cost money and is about to be sent.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// What it is called: `the run`.
    pub(crate) what: &'a str,
    pub(crate) cost: &'a Total,
    /// What is spent or under way already.
    pub(crate) committed: Money,
    pub(crate) yes: bool,
    /// The command that sends it.
    pub(crate) command: &'a str,
}

/// Decides by the budget if there is one, else by what may be spent unasked.
fn decide(wish: &Wish<'_>, money: &MoneyConfig) -> Consent {
    let (what, forecasted, yes) = (wish.what, wish.cost, wish.yes);
    if let Some(limit) = money.budget {
        return match Budget::new(limit).check(wish.committed, forecasted) {
            Decision::Within { .. } => Consent::Given,
            Decision::MayExceed { cost, left } => Consent::Refused(format!(
                "{what} may cost up to {}, and of the budget of {limit} {left} are left",
                cost.high
            )),
            Decision::Unknown { parts } => Consent::Refused(format!(
                "what {} may cost is not known, so no budget can be held; --prices brings a price",
                parts.join(", ")
            )),
            _ => Consent::Asked,
        };
    }
    let limit = money.ask_above.unwrap_or(ASK_ABOVE);
    if yes || !forecasted.may_exceed(limit) { Consent::Given } else { Consent::Asked }
}

/// Fails when it may not be sent. What is prepared stays so.
pub(crate) fn consent(context: &Context, wish: &Wish<'_>, money: &MoneyConfig) -> Outcome<()> {
    let safe = "no job was created; what is prepared stays so";
    let (what, command) = (wish.what, wish.command);
    match decide(wish, money) {
        Consent::Given => Ok(()),
        Consent::Refused(why) => Err(Failure::new(Exit::Quota, eval_report::sanitize(&why))
            .safe(safe)
            .next(format!("less to send, or {command} --budget USD with more"))),
        Consent::Asked => {
            let cost = together(wish.cost);
            if context.ui.json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
                let text = format!("{what} may cost {cost}, and there is nobody to ask");
                return Err(Failure::usage(text)
                    .safe(safe)
                    .next(format!("`{command} --yes` or `{command} --budget USD` sends it")));
            }
            context.ui.alarm(&format!("{what} may cost {cost}. Send it? [y/N]"));
            let mut answer = String::new();
            let read = io::stdin().lock().read_line(&mut answer);
            if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
                return Ok(());
            }
            Err(Failure::usage("not sent").safe(safe).next(format!("`{command} --yes` sends it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(cost: &Total, money: &MoneyConfig, yes: bool) -> Consent {
        let committed = Money::default();
        super::decide(&Wish { what: "the run", cost, committed, yes, command: "" }, money)
    }

    fn config(budget: Option<u64>, ask_above: Option<u64>) -> MoneyConfig {
        let dollars = |n: Option<u64>| n.map(Money::from_dollars);
        MoneyConfig { budget: dollars(budget), ask_above: dollars(ask_above), prices: None }
    }

    #[test]
    fn a_trifle_goes_and_more_is_asked_for() {
        let costs = |dollars| Total::known(Money::from_dollars(dollars));
        let given =
            |total: &Total, money: &MoneyConfig, yes| decide(total, money, yes) == Consent::Given;
        assert!(given(&costs(1), &config(None, None), false));
        assert!(!given(&costs(2), &config(None, None), false));
        assert!(given(&costs(2), &config(None, None), true));
        assert!(given(&costs(2), &config(None, Some(5)), false));
        let mut unknown = costs(0);
        unknown.unknown.push("model-x".to_owned());
        assert_eq!(decide(&unknown, &config(None, None), false), Consent::Asked);
        assert!(given(&unknown, &config(None, None), true));
    }

    #[test]
    fn a_budget_refuses_what_may_exceed_it_whatever_the_user_says() {
        let costs = |dollars| Total::known(Money::from_dollars(dollars));
        assert_eq!(decide(&costs(5), &config(Some(5), None), false), Consent::Given);
        let refused = decide(&costs(6), &config(Some(5), None), true);
        assert!(matches!(refused, Consent::Refused(_)), "{refused:?}");
        let mut unknown = costs(0);
        unknown.unknown.push("model-x".to_owned());
        let refused = decide(&unknown, &config(Some(5), None), true);
        assert!(matches!(refused, Consent::Refused(_)), "{refused:?}");
    }
}
