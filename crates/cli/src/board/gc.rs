//! `batch-eval gc`: removes inputs that no run needs any more, and orphans when asked.

use std::time::{Duration, SystemTime};

use batch_backend::{BackendError, BatchBackend as _, ErrorKind, InputName, JobName};
use eval_report::sanitize;
use serde_json::{Value, json};

use super::Account;
use super::jobs::name;
use super::owners::{self, Owner, Owners};
use crate::args::GcArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::layout::Align;
use crate::service;
use crate::ui::Ui;

/// What may be touched.
#[derive(Debug, Clone, Copy)]
struct Rules {
    orphans: bool,
    older_than: Duration,
    now: SystemTime,
}

/// What is to be done about a thing of ours, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Go(&'static str),
    Stay(&'static str),
}

#[derive(Debug)]
enum Thing {
    File(InputName),
    Job(JobName),
}

/// One thing of ours at the service.
#[derive(Debug)]
struct Found {
    thing: Thing,
    owner: String,
    bytes: u64,
    fate: Fate,
}

impl Rules {
    /// An input is needed until its run has the results of all its jobs.
    fn input(self, owner: Owner<'_>, created: Option<SystemTime>) -> Option<Fate> {
        match owner {
            Owner::Stranger => None,
            Owner::Run(run, _) if run.done => Some(Fate::Go("its run has its results")),
            Owner::Run(..) => Some(Fate::Stay("its run is not over")),
            Owner::Orphan => Some(self.orphan(created, "no run here owns it")),
        }
    }

    /// A job of a run here is that run's to stop. One that is over is left as it is: its results
    /// may be wanted, and it costs nothing.
    fn job(self, owner: Owner<'_>, created: Option<SystemTime>, over: bool) -> Option<Fate> {
        match owner {
            Owner::Orphan if !over => Some(self.orphan(created, "it runs for no run here")),
            _ => None,
        }
    }

    fn orphan(self, created: Option<SystemTime>, why: &'static str) -> Fate {
        if !self.orphans {
            return Fate::Stay("no run here owns it; --orphans includes it");
        }
        let age = created.map(|at| self.now.duration_since(at).unwrap_or_default());
        match age {
            Some(age) if age >= self.older_than => Fate::Go(why),
            Some(_) => Fate::Stay("an orphan younger than --older-than"),
            None => Fate::Stay("an orphan of unknown age"),
        }
    }
}

pub(crate) async fn gc(context: &Context, args: &GcArgs) -> Outcome<()> {
    let account = Account::open(context, &args.service)?;
    let ours = list(&account).await?;
    // Only now: what a run has uploaded since then is not in the list, and what it had is its own.
    let owners = Owners::read(&context.runs)?;
    if args.orphans
        && let Some(unread) = owners.unread.first()
    {
        let what =
            format!("{} cannot be read, so what it owns would pass for orphans", sanitize(unread));
        return Err(Failure::new(Exit::RunFolder, what)
            .safe("nothing was removed")
            .next("mend or move that folder, or leave --orphans out"));
    }
    let rules = Rules { orphans: args.orphans, older_than: args.older_than, now: context.now() };
    let found = judge(ours, &owners, rules);
    if !args.yes {
        return tell(context, &found, 0, true);
    }
    let mut gone = 0;
    for found in found.iter().filter(|found| matches!(found.fate, Fate::Go(_))) {
        let removed = match &found.thing {
            Thing::File(file) => account.client.discard(file).await,
            Thing::Job(job) => account.client.cancel(job).await,
        };
        removed.or_else(gone_already).map_err(|error| {
            service::call(&error).safe(format!("{gone} removed before that; the rest is untouched"))
        })?;
        gone += 1;
    }
    tell(context, &found, gone, false)
}

