//! Which price stands for which model of a run.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

use batch_cost::{Day, PriceBook, Quote};
use run_store::{Backend, BackendKind, RunPaths};

use crate::config::MoneyConfig;
use crate::context::store;
use crate::exit::{Failure, Outcome};
use crate::run::settings::{in_file, read};

/// Days a job may take: it is paid at the price of the day on which it is worked off.
const JOB_DAYS: u32 = 2;

/// What the run's own copy of a user's table is called in its folder.
const KEPT: &str = "prices.toml";

/// Keeps a copy of the user's table with a new run, so that all of it is billed by the same prices.
pub(crate) fn keep(paths: &RunPaths, money: &MoneyConfig) -> Outcome<()> {
    let Some(path) = &money.prices else { return Ok(()) };
    let text = read(path)?;
    let mut file = paths.create_file(&paths.root().join(KEPT)).map_err(|error| store(&error))?;
    file.write_all(text.as_bytes())
        .map_err(|error| Failure::io("failed to keep the table of prices", &error))?;
    file.commit().map_err(|error| store(&error))
}

/// The copy of the user's table that a run keeps, if it has one.
pub(crate) fn kept(paths: &RunPaths) -> Option<PathBuf> {
    Some(paths.root().join(KEPT)).filter(|path| path.is_file())
}

/// The prices that a run goes by.
#[derive(Debug, Clone)]
pub(crate) struct Quotes {
    book: PriceBook,
    /// Whether nothing is paid for.
    is_free: bool,
    today: Day,
}

impl Quotes {
    /// The built-in prices under the user's own. A service in this process, or at an address of
    /// this machine, bills nobody, unless the user brings prices or a budget for it.
    pub(crate) fn of(backend: &Backend, money: &MoneyConfig, at: SystemTime) -> Outcome<Self> {
        let wanted = money.prices.is_some() || money.budget.is_some();
        let is_free =
            backend.kind == BackendKind::Emulator || (is_here(&backend.base_url) && !wanted);
        Ok(Self { is_free, ..Self::listed_on(money, at)? })
    }

    /// The same where nobody is billed now: what answers cost that are here already.
    pub(crate) fn listed_on(money: &MoneyConfig, at: SystemTime) -> Outcome<Self> {
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let today = Day::at_unix_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let mut book = PriceBook::builtin();
        if let Some(path) = &money.prices {
            let name = path.display().to_string();
            let own = PriceBook::parse(&read(path)?, &name).map_err(|e| in_file(path, &e))?;
            book = book.overridden_by(own);
        }
        Ok(Self { book, is_free: false, today })
    }

    /// The price of a model for a job that begins today.
    pub(crate) fn quote(&self, model: &str) -> Quote {
        if self.is_free {
            return Quote::Free;
        }
        self.book.quote_over(model, self.today, JOB_DAYS)
    }

    /// What a model's answers cost by the table, whoever pays for them: where the emulator bills nobody, the real
    /// models' answers beside its own have their price.
    pub(crate) fn listed(&self, model: &str) -> Quote {
        self.book.quote(model, self.today)
    }

    /// Whether nothing is paid for, whatever the model.
    pub(crate) fn is_free(&self) -> bool {
        self.is_free
    }

    /// The table's date, for the record.
    pub(crate) fn name(&self) -> Option<String> {
        (!self.is_free).then(|| format!("table of {}", self.book.date()))
    }
}

/// Whether an address is one of this machine.
fn is_here(base_url: &str) -> bool {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    };
    let ip = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_free() {
        for here in ["http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:80/x"] {
            assert!(is_here(here), "{here}");
        }
        for there in [
            "https://generativelanguage.googleapis.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com:80/",
            "http://10.0.0.1:80",
            "",
        ] {
            assert!(!is_here(there), "{there}");
        }
    }
}
