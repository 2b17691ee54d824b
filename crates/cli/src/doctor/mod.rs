//! `batch-eval doctor`: what is set up here, what is missing, and what works without it.

mod machine;

use std::time::Duration;

use batch_orchestrator::Clock as _;
use gemini_client::{ApiKey, BaseUrl, Client};
use gemini_emulator::Emulator;
use run_store::Listed;

use crate::args::DoctorArgs;
use crate::catalog::Catalog;
use crate::checklist::{Checklist, Finding};
use crate::context::Context;
use crate::exit::{Exit, Outcome};
use crate::preflight::{SettingsFile, folder};
use crate::{key, service, version, words};

/// How long the emulator in this process may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What works without a key, for the last line.
const WITHOUT_A_KEY: &str = " Nothing was sent to any service.

Without a key, all of it works on the built-in emulator, with made-up answers:
  batch-eval run               the bundled sample, two made-up models
  batch-eval run logs.jsonl    your own rows
  batch-eval emulator          the Gemini Files and Batch APIs, for any client
With a key, `batch-eval check DATASET -m MODEL` asks the service, at no charge.";

pub(crate) async fn doctor(
    context: &Context,
    args: &DoctorArgs,
    settings: &SettingsFile,
) -> Outcome<()> {
    let mut list = Checklist::default();
    list.add(Finding::good("program", format!("batch-eval {}", version::LONG)));
    list.add(settings.finding());
    list.add(the_key(args));
    list.add(the_service(args));
    let hidden = settings.hides("folder", "the folder of the runs was");
    if let Some(hidden) = hidden.filter(|_| !settings.is_folder_named) {
        list.add(hidden);
    } else {
        list.add(folder(context, 0));
        list.add(runs(context));
    }
    list.add(machine::clock(context));
    list.add(machine::proxies());
    list.add(machine::terminal());
    for program in ["python3", "node"] {
        list.add(machine::program(program));
    }
    list.add(models());
    list.add(emulator(context).await);
    context.stop.failure().map_or(Ok(()), Err)?;
    list.say(context.ui, "doctor", WITHOUT_A_KEY)
}

/// Whether there is a key; it is never shown, and nobody is asked whether it is taken.
fn the_key(args: &DoctorArgs) -> Finding {
    let keys = &args.service.key;
    match key::read(keys) {
        Err(failure) => Finding::of("key", &failure),
        Ok(Some(_)) => {
            let origin = key::origin(keys).unwrap_or_default();
            Finding::good("key", format!("from {origin}; not shown, not tried"))
        }
        Ok(None) => Finding::note("key", "none: GEMINI_API_KEY and GOOGLE_API_KEY are not set")
            .next("export GEMINI_API_KEY, or --api-key-file FILE; until then the emulator answers"),
    }
}

fn the_service(args: &DoctorArgs) -> Finding {
    match service::named(&args.service, false) {
        Ok(backend) => {
            let text = format!("{} {}", backend.base_url, backend.api_version);
            match &args.service.base_url {
                Some(_) => Finding::note("service", format!("{text}, not Google's own address")),
                None => Finding::good("service", text),
            }
        }
        Err(failure) => Finding::of("service", &failure),
    }
}

fn runs(context: &Context) -> Finding {
    let listed = match context.runs.list() {
        Ok(listed) => listed,
        Err(error) => return Finding::of("runs", &crate::context::store(&error)),
    };
    let damaged = listed.iter().filter(|listed| matches!(listed, Listed::Unreadable(..))).count();
    let good = listed.iter().filter(|listed| matches!(listed, Listed::Run(_))).count();
    let text = format!("{good} here");
    match damaged {
        0 => Finding::good("runs", text),
        n => Finding::note("runs", format!("{text}, and {n} that cannot be read"))
            .next("`batch-eval runs` says why"),
    }
}

fn models() -> Finding {
    match Catalog::bundled() {
        Ok(catalog) => {
            let names = catalog.default_pair.join(", ");
            let book = batch_cost::PriceBook::builtin();
            let text =
                format!("names of {}, prices of {}, such as {names}", catalog.as_of, book.date());
            Finding::good("models", text)
        }
        Err(failure) => Finding::of("models", &failure),
    }
}

/// Starts the emulator in this process and asks it something.
async fn emulator(context: &Context) -> Finding {
    let asked = async {
        let emulator = Emulator::builder().start().await.map_err(|error| error.to_string())?;
        let base = BaseUrl::parse(&emulator.base_url()).map_err(|error| error.to_string())?;
        let key = ApiKey::new("emulated").map_err(|error| error.to_string())?;
        let client = Client::builder(key).base_url(base).build();
        let client = client.map_err(|error| error.to_string())?;
        let models = client.list_models(None).await.map_err(|error| error.to_string())?;
        emulator.shutdown().await;
        Ok::<usize, String>(models.models.len())
    };
    let answer = tokio::select! {
        answer = asked => answer,
        () = context.clock.sleep(PATIENCE) => Err("it does not answer".to_owned()),
    };
    match answer {
        Ok(models) => {
            let models = words::counted(models as u64, "model");
            Finding::good("emulator", format!("answers in this process, with {models}"))
        }
        Err(problem) => Finding::bad("emulator", Exit::Bug, problem)
            .next("is this machine's loopback address (127.0.0.1) closed to programs?"),
    }
}