/// What is gone already was to be removed.
fn gone_already(error: BackendError) -> Result<(), BackendError> {
    if *error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// One thing at the service that carries our mark.
struct Ours {
    thing: Thing,
    label: String,
    created: Option<SystemTime>,
    bytes: u64,
    over: bool,
}

async fn list(account: &Account) -> Outcome<Vec<Ours>> {
    let mut ours = Vec::new();
    account
        .each_file(|file| {
            let (created, bytes) = (file.created, file.bytes.unwrap_or(0));
            if let Some(label) = file.label.filter(|label| owners::mark(label).is_some()) {
                ours.push(Ours {
                    thing: Thing::File(file.name),
                    label,
                    created,
                    bytes,
                    over: true,
                });
            }
        })
        .await?;
    account
        .each_job(|job| {
            let (created, over) = (job.created, job.ended());
            let label = job.token.map(|token| token.as_str().to_owned());
            if let Some(label) = label.filter(|label| owners::mark(label).is_some()) {
                ours.push(Ours { thing: Thing::Job(job.name), label, created, bytes: 0, over });
            }
        })
        .await?;
    Ok(ours)
}

fn judge(ours: Vec<Ours>, owners: &Owners, rules: Rules) -> Vec<Found> {
    let found = |ours: Ours| {
        let owner = owners.of(Some(&ours.label));
        let fate = match ours.thing {
            Thing::File(_) => rules.input(owner, ours.created),
            Thing::Job(_) => rules.job(owner, ours.created, ours.over),
        };
        let owner = owner.text();
        Some(Found { thing: ours.thing, owner, bytes: ours.bytes, fate: fate? })
    };
    ours.into_iter().filter_map(found).collect()
}

impl Found {
    /// What is done to it, what it is, whose, and why.
    fn cells(&self, dry: bool) -> [String; 4] {
        let (verb, why) = match (self.fate, &self.thing) {
            (Fate::Stay(why), _) => ("stays", why),
            (Fate::Go(why), Thing::File(_)) if dry => ("would be removed", why),
            (Fate::Go(why), Thing::File(_)) => ("removed", why),
            (Fate::Go(why), Thing::Job(_)) if dry => ("would be stopped", why),
            (Fate::Go(why), Thing::Job(_)) => ("asked to stop", why),
        };
        [verb.to_owned(), self.name(), self.owner.clone(), why.to_owned()]
    }

    fn name(&self) -> String {
        match &self.thing {
            Thing::File(file) => sanitize(file.as_str()).into_owned(),
            Thing::Job(job) => name(job),
        }
    }

    fn json(&self) -> Value {
        let (go, why) = match self.fate {
            Fate::Go(why) => (true, why),
            Fate::Stay(why) => (false, why),
        };
        let kind = match self.thing {
            Thing::File(_) => "file",
            Thing::Job(_) => "job",
        };
        json!({"kind": kind, "name": self.name(), "go": go, "why": why, "bytes": self.bytes})
    }
}

/// Columns of the list; the second and the third may hang below.
const COLUMNS: [(&str, Align); 4] = [
    ("WHAT", Align::Left),
    ("FILE OR JOB", Align::Left),
    ("RUN", Align::Left),
    ("WHY", Align::Left),
];
const THING: usize = 1;
const OWNER: usize = 2;

fn tell(context: &Context, found: &[Found], gone: usize, dry: bool) -> Outcome<()> {
    let goes = |found: &&Found| matches!(found.fate, Fate::Go(_));
    let (count, bytes) =
        found.iter().filter(goes).fold((0u64, 0u64), |(n, sum), f| (n + 1, sum + f.bytes));
    if context.ui.json {
        let things: Vec<Value> = found.iter().map(Found::json).collect();
        return Ui::object(&json!({
            "type": "gc", "dry_run": dry, "things": things, "removed": gone, "bytes": bytes,
        }));
    }
    let rows = found.iter().map(|found| found.cells(dry)).collect();
    let mut lines = super::table(COLUMNS, rows, &[THING, OWNER]);
    lines.push(match (count, dry) {
        (0, _) => "nothing to remove".to_owned(),
        (_, true) => format!("{count} to remove, {bytes} bytes; --yes does it"),
        (_, false) => format!("{gone} removed, {bytes} bytes"),
    });
    Ui::result(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(orphans: bool) -> Rules {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1000);
        Rules { orphans, older_than: Duration::from_hours(48), now }
    }

    fn hours_ago(hours: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(1000 - hours)
    }

    fn goes(fate: Option<Fate>) -> Option<bool> {
        fate.map(|fate| matches!(fate, Fate::Go(_)))
    }

    #[test]
    fn inputs_go_once_their_run_is_done_and_orphans_only_when_asked() {
        let owners = Owners::with(&[("done", "a", true), ("busy", "b", false)]);
        let fate = |orphans, label, at| goes(rules(orphans).input(owners.of(Some(label)), at));
        let old = Some(hours_ago(100));
        assert_eq!(fate(false, "be1.done.s0001.v0", old), Some(true));
        assert_eq!(fate(true, "be1.busy.s0001.v0", old), Some(false), "still needed");
        assert_eq!(fate(true, "vacation.jpg", old), None, "not ours");
        assert_eq!(fate(false, "be1.else.s0001.v0", old), Some(false));
        assert_eq!(fate(true, "be1.else.s0001.v0", old), Some(true));
        assert_eq!(fate(true, "be1.else.s0001.v0", Some(hours_ago(47))), Some(false), "too young");
        assert_eq!(fate(true, "be1.else.s0001.v0", None), Some(false), "of unknown age");
    }

    #[test]
    fn only_live_orphans_among_jobs_are_stopped() {
        let owners = Owners::with(&[("done", "a", true), ("busy", "b", false)]);
        let fate =
            |label, over| goes(rules(true).job(owners.of(Some(label)), Some(hours_ago(100)), over));
        assert_eq!(fate("be1.busy.s0001.v0.m0.a1.00ff00ff", false), None);
        assert_eq!(fate("be1.done.s0001.v0.m0.a1.00ff00ff", false), None);
        assert_eq!(fate("be1.else.s0001.v0.m0.a1.00ff00ff", false), Some(true));
        assert_eq!(fate("be1.else.s0001.v0.m0.a1.00ff00ff", true), None, "its results stay");
        assert_eq!(fate("somebody's", false), None);
    }
}
