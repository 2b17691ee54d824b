//! What a run meets in two days on a laptop: a full disk, a folder that cannot be written, a clock
//! that was set back, a key that is revoked, a service that goes away. It stops with the right word,
//! and goes on to the same report once the cause is gone.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use batch_backend::{JobCounts, JobState};
use batch_orchestrator::{Event, Journal as _, Look, Phase, RunState};
use run_store::{FileJournal, RunFolder, Session};
use serde_json::Value;
use tests::house::{House, KEY, column, creates, run_words};
use tests::process::{Said, Server, binary};

const ON: [&str; 4] = ["--poll-interval", "30ms", "--settle", "300ms"];

fn server(house: &House) -> Server {
    Server::emulator(house.path(), &["--time-scale", "300", "--control", "--answers", "echo"])
}

fn resume(house: &House, run: &str, more: &[&str]) -> Said {
    house.call(&[&["resume", run], &ON[..], more].concat())
}

fn answered(house: &House, run: &str) -> Value {
    column(&house.report(run), "sim-a", None)["outcomes"]["answered"].clone()
}

/// Runs a shell script in mounts of its own, where it may mount what it likes; `$PROGRAM` is the
/// program.
fn in_own_mounts(house: &House, script: &str) -> Said {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]);
    command.current_dir(house.path()).env("PROGRAM", binary()).env("GEMINI_API_KEY", KEY);
    Said::from(command.output().unwrap())
}

