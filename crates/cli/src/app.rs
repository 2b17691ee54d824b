//! The program as a library call, so that others add scorers in a `main` of their own.

use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _};
use run_store::Runs;
use scoring::{ParamError, Params, Registry, RegistryError, Scorer};

use crate::args::{Cli, Command, PluginCommand};
use crate::config::Config;
use crate::context::{Context, lockable};
use crate::exit::{Exit, Failure, Outcome};
use crate::grading::{self, Desk};
use crate::money::Tariff;
use crate::preflight::SettingsFile;
use crate::stop::Stop;
use crate::time::SystemClock;
use crate::ui::Ui;
use crate::{
    again, board, cancel, compare, completions, config, doctor, drift, emulate, init, listing, log,
    manual, plugins, preflight, prepare, private, report, resume, run, score, show, status,
};

/// How long a thread that blocks waits for more work. Those of the next phase then take over the memory that its
/// allocator keeps for each thread, instead of as much again.
const IDLE: Duration = Duration::from_millis(10);

/// The `batch-eval` program with the scorers it knows.
///
/// ```
/// use cli::App;
/// use scoring::{Needs, Row, Scorer, Verdict};
///
/// #[derive(Debug)]
/// struct Answers;
///
/// impl Scorer for Answers {
///     fn name(&self) -> &str {
///         "answers"
///     }
///     fn needs(&self) -> Needs {
///         Needs::NOTHING
///     }
///     fn score(&self, row: &Row<'_>) -> Verdict {
///         Verdict::Pass(row.response.is_some())
///     }
/// }
///
/// let app = App::default().with_scorer("answers", "the model said anything at all", |_| {
///     Ok(Box::new(Answers))
/// })?;
/// let code = app.run_from(["batch-eval", "--help"]);
/// # Ok::<(), scoring::RegistryError>(())
/// ```
#[derive(Debug)]
pub struct App {
    registry: Registry,
}

impl Default for App {
    fn default() -> Self {
        Self { registry: Registry::builtin() }
    }
}

impl App {
    /// Adds a scorer: its name on the command line, one line about it, and how it is made from its
    /// parameters.
    ///
    /// # Errors
    /// When the name is malformed or taken.
    pub fn with_scorer<F>(mut self, name: &str, about: &str, make: F) -> Result<Self, RegistryError>
    where
        F: Fn(&mut Params) -> Result<Box<dyn Scorer>, ParamError> + Send + Sync + 'static,
    {
        self.registry.register(name, about, make)?;
        Ok(self)
    }

    /// Runs the program with the arguments of this process.
    pub fn run(self) -> ExitCode {
        private::close();
        self.run_from(std::env::args_os())
    }

