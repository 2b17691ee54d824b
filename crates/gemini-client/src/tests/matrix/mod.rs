//! Every call meets every outcome, once, thrice and for ever: the kind of error, how often it was asked, how long
//! was waited between, and never a second job.

mod calls;
mod outcomes;
mod promised;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use batch_backend::{Applied, BackendError};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;

use super::causes::kind;
use super::server::{Reply, Request, Server};
use super::trust::shake_hands;
use super::{KEY, client_of};
use crate::budget::Budget;
use crate::client::Inner;
use crate::policy::CallClass;
use crate::{ApiKey, ApiVersion, BaseUrl, Client, Clock, Policies, Timeouts, Transfers, Wait};
use calls::{BYTES, Call, Good};
use outcomes::{Act, Outcome, Seen};
use promised::{promised, tries};

/// Once, thrice, for ever.
const TIMES: [usize; 3] = [1, 3, usize::MAX];

/// A port that nobody listens at, until so many waits are over.
struct Door {
    opens: usize,
    socket: TcpSocket,
    /// Who listens from then on.
    server: Arc<Mutex<Option<Server>>>,
}

/// Waits for nothing; a limit ends when the server has said that it will not go on.
#[derive(Default)]
struct MatrixClock {
    slept: Mutex<Vec<Duration>>,
    silent: Arc<Notify>,
    door: Mutex<Option<Door>>,
}

/// Word of a silence: one limit that is given up for another leaves it to that.
struct Told<'a>(&'a Notify);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl std::fmt::Debug for MatrixClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MatrixClock")
    }
}

impl Clock for MatrixClock {
    fn elapsed(&self) -> Duration {
        self.slept.lock().unwrap().iter().sum()
    }

    fn sleep(&self, wait: Duration) -> Wait<'_> {
        let waits = {
            let mut slept = self.slept.lock().unwrap();
            slept.push(wait);
            slept.len()
        };
        let mut door = self.door.lock().unwrap();
        if door.as_ref().is_some_and(|door| door.opens == waits) {
            let Door { socket, server, .. } = door.take().unwrap();
            let mut good = Good::new();
            let listener = socket.listen(16).unwrap();
            *server.lock().unwrap() = Some(Server::on(listener, move |r| good.answer(r)));
        }
        Box::pin(std::future::ready(()))
    }

    fn limit(&self, _: Duration) -> Wait<'_> {
        Box::pin(async {
            self.silent.notified().await;
            let told = Told(&self.silent);
            // What came before the silence is read first, as it would be within any limit.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            std::mem::forget(told);
        })
    }

    fn draw(&self) -> f64 {
        0.5
    }
}

/// A client of `base` with a budget of its own; what it is made of is made once, as it takes long.
fn client(http: &reqwest::Client, base: &str, clock: &Arc<MatrixClock>) -> Client {
    let key = ApiKey::new(KEY).unwrap();
    Client::from_inner(Inner {
        http: http.clone(),
        base: BaseUrl::parse(base).unwrap(),
        version: ApiVersion::default(),
        key_header: key.header().unwrap(),
        key,
        policies: Policies::default(),
        timeouts: Timeouts::default(),
        transfers: Transfers { request_bytes: 8, ..Transfers::default() },
        media_type: "application/json".to_owned(),
        clock: Arc::clone(clock) as _,
        budget: Mutex::new(Budget::default()),
    })
}

fn http() -> reqwest::Client {
    client_of("http://127.0.0.1:9").0.http().clone()
}

/// What a call came to.
#[derive(Debug, PartialEq, Eq)]
struct Fate {
    word: &'static str,
    applied: Applied,
    /// How often it was asked.
    asked: usize,
}

fn fate(result: &Result<(), BackendError>, asked: usize) -> Fate {
    match result {
        Ok(()) => Fate { word: "ok", applied: Applied::No, asked },
        Err(error) => Fate { word: kind(error), applied: error.applied(), asked },
    }
}

/// One cell of the table.
async fn cell(http: &reqwest::Client, call: Call, outcome: &Outcome, times: usize) {
    let good = Arc::new(Mutex::new(Good::new()));
    let (desk, act, met) = (Arc::clone(&good), outcome.act.clone(), AtomicUsize::new(0));
    let server = Server::start(move |request| {
        // Everything that a call leads to meets the same, from its own first request on.
        let own = call.owns(request) || met.load(Ordering::SeqCst) > 0;
        if own && met.fetch_add(1, Ordering::SeqCst) < times {
            return acted(&act, &desk, request);
        }
        desk.lock().unwrap().answer(request)
    })
    .await;
    let clock = Arc::new(MatrixClock { silent: server.hung(), ..MatrixClock::default() });
    let result = call.make(&client(http, &server.base, &clock)).await;
    let requests = server.requests();
    let asked = requests.iter().filter(|request| call.owns(request)).count();
    let seen = fate(&result, asked);
    let cell = format!("{call:?} × {} × {times}: {result:?}", outcome.name);
    let slept = clock.slept.lock().unwrap().clone();
    let promised = promised(call, outcome, times);
    if call.class() == CallClass::Upload {
        assert_eq!((seen.word, seen.applied), (promised.word, promised.applied), "{cell}");
        assert!(requests.len() <= 12, "{} requests: {cell}", requests.len());
        questions_between(&requests, &cell);
        let taken = good.lock().unwrap().taken().to_vec();
        assert!(BYTES.starts_with(&taken), "{cell}");
        assert!(result.is_err() || taken == BYTES, "{cell}");
    } else {
        assert_eq!(seen, promised, "{cell}");
        assert_eq!(slept.len() + 1, asked, "a wait before each repetition: {cell}");
    }
    if let Seen::Later(_, seconds) = outcome.seen {
        let met = slept.iter().take(times);
        let least = Duration::from_secs(seconds);
        assert!(met.clone().all(|wait| *wait >= least), "{slept:?}: {cell}");
    }
    let creates = requests.iter().filter(|r| Call::Create.owns(r)).count();
    let one = matches!(call, Call::Create | Call::CreateInline);
    assert_eq!(creates, usize::from(one), "never a second job: {cell}");
}