#[test]
fn a_full_disk_stops_a_run_and_room_lets_it_go_on() {
    let house = House::scripted(3_000, "");
    let server = server(&house);
    std::fs::create_dir(house.path().join("runs")).unwrap();
    let run = run_words(&server, "full", &["sim-a"]).join(" ");
    let (on, kept) = (ON.join(" "), house.path().join("kept").display().to_string());
    // The inputs fit at 2 MB, the results do not at 200 kB more; nothing at all fits at 100 kB.
    let said = in_own_mounts(
        &house,
        &format!(
            "mount -t tmpfs -o size=100k none runs\n\
             $PROGRAM {run} && exit 90 || [ $? = 74 ] || exit 91\n\
             mount -o remount,size=20m runs\n\
             $PROGRAM {run} --until submitted || exit 92\n\
             left=$(df --output=used -k runs | tail -1)\n\
             mount -o remount,size=$((left + 200))k runs\n\
             $PROGRAM resume full {on} && exit 93 || [ $? = 74 ] || exit 94\n\
             mount -o remount,size=20m runs\n\
             $PROGRAM resume full {on} || exit 95\n\
             cp -r runs {kept}"
        ),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("free some space") || said.stderr.contains("room"), "{said:?}");
    assert_eq!(creates(&server).len(), 1, "one job, whatever the disk");
    let report = std::fs::read(house.path().join("kept/full/report/report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(column(&report, "sim-a", None)["outcomes"]["answered"], 3_000);
}

#[test]
fn a_file_that_may_not_grow_is_a_full_disk() {
    let house = House::scripted(3_000, "");
    let server = server(&house);
    let mut words = run_words(&server, "small", &["sim-a"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    // The signal is ignored, so that the write fails as it does on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let mut command = Command::new("bash");
    command.args(["-c", limited]).arg(binary()).args(["resume", "small"]).args(ON);
    command.current_dir(house.path()).env("GEMINI_API_KEY", KEY);
    let said = Said::from(command.output().unwrap());
    assert_eq!(said.code, Some(74), "{said:?}");
    assert!(said.stderr.contains("resume small"), "{said:?}");
    let said = resume(&house, "small", &[]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    assert_eq!(answered(&house, "small"), 3_000);
}

#[test]
fn a_folder_that_cannot_be_written_is_shown_but_not_gone_on_with() {
    let house = House::scripted(8, "");
    let server = server(&house);
    let mut words = run_words(&server, "fixed", &["sim-a"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    let on = ON.join(" ");
    let said = in_own_mounts(
        &house,
        &format!(
            "mount --bind runs runs && mount -o remount,bind,ro runs\n\
             $PROGRAM status fixed || exit 90\n\
             $PROGRAM resume fixed {on} && exit 91 || [ $? = 74 ] || exit 92\n\
             $PROGRAM run data.jsonl -m sim-a --emulator --name other && exit 93 || [ $? = 74 ] || exit 94"
        ),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("1 at the service"), "{said:?}");
    assert!(said.stderr.contains("make the folder writable"), "{said:?}");
    let said = resume(&house, "fixed", &[]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    // The report of a finished run is shown from a folder that nothing can be kept in.
    let said = in_own_mounts(
        &house,
        "mount --bind runs runs && mount -o remount,bind,ro runs\n$PROGRAM report fixed",
    );
    assert!(said.code == Some(0) && said.stdout.contains("sim-a"), "{said:?}");
}

#[test]
fn a_clock_that_was_set_back_neither_loses_nor_doubles_anything() {
    let house = House::scripted(8, "");
    let server = server(&house);
    let mut words = run_words(&server, "back", &["sim-a"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    // A session two years from now looked at the job; then the clock was set right.
    let folder = RunFolder::open(house.run("back")).unwrap();
    let state = folder.replay().unwrap();
    let state = RunState::replay(&folder.plan().unwrap(), state.events()).unwrap();
    let job = state.jobs().next().unwrap();
    assert!(matches!(job.phase, Phase::Waiting(_)));
    let later = folder.manifest().created + Duration::from_hours(2 * 365 * 24);
    let session = Session { pid: 1, host: "later".into(), program: "batch-eval".into() };
    let lock = folder.lock(&session, later).unwrap();
    let clock = Box::new(move || later);
    let (mut journal, _) = FileJournal::open(&folder, &lock, &session, clock).unwrap();
    let look = Look { state: JobState::Running, counts: JobCounts::default(), seen: Some(later) };
    journal.append(&Event::Looked { job: job.id, look }).unwrap();
    journal.end("stopped").unwrap();
    drop((journal, lock));

    let said = house.call_without_key(&["status", "back"]);
    assert!(said.code == Some(0) && said.stdout.contains("1 at the service"), "{said:?}");
    let said = resume(&house, "back", &[]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    assert_eq!(answered(&house, "back"), 8);
    assert_eq!(house.call_without_key(&["report", "back"]).code, Some(0));
    assert_eq!(house.call_without_key(&["runs"]).code, Some(0));
}

#[test]
fn a_key_that_is_revoked_pauses_a_run_and_another_goes_on() {
    // Whatever is asked of a job by its name is refused, four times over.
    let fault = |reply: &str| {
        format!(
            "[[faults]]\nwhen = {{ method = \"GET\", path = \"/batches/\" }}\ntimes = 1\n\
             action = {reply}\n"
        )
    };
    let denied = r#"{ answer = { status = 403, body = "{\"error\":{\"code\":403,\"message\":\"denied\",\"status\":\"PERMISSION_DENIED\"}}" } }"#;
    for reply in [r#"{ refuse = "bad_key" }"#, denied] {
        let house = House::scripted(8, &fault(reply));
        let words =
            ["--time-scale", "100", "--control", "--answers", "echo", "--script", "script.toml"];
        let server = Server::emulator(house.path(), &words);
        let said = house.call(&run_words(&server, "revoked", &["sim-a"]));
        assert_eq!(said.code, Some(4), "{said:?}");
        assert!(said.stderr.contains("run on at the service"), "{said:?}");
        assert!(said.stderr.contains("batch-eval resume revoked"), "{said:?}");
        let said = resume(&house, "revoked", &[]);
        assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
        assert_eq!(answered(&house, "revoked"), 8);
    }
}

#[test]
fn a_service_that_goes_away_is_waited_for() {
    let house = House::scripted(8, "");
    let words = ["--time-scale", "20", "--control", "--answers", "echo", "--state", "service"];
    let server = Server::emulator(house.path(), &words);
    let port = server.base_url().rsplit_once(':').unwrap().1.to_owned();
    let mut child = house.start(&run_words(&server, "away", &["sim-a"]));
    while house.told("away", "created").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it waits for its job");
    }
    drop(server);
    // While it is away connections come to nothing, and the run goes on trying.
    let away = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for _ in 0..2 {
        drop(away.accept().unwrap());
    }
    assert!(child.try_wait().unwrap().is_none(), "it is patient");
    drop(away);
    let listen = format!("127.0.0.1:{port}");
    let mut again = tests::process::batch_eval(house.path(), ["emulator", "--listen", &listen]);
    again.args(words);
    let server = Server::start(again);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!((creates(&server).len(), answered(&house, "away")), (1, 8.into()));
}
