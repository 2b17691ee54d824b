//! How many rows a second a Python function judges through the bridge, against a plain Python loop over the same file.
//!
//! `cargo bench -p scorer-plugins`; for one core, `taskset -c 0` in front of it. On a machine that others use too,
//! the time of the processors says more than that on the wall: it is that of all processes and threads of each.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and may panic")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use scorer_plugins::{PythonFunction, Settings};
use scoring::{FunctionCall, Keys, Pass, Scorer, Scores};

const ROWS: u64 = 100_000;
/// How often a file is read for one figure, and how many figures there are.
const TIMES: u32 = 3;
const ROUNDS: usize = 7;

const FUNCTION: &str = "
def is_correct(row):
    parts = row['response']['candidates'][0]['content']['parts']
    return 'functionCall' in parts[-1]
";

const LOOP: &str = "
import json, sys, time
sys.path.insert(0, sys.argv[1])
from rule import is_correct
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(int(sys.argv[3])):
    with open(sys.argv[2], encoding='utf-8') as file:
        passes = sum(is_correct(json.loads(line)) for line in file)
print(passes, time.perf_counter() - wall, time.process_time() - cpu)
";

/// A result line of about 1,400 bytes, every second of which calls a function.
fn line(number: u64) -> String {
    let text =
        "The caller asks whether the delivery could come on another day, since nobody is at home. "
            .repeat(11);
    let call = if number.is_multiple_of(2) {
        r#",{"functionCall":{"name":"report","args":{"class":"x"}}}"#
    } else {
        ""
    };
    format!(
        r#"{{"key":"r{number:08}-1f9c03ab","response":{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}{call}]}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":812,"candidatesTokenCount":143,"totalTokenCount":955,"promptTokensDetails":[{{"modality":"TEXT","tokenCount":812}}]}},"modelVersion":"sim-flash","responseId":"abcdefghijklmnop"}}}}"#
    ) + "\n"
}

fn pass(file: &Path, scorers: &[Box<dyn Scorer>]) -> Scores {
    let mut scores = Scores::new(ROWS, scorers);
    let file = std::fs::File::open(file).unwrap();
    Pass::new(scorers).keys(Keys::ours(0..ROWS)).run(file, &mut scores).unwrap();
    scores
}

/// What rows took: on the wall, and of processors.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

impl Took {
    fn rows_a_second(self) -> f64 {
        f64::from(TIMES) * f64::from(u32::try_from(ROWS).unwrap()) / self.wall.as_secs_f64()
    }
}

/// The time of processors that this process and its children took, in hundredths of a second.
fn ticks() -> u64 {
    let of = |process: &str| -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name of the program, in brackets, may have spaces.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
    };
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let children =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let children = children.collect::<String>();
    of("self") + children.split_whitespace().map(of).sum::<u64>()
}

fn timed(mut work: impl FnMut()) -> Took {
    let (start, before) = (Instant::now(), ticks());
    (0..TIMES).for_each(|_| work());
    Took { wall: start.elapsed(), cpu: Duration::from_millis(10 * (ticks() - before)) }
}

fn bridged(file: &Path, folder: &Path, workers: usize) -> Took {
    let mut settings = Settings::default().allowed_of(std::env::vars_os());
    settings.workers = NonZeroUsize::new(workers).unwrap();
    let text = folder.join("rule.py").display().to_string();
    let plan = PythonFunction::parse(&text, 0).unwrap().plan();
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(plan.start(settings).unwrap())];
    // All processes are started by the first rows.
    pass(file, &scorers);
    timed(|| {
        let scores = pass(file, &scorers);
        assert_eq!(scores.tally(0).unwrap().passes, ROWS / 2);
    })
}

fn looped(file: &Path, folder: &Path) -> Took {
    let mut python = Command::new("python3");
    let output =
        python.args(["-c", LOOP]).args([folder, file]).arg(TIMES.to_string()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let mut said = said.split_whitespace().map(|word| word.parse::<f64>().unwrap());
    assert_eq!(said.next(), Some(f64::from(u32::try_from(ROWS).unwrap()) / 2.0));
    let [wall, cpu] = [(); 2].map(|()| Duration::from_secs_f64(said.next().unwrap()));
    Took { wall, cpu }
}

fn native(file: &Path) -> Took {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(FunctionCall::last_part())];
    timed(|| {
        pass(file, &scorers);
    })
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rule.py"), FUNCTION).unwrap();
    let file = folder.path().join("results.jsonl");
    std::fs::write(&file, (0..ROWS).map(line).collect::<String>()).unwrap();
    let names = ["plain loop", "bridge with one process", "bridge with two", "built in"];
    let mut rounds = Vec::new();
    // Back to back, so that what else the machine does weighs on all alike.
    for _ in 0..ROUNDS {
        rounds.push([
            looped(&file, folder.path()),
            bridged(&file, folder.path(), 1),
            bridged(&file, folder.path(), 2),
            native(&file),
        ]);
    }
    println!("medians of {ROUNDS} rounds; times are those of the plain loop beside it");
    for (at, name) in names.into_iter().enumerate() {
        let of = |figure: &dyn Fn(&[Took; 4]) -> f64| median(rounds.iter().map(figure).collect());
        println!(
            "{name:<24} {:>8.0} rows/s, {:.2} times; processors {:.2} us a row, {:.2} times",
            of(&|round| round[at].rows_a_second()),
            of(&|round| round[0].wall.as_secs_f64() / round[at].wall.as_secs_f64()),
            of(&|round| round[at].cpu.as_secs_f64() * 1e6
                / f64::from(TIMES)
                / f64::from(u32::try_from(ROWS).unwrap())),
            of(&|round| round[0].cpu.as_secs_f64() / round[at].cpu.as_secs_f64()),
        );
    }
}