/// After trouble with bytes it is asked how far they came, before any are sent again.
fn questions_between(requests: &[Request], cell: &str) {
    let command = |request: &Request| {
        let command = request.header("x-goog-upload-command").unwrap_or_default().to_owned();
        (command, request.header("x-goog-upload-offset").map(str::to_owned))
    };
    let commands: Vec<_> = requests.iter().map(command).collect();
    let doubled = commands.windows(2).any(|pair| pair[0].1.is_some() && pair[0] == pair[1]);
    assert!(!doubled, "{commands:?}: {cell}");
}

fn acted(act: &Act, desk: &Mutex<Good>, request: &Request) -> Reply {
    let good = || desk.lock().unwrap().answer(request);
    match act {
        Act::Instead(reply) => reply.clone(),
        Act::DoneAndDropped => {
            good();
            Reply::Drop
        }
        Act::Hinted => on_the_wire("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1", true, good()),
        Act::Old => on_the_wire("HTTP/1.0", false, good()),
    }
}

fn on_the_wire(version: &str, length: bool, reply: Reply) -> Reply {
    let Reply::Answer(status, headers, body) = reply else {
        panic!("the good server answers");
    };
    let mut head = format!("{version} {status} Word\r\n");
    if length {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    Reply::Raw([head.as_bytes(), b"\r\n", &body].concat())
}

async fn table(calls: impl Iterator<Item = Call>) {
    let (http, outcomes) = (http(), outcomes::all());
    assert!(outcomes.len() >= 60, "{}", outcomes.len());
    for call in calls {
        for outcome in &outcomes {
            for times in TIMES {
                cell(&http, call, outcome, times).await;
            }
        }
    }
}

#[tokio::test]
async fn each_look_meets_each_outcome() {
    table(Call::ALL.into_iter().filter(|call| call.class() == CallClass::Read)).await;
}

#[tokio::test]
async fn each_change_meets_each_outcome() {
    use CallClass::{Change, Create, Generate};
    let change = |call: &Call| matches!(call.class(), Change | Create | Generate);
    table(Call::ALL.into_iter().filter(change)).await;
}

#[tokio::test]
async fn each_transfer_meets_each_outcome() {
    use CallClass::{Download, OpenUpload, Upload};
    let transfer = |call: &Call| matches!(call.class(), OpenUpload | Upload | Download);
    table(Call::ALL.into_iter().filter(transfer)).await;
}

/// A port that nobody listens at: each call is repeated, also one that makes a job, as nothing was sent.
#[tokio::test]
async fn each_call_meets_a_closed_door() {
    let http = http();
    for (call, times) in Call::ALL.into_iter().flat_map(|call| TIMES.map(|times| (call, times))) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let base = format!("http://{}", socket.local_addr().unwrap());
        let server = Arc::new(Mutex::new(None));
        let clock = Arc::new(MatrixClock::default());
        *clock.door.lock().unwrap() =
            Some(Door { opens: times, socket, server: Arc::clone(&server) });
        let result = call.make(&client(&http, &base, &clock)).await;
        let cell = format!("{call:?} × a closed door × {times}: {result:?}");
        let tries = tries(call);
        let word = if times < tries { "ok" } else { "Transient" };
        let seen = fate(&result, 0);
        assert_eq!((seen.word, seen.applied), (word, Applied::No), "{cell}");
        let slept = clock.slept.lock().unwrap().len();
        assert_eq!(slept, times.min(tries - 1), "{cell}");
        let opened = server.lock().unwrap().take();
        let creates = |server: Server| {
            server.requests().iter().filter(|request| Call::Create.owns(request)).count()
        };
        let one = opened.is_some() && matches!(call, Call::Create | Call::CreateInline);
        assert_eq!(opened.map_or(0, creates), usize::from(one), "{cell}");
    }
}

/// A server that speaks no TLS is one that may come back; one whose certificate nobody signed is not.
#[tokio::test]
async fn each_call_meets_a_handshake_that_fails() {
    let http = client_of("https://localhost:9").0.http().clone();
    for call in Call::ALL {
        let plain = Server::start(|_| Reply::json(200, "{}")).await;
        let clock = Arc::new(MatrixClock::default());
        let base = plain.base.replace("http://", "https://");
        let result = call.make(&client(&http, &base, &clock)).await;
        let seen = fate(&result, clock.slept.lock().unwrap().len() + 1);
        let promised = Fate { word: "Transient", applied: Applied::No, asked: tries(call) };
        assert_eq!(seen, promised, "{call:?}: {result:?}");
        assert!(plain.requests().is_empty());

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let untrusted = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stream = stream.into_std().unwrap();
                tokio::task::spawn_blocking(move || shake_hands(stream)).await.unwrap();
            }
        });
        let clock = Arc::new(MatrixClock::default());
        let result = call.make(&client(&http, &base, &clock)).await;
        untrusted.abort();
        let seen = fate(&result, clock.slept.lock().unwrap().len() + 1);
        let promised = Fate { word: "Transient", applied: Applied::No, asked: 1 };
        assert_eq!(seen, promised, "{call:?}: {result:?}");
    }
}
