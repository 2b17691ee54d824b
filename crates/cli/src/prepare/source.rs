//! Where rows come from: the sample, standard input, or files one after another.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal as _, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jsonl_transform::{Dataset, Input, SteadyFile};

use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::hashing::Tally;
use crate::{meant, sample};

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Sample,
    Stdin,
    Files(Vec<String>),
}

impl Source {
    /// The source that these words name: `-` alone is standard input, nothing is the sample.
    pub(crate) fn of(words: &[String]) -> Outcome<Self> {
        match words {
            [] => Ok(Self::Sample),
            [word] if word == "-" => Ok(Self::Stdin),
            words if words.iter().any(|word| word == "-") => {
                Err(Failure::usage("standard input cannot be one of several inputs")
                    .next("pipe all of them in, or name all of them"))
            }
            words => Ok(Self::Files(words.to_vec())),
        }
    }

    /// What it is called in messages and in the report.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Sample => sample::LABEL.to_owned(),
            Self::Stdin => "standard input".to_owned(),
            Self::Files(paths) => paths.join(", "),
        }
    }

    /// Finds out what can be found out before anything is made.
    pub(crate) fn check(&self) -> Outcome<()> {
        match self {
            // A pipe is not opened before it is read: its writer would take that for the reading.
            Self::Files(paths) => paths
                .iter()
                .filter(|path| !is_pipe(path))
                .try_for_each(|path| open_file(path).map(|_| ())),
            Self::Stdin if io::stdin().is_terminal() => {
                Err(Failure::usage("standard input is a terminal; a dataset is expected there")
                    .next("name a file, or pipe the dataset in"))
            }
            Self::Sample | Self::Stdin => Ok(()),
        }
    }

    /// Whether it can be read more than once.
    pub(crate) fn is_reopenable(&self) -> bool {
        match self {
            Self::Sample => true,
            Self::Stdin => false,
            Self::Files(paths) => !paths.iter().any(|path| is_pipe(path)),
        }
    }

    /// The rows, unpacked. Long waits end when a signal comes; what is read is tallied, if that is
    /// asked for: the digest takes as long as all the rest.
    pub(crate) fn dataset<'a>(
        &'a self,
        context: &'a Context,
        tally: Option<&Tallied>,
    ) -> Dataset<'a> {
        let input =
            |name: &str, open: Box<dyn Fn() -> io::Result<Opened<'a>> + Send + Sync + 'a>| {
                let tally = tally.cloned();
                Input::new(name, move || {
                    let inner = open()?;
                    Ok(match &tally {
                        Some(tally) => Box::new(Tapped { inner, tally: tally.clone() }),
                        None => inner,
                    })
                })
            };
        Dataset::new(match self {
            Self::Sample => {
                vec![input(sample::LABEL, Box::new(|| Ok(Box::new(Cursor::new(sample::BYTES)))))]
            }
            Self::Stdin => {
                vec![input("standard input", Box::new(|| Ok(Box::new(context.stop.stdin()))))]
            }
            Self::Files(paths) => {
                let of = |path: &'a String| {
                    input(
                        path,
                        Box::new(move || {
                            let file = SteadyFile::new(File::open(path)?)?;
                            Ok(Box::new(context.stop.reader(file)))
                        }),
                    )
                };
                paths.iter().map(of).collect()
            }
        })
    }

    /// Length and digest, for telling whether two calls mean the same data. What can be read but
    /// once has neither beforehand.
    pub(crate) fn identity(&self, context: &Context) -> Outcome<run_store::Dataset> {
        let label = self.label();
        if !self.is_reopenable() {
            return Ok(run_store::Dataset { label, bytes: None, sha256: None });
        }
        let tally = Tallied::default();
        let opened: Vec<Opened<'_>> = match self {
            Self::Sample => vec![Box::new(Cursor::new(sample::BYTES))],
            Self::Stdin => Vec::new(),
            Self::Files(paths) => paths
                .iter()
                .map(|path| Ok(Box::new(context.stop.reader(open_file(path)?)) as Opened<'_>))
                .collect::<Outcome<_>>()?,
        };
        for inner in opened {
            io::copy(&mut Tapped { inner, tally: tally.clone() }, &mut io::sink()).map_err(
                |error| {
                    let shown = eval_report::sanitize(&label).into_owned();
                    let failed = || Failure::io(format!("failed to read {shown}"), &error);
                    context.stop.failure().unwrap_or_else(failed)
                },
            )?;
        }
        Ok(tally.of(label))
    }
}

/// An input that is open.
type Opened<'a> = Box<dyn Read + Send + 'a>;

/// Length and digest of what was read so far, over all inputs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallied(Arc<Mutex<Tally>>);

impl Tallied {
    /// The dataset that was read.
    pub(crate) fn of(&self, label: String) -> run_store::Dataset {
        let tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, sha256) = tally.clone().finish();
        run_store::Dataset { label, bytes: Some(bytes), sha256: Some(sha256) }
    }
}

/// A reader whose bytes are tallied.
struct Tapped<R> {
    inner: R,
    tally: Tallied,
}

impl<R: Read> Read for Tapped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.tally.0.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..read]);
        Ok(read)
    }
}

fn is_pipe(path: &str) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo())
}

/// Opens a file that is to be read as rows.
pub(crate) fn open_file(path: &str) -> Outcome<File> {
    let shown = eval_report::sanitize(path).into_owned();
    let fail = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            let failure = Failure::usage(format!("{shown}: no such file"));
            match meant::file(path) {
                Some(near) => {
                    failure.next(format!("did you mean {}?", eval_report::sanitize(&near)))
                }
                None => failure,
            }
        } else {
            Failure::io(format!("failed to open {shown}"), &error)
        }
    };
    if Path::new(path).is_dir() {
        return Err(Failure::usage(format!("{shown} is a directory; a JSONL file is expected")));
    }
    File::open(path).map_err(fail)
}