    /// Runs the program with these arguments, the program's name first.
    pub fn run_from<I, T>(self, args: I) -> ExitCode
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let cli = match parsed(&args) {
            Ok(cli) => cli,
            Err(error) => return unparsed(&error, &args),
        };
        let ui = Ui { json: cli.global.json, quiet: cli.global.quiet };
        let command = cli.command.name();
        let ended = std::panic::catch_unwind(AssertUnwindSafe(|| self.go(ui, cli)));
        let failure = match ended {
            Ok(Ok(())) => return ExitCode::from(Exit::Done as u8),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::new(
                Exit::Bug,
                "a bug: the program hit a state it thought impossible",
            )
            .safe("what is on disk and at the service is as after a crash, which is planned for")
            .next("please report the lines above; `batch-eval resume` goes on"),
        };
        let exit = failure.exit;
        if exit != Exit::BrokenPipe && !failure.said {
            ui.failure(&failure.complete(&format!("batch-eval {command}")));
        }
        ExitCode::from(exit as u8)
    }

    fn go(self, ui: Ui, cli: Cli) -> Outcome<()> {
        log::start(&cli.global)?;
        match &cli.command {
            Command::Completions(args) => return completions::completions(ui, args),
            Command::Man(args) => return manual::man(ui, args),
            _ => {}
        }
        let runtime = room_for_runtime()
            .and_then(|()| {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                builder.worker_threads(2).thread_keep_alive(IDLE).enable_all().build()
            })
            .map_err(|error| Failure::io("failed to start", &error))?;
        runtime.block_on(async {
            let clock = SystemClock::start();
            let stop = Stop::listen(clock, ui)
                .map_err(|error| Failure::io("failed to listen for signals", &error))?;
            let (config, problem) = match config::read(cli.global.config.as_deref()) {
                Ok(config) => (config, None),
                Err(problem) if cli.command.mends() => (Config::default(), Some(problem)),
                Err(problem) => return Err(problem),
            };
            let is_folder_named = cli.global.runs_dir.is_some();
            let file = cli.global.config.clone().unwrap_or_else(|| config::NAME.into());
            let settings = SettingsFile { named: cli.global.config, problem, is_folder_named };
            let folder = cli.global.runs_dir.or_else(|| config.runs_dir.clone());
            let no_lock = cli.global.no_lock;
            let runs = lockable(Runs::new(folder.unwrap_or_else(|| "runs".into())), no_lock);
            let tariff = Tariff::default();
            let context = Context {
                ui,
                clock,
                stop,
                runs,
                registry: self.registry.with_prices(Arc::new(tariff.clone())),
                tariff,
                config,
                settings: file,
                judging: cli.command.judging(),
                desk: Desk::default(),
                trust_plugins: cli.global.trust_plugins,
                no_lock,
                expected: std::sync::OnceLock::new(),
                held: std::sync::OnceLock::new(),
            };
            match cli.command {
                Command::Run(args) => run::run(&context, &args).await,
                Command::Resume(args) => resume::resume(&context, &args).await,
                Command::Retry(args) => again::retry(&context, &args).await,
                Command::Status(args) => status::status(&context, &args),
                Command::Watch(args) => status::watch(&context, &args).await,
                Command::Cancel(args) => cancel::cancel(&context, &args).await,
                Command::Runs(_) => listing::runs(&context),
                Command::Show(args) => show::show(&context, &args),
                Command::Drift(args) => drift::drift(&context, &args),
                Command::Compare(args) => compare::compare(&context, &args),
                Command::Jobs(args) => board::jobs(&context, &args).await,
                Command::Files(args) => board::files(&context, &args).await,
                Command::Gc(args) => board::gc(&context, &args).await,
                Command::Transform(args) => prepare::transform(&context, &args),
                Command::Score(args) => score::score(&context, &args).await,
                Command::Plugin(args) => match args.command {
                    PluginCommand::Check(args) => plugins::check(&context, &args),
                },
                Command::Judge(args) => grading::judge(ui, &args),
                Command::Report(args) => report::report(&context, &args),
                Command::Emulator(args) => emulate::serve(&context, &args).await,
                Command::Init(args) => init::init(&context, &args),
                Command::Check(args) => preflight::check(&context, &args, &settings).await,
                Command::Doctor(args) => doctor::doctor(&context, &args, &settings).await,
                // Ended above: they need no runtime.
                Command::Completions(_) | Command::Man(_) => Ok(()),
            }
        })
    }
}

/// Reads the words of a call. A number below zero is a value, so that it is told what is wrong with it.
fn parsed(args: &[OsString]) -> Result<Cli, clap::Error> {
    fn with_negatives(command: clap::Command) -> clap::Command {
        let numbers = |arg: clap::Arg| {
            let takes = arg.get_action().takes_values();
            if takes { arg.allow_negative_numbers(true) } else { arg }
        };
        command.mut_args(numbers).mut_subcommands(with_negatives)
    }
    let matches = with_negatives(Cli::command()).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

/// Fails where there are no files for what the runtime opens: it would not say so itself.
fn room_for_runtime() -> io::Result<()> {
    (0..4).map(|_| UnixStream::pair()).collect::<io::Result<Vec<_>>>().map(drop)
}

/// Words that do not fit, or a wish for help: clap says it, or for programs one object does.
fn unparsed(error: &clap::Error, args: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        let exit = if error.print().is_ok() { Exit::Done } else { Exit::BrokenPipe };
        return ExitCode::from(exit as u8);
    }
    if args.iter().any(|arg| arg == "--json") {
        let text = error.to_string();
        let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let ui = Ui { json: true, quiet: false };
        let failure = Failure::usage(what);
        // What was probably meant stands on a line of its own.
        let tip = text.lines().find_map(|line| line.trim_start().strip_prefix("tip: "));
        let failure = match tip {
            Some(tip) => failure.next(tip),
            None => failure,
        };
        ui.failure(&failure.complete("batch-eval"));
    } else {
        // Without standard error there is nobody to tell.
        let _ = error.print();
    }
    ExitCode::from(Exit::Usage as u8)
}
