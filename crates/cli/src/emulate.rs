//! `batch-eval emulator`: the emulator by itself, for any client.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use gemini_emulator::{Answers, Emulator, Script, UpstreamConfig, UpstreamKey, UpstreamKind};

use crate::args::{AnswersFrom, EmulatorArgs, UpstreamProtocol};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;
use crate::{key, prepare, service};

pub(crate) async fn serve(context: &Context, args: &EmulatorArgs) -> Outcome<()> {
    if let Some(name) = key::real_looking() {
        let what = format!(
            "{name} holds what looks like a real key, and the emulator's users would send it"
        );
        return Err(Failure::new(Exit::Key, what)
            .safe("nothing was started")
            .next(format!("env -u {name} batch-eval emulator …")));
    }
    let mut script = match &args.script {
        None => Script::default(),
        Some(path) => read_script(path)?,
    };
    if let Some(seed) = args.chaos_seed {
        script = script.with_chaos_seed(seed);
    }
    let mut builder = Emulator::builder();
    if !args.models.is_empty() {
        let bare = |name: &String| name.strip_prefix("models/").unwrap_or(name).to_owned();
        builder = builder.models(args.models.iter().map(bare)).only_listed_models(true);
    }
    let builder = args.bad_key.iter().fold(builder, gemini_emulator::Builder::bad_key);
    let emulator = builder
        .listen(args.listen)
        .allow_remote(args.allow_remote)
        .time_scale(args.time_scale)
        .state_dir(args.state.clone())
        .seed(args.seed)
        .script(script)
        .judging(args.judging.into())
        .answers(answers(args)?)
        .control(args.control)
        .start()
        .await
        .map_err(|error| service::start(&error))?;
    // The first line is for programs: the base URL and nothing else.
    Ui::result(&emulator.base_url())?;
    if args.control && args.allow_remote && !emulator.local_addr().ip().is_loopback() {
        context.ui.note("whoever reaches this address can reset it, by /__emulator without a key");
    }
    context.ui.note("serving the Gemini Files and Batch APIs; Ctrl-C ends it");
    context.stop.wait().await;
    emulator.shutdown().await;
    Ok(())
}

fn read_script(path: &Path) -> Outcome<Script> {
    let shown = path.display().to_string();
    let mut text = String::new();
    prepare::open_file(&shown)?
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Script::parse(extension, &text).map_err(|error| {
        let mut failure = Failure::of(Exit::Usage, &error);
        failure.what = format!("{shown}: {}", failure.what);
        failure.next("docs/emulator.md has every field of a script")
    })
}

/// Before an upstream is tried for the second time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

fn answers(args: &EmulatorArgs) -> Outcome<Answers> {
    if let Some(path) = &args.replay {
        return Ok(Answers::Replay(path.clone()));
    }
    let Some(url) = &args.upstream else {
        return Ok(match args.answers {
            AnswersFrom::Rules => Answers::Rules,
            AnswersFrom::Echo => Answers::Echo,
        });
    };
    let kind = match args.upstream_kind {
        None => UpstreamKind::Detect,
        Some(UpstreamProtocol::Openai) => UpstreamKind::OpenAi,
        Some(UpstreamProtocol::Gemini) => UpstreamKind::Gemini,
    };
    let mut config = UpstreamConfig::new(url)
        .kind(kind)
        .concurrency(args.upstream_concurrency)
        .timeout(args.upstream_timeout)
        .tries(args.upstream_tries, FIRST_WAIT);
    if let Some(model) = &args.upstream_model {
        config = config.model(model);
    }
    if let Some(name) = &args.upstream_key_env {
        let key = UpstreamKey::from_env(name).map_err(|error| Failure::of(Exit::Key, &error))?;
        config = config.key(key);
    }
    Ok(Answers::Upstream(config))
}
