//! What the service says before anything is sent to it: the key, the models, what is under way, and the prices.

use std::future::Future;
use std::time::Duration;

use batch_backend::{BackendError, ErrorKind, ModelId};
use batch_cost::Quote;
use batch_orchestrator::Clock as _;
use eval_report::sanitize;
use gemini_client::{Client, Model};
use run_store::Backend;
use serde_json::json;

use super::Wanted;
use crate::args::CheckArgs;
use crate::catalog::Catalog;
use crate::checklist::{Checklist, Finding};
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::money::Quotes;
use crate::run::settings;
use crate::{service, words};

/// How long an answer is waited for: the client itself has more patience than a person who checks.
const PATIENCE: Duration = Duration::from_secs(30);
/// The method that a model of a batch has to have.
const METHOD: &str = "batchGenerateContent";

pub(super) async fn check(
    context: &Context,
    args: &CheckArgs,
    wanted: &Wanted,
    key: Finding,
    list: &mut Checklist,
) {
    let backend = match service::named(&args.run.service, wanted.emulated) {
        Ok(backend) => backend,
        Err(failure) => {
            list.add(key);
            list.add(Finding::of("service", &failure));
            return;
        }
    };
    let client = if wanted.emulated {
        list.add(Finding::skipped("key", "none is needed"));
        list.add(Finding::good("service", "the built-in emulator; its answers are made up"));
        None
    } else if wanted.key.is_none() || args.offline {
        list.add(key);
        let text = format!("{} was not asked", backend.base_url);
        list.add(Finding::skipped("service", text));
        None
    } else {
        open(context, wanted, &backend, key, list).await
    };
    for model in &wanted.models {
        let finding = match &client {
            Some(client) => asked(context, client, model).await,
            None if wanted.emulated => Finding::good("models", format!("{model}, emulated")),
            None => unasked(model),
        };
        list.add(finding);
        list.add_some(ending(model));
    }
    prices(context, wanted, &backend, list);
    list.add(limits(context, wanted, client.as_ref()).await);
}

/// Asks the service something cheap, which tells whether it is there and takes the key.
async fn open(
    context: &Context,
    wanted: &Wanted,
    backend: &Backend,
    key: Finding,
    list: &mut Checklist,
) -> Option<Client> {
    let client = match service::client_of(backend, wanted.key.as_ref()) {
        Ok(client) => client,
        Err(failure) => {
            list.add(Finding::of("service", &failure));
            return None;
        }
    };
    match in_time(context, client.list_models(None)).await {
        Ok(_) => {
            list.add(key);
            list.add(Finding::good("service", format!("{} takes the key", backend.base_url)));
            Some(client)
        }
        Err(Trouble::Said(error)) if matches!(error.kind(), ErrorKind::Auth) => {
            list.add(Finding::of("key", &service::call(&error)));
            None
        }
        Err(trouble) => {
            list.add(key);
            list.add(Finding::of("service", &trouble.failure(backend)));
            None
        }
    }
}

/// Why there is no answer.
enum Trouble {
    Said(BackendError),
    Silent,
}

impl Trouble {
    fn failure(&self, backend: &Backend) -> Failure {
        match self {
            Self::Said(error) => service::call(error),
            Self::Silent => {
                let what = format!("{} does not answer", backend.base_url);
                Failure::new(Exit::Network, what).next("look at the network and at the proxies")
            }
        }
    }
}

async fn in_time<T>(
    context: &Context,
    call: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, Trouble> {
    tokio::select! {
        answer = call => answer.map_err(Trouble::Said),
        () = context.clock.sleep(PATIENCE) => Err(Trouble::Silent),
        () = context.stop.wait() => Err(Trouble::Silent),
    }
}

/// What the service says of a model.
async fn asked(context: &Context, client: &Client, model: &ModelId) -> Finding {
    match in_time(context, client.get_model(model)).await {
        Ok(found) => of_model(&found),
        Err(Trouble::Said(error)) => Finding::of("models", &service::call(&error)),
        Err(Trouble::Silent) => {
            Finding::bad("models", Exit::Network, format!("{model}: the service does not answer"))
        }
    }
}

fn of_model(found: &Model) -> Finding {
    let tokens = match (found.input_tokens, found.output_tokens) {
        (Some(input), Some(output)) => format!(": up to {input} tokens in, {output} out"),
        _ => String::new(),
    };
    let facts = json!({
        "model": found.id.as_str(), "input_tokens": found.input_tokens,
        "output_tokens": found.output_tokens, "methods": found.methods,
    });
    let text = format!("{}{tokens}", found.id);
    if !found.methods.is_empty() && found.methods.iter().all(|method| method != METHOD) {
        let text = format!("{text}; it does not say that it takes batches ({METHOD})");
        return Finding::note("models", text).facts(facts);
    }
    Finding::good("models", text).facts(facts)
}

/// What the program itself knows of a model's name.
fn unasked(model: &ModelId) -> Finding {
    let name = model.as_str();
    let Ok(catalog) = Catalog::bundled() else { return Finding::skipped("models", name) };
    if catalog.knows(name) {
        return Finding::skipped(
            "models",
            format!("{name}, a name of {}; not asked", catalog.as_of),
        );
    }
    let finding = Finding::note(
        "models",
        format!("{name} is not among the names of {}, and was not asked for", catalog.as_of),
    );
    match catalog.nearest(name) {
        Some(near) => finding.next(format!("did you mean {near}?")),
        None => finding,
    }
}

fn ending(model: &ModelId) -> Option<Finding> {
    let catalog = Catalog::bundled().ok()?;
    let day = catalog.end_of(model.as_str())?;
    Some(Finding::note("models", format!("{model} is announced to end on {day}")))
}

fn prices(context: &Context, wanted: &Wanted, backend: &Backend, list: &mut Checklist) {
    let quotes = match Quotes::of(backend, &wanted.config.money, context.now()) {
        Ok(quotes) => quotes,
        Err(failure) => return list.add(Finding::of("prices", &failure)),
    };
    if quotes.is_free() {
        return list.add(Finding::good("prices", "nothing is paid for"));
    }
    for model in &wanted.models {
        list.add(price(model, &quotes.quote(model.as_str()), wanted));
    }
    if let Some(budget) = wanted.config.money.budget {
        list.add(Finding::good("budget", format!("{budget} for all of the run")));
    }
}

fn price(model: &ModelId, quote: &Quote, wanted: &Wanted) -> Finding {
    match quote {
        Quote::Free => Finding::good("prices", format!("{model}: free")),
        Quote::Known(quoted) => {
            let rates = &quoted.dearest.rates;
            let text = format!(
                "{model}: {} in, {} out a million tokens, in batches (table of {}, {})",
                rates.input, rates.output, quoted.dated, quoted.table
            );
            Finding::good("prices", text)
        }
        Quote::Unknown(why) if wanted.config.money.budget.is_some() => {
            let text = format!("{model}: {why}, and what has no price fits no budget");
            Finding::bad("prices", Exit::Quota, text).next("--prices FILE, with its price")
        }
        Quote::Unknown(why) => Finding::note("prices", format!("{model}: {why}"))
            .next("`run` asks before it begins; --prices FILE states the price"),
        _ => Finding::note("prices", format!("{model}: unknown")),
    }
}

/// How much may be at the service at a time, and how much is there already.
async fn limits(context: &Context, wanted: &Wanted, client: Option<&Client>) -> Finding {
    let names: Vec<String> = wanted.models.iter().map(|model| model.as_str().to_owned()).collect();
    let limits = match settings::limits(&wanted.config.limits, &names, wanted.emulated) {
        Ok(limits) => limits,
        Err(failure) => return Finding::of("limits", &failure),
    };
    let at_most = match limits.live_jobs {
        Some(most) => {
            format!("at most {} at a time", words::jobs(usize::try_from(most).unwrap_or(0)))
        }
        None => "any number of jobs at a time".to_owned(),
    };
    let tokens = limits.live_tokens.iter().map(|(model, most)| {
        format!("; {} waiting tokens of {}", words::grouped(*most), sanitize(model))
    });
    let text = format!("{at_most}{}", tokens.collect::<String>());
    let facts = json!({"jobs": limits.live_jobs, "tokens": limits.live_tokens});
    let Some(client) = client else { return Finding::good("limits", text).facts(facts) };
    match in_time(context, client.list_jobs(None)).await {
        Ok(page) => {
            let live = page.jobs.iter().filter(|job| !job.snapshot.ended()).count();
            let more = if page.next.is_some() { " or more" } else { "" };
            let text = format!("{text}; {}{more} under way now", words::jobs(live));
            if limits.live_jobs.is_some_and(|most| live as u64 >= most) {
                return Finding::note("limits", text).next("the run would wait for them");
            }
            Finding::good("limits", text).facts(facts)
        }
        Err(Trouble::Said(error)) => Finding::of("limits", &service::call(&error)),
        Err(Trouble::Silent) => Finding::note("limits", format!("{text}; jobs are not listed")),
    }
}
