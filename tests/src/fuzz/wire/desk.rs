//! A client and a server of bare TCP on one thread, without any time passing.

use std::fmt::Debug;
use std::future::{Future, pending, ready};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gemini_client::{ApiKey, BaseUrl, Client, Clock, Policies, Transfers, Wait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use super::KEY;

/// A client that takes so long about a few answers on this machine hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The largest JSON answer that clients here take in.
pub(super) const LARGEST_ANSWER: usize = 2048;

/// What one request of an upload brings at most, granularity permitting.
const REQUEST_BYTES: u64 = 8;

/// A request as it came.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The value of a header, its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// What a request gets.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    Answer {
        status: u16,
        /// Whole lines of the head.
        head: Vec<u8>,
        body: Vec<u8>,
    },
    /// The end of the connection, without a byte.
    Drop,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, head: Vec::new(), body: body.into() }
    }

    pub(super) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        match self {
            Self::Answer { status, mut head, body } => {
                for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
                    head.extend_from_slice(part);
                }
                Self::Answer { status, head, body }
            }
            Self::Drop => Self::Drop,
        }
    }
}

/// The service's part. It must not panic: nobody would hear of it.
pub(super) trait Service: Debug + Send + 'static {
    fn answer(&mut self, request: &Request) -> Reply;
}

/// What came of a conversation.
#[derive(Debug)]
pub(super) struct Held<S, T> {
    pub(super) service: S,
    pub(super) result: T,
    /// What the client would have waited, in order.
    pub(super) waits: Vec<Duration>,
}

/// Lets a new client with the usual policies talk to a service. No one else talks meanwhile.
///
/// # Panics
/// When the conversation hangs.
pub(super) fn converse<S: Service + Clone, T>(
    service: S,
    work: impl AsyncFnOnce(&Client) -> T,
) -> Held<S, T> {
    let desk = lock(&DESK);
    let clock = Arc::new(Hurried::default());
    let caller = client(&desk.address, Policies::default(), Arc::clone(&clock));
    let (service, result) = desk.hold(service, work(&caller));
    let waits = lock(&clock.0).clone();
    Held { service, result, waits }
}

/// The same with a client that tries nothing again, which serves for all such conversations: a new one
/// costs more than they do, and this one has no budget of repetitions to lose.
///
/// # Panics
/// When the conversation hangs.
pub(super) fn converse_once<S: Service + Clone, T>(
    service: S,
    work: impl AsyncFnOnce(&Client) -> T,
) -> (S, T) {
    let desk = lock(&DESK);
    desk.hold(service, work(&desk.caller))
}

static DESK: LazyLock<Mutex<Desk>> = LazyLock::new(|| Mutex::new(Desk::open()));

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::expect_used, reason = "constants, and an address of this machine")]
fn client(address: &str, policies: Policies, clock: Arc<Hurried>) -> Client {
    let mut transfers = Transfers::default();
    (transfers.request_bytes, transfers.answer_bytes) = (REQUEST_BYTES, LARGEST_ANSWER);
    Client::builder(ApiKey::new(KEY).expect("a key"))
        .base_url(BaseUrl::parse(address).expect("an address"))
        .policies(policies)
        .transfers(transfers)
        .clock(clock)
        .build()
        .expect("a client")
}

/// A clock that waits for nothing, keeps what it was asked to wait, and ends nothing.
#[derive(Debug, Default)]
struct Hurried(Mutex<Vec<Duration>>);

impl Clock for Hurried {
    fn elapsed(&self) -> Duration {
        lock(&self.0).iter().fold(Duration::ZERO, |sum, wait| sum.saturating_add(*wait))
    }

    fn sleep(&self, wait: Duration) -> Wait<'_> {
        lock(&self.0).push(wait);
        Box::pin(ready(()))
    }

    fn limit(&self, _: Duration) -> Wait<'_> {
        Box::pin(pending())
    }

    fn draw(&self) -> f64 {
        0.999
    }
}

type Shared = Arc<Mutex<dyn Service>>;

struct Desk {
    runtime: Runtime,
    address: String,
    caller: Client,
    service: Arc<Mutex<Option<Shared>>>,
}

impl Desk {
    #[expect(clippy::expect_used, reason = "without a socket there is nothing to test")]
    fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let service = Arc::new(Mutex::new(None));
        runtime.spawn(receive(listener, Arc::clone(&service)));
        let mut policies = Policies::default();
        (policies.read.attempts, policies.create.attempts) = (1, 1);
        let caller = client(&address, policies, Arc::default());
        Self { runtime, address, caller, service }
    }

    fn hold<S: Service + Clone, T>(&self, service: S, work: impl Future<Output = T>) -> (S, T) {
        let service = Arc::new(Mutex::new(service));
        *lock(&self.service) = Some(Arc::clone(&service) as Shared);
        let result = self.within_patience(work);
        *lock(&self.service) = None;
        let service = lock(&service).clone();
        (service, result)
    }

    #[expect(clippy::expect_used, reason = "the finding itself")]
    fn within_patience<T>(&self, work: impl Future<Output = T>) -> T {
        let work = async { tokio::time::timeout(PATIENCE, work).await };
        self.runtime.block_on(work).expect("the client hangs")
    }
}

async fn receive(listener: TcpListener, service: Arc<Mutex<Option<Shared>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        // Whoever leaves in the middle is gone: what the client makes of it is looked at there.
        tokio::spawn(async move { serve(stream, &service).await });
    }
}

async fn serve(mut stream: TcpStream, service: &Mutex<Option<Shared>>) -> Option<()> {
    let mut buffer = Vec::new();
    loop {
        let request = read(&mut stream, &mut buffer).await?;
        let service = lock(service).clone()?;
        let reply = lock(&service).answer(&request);
        let Reply::Answer { status, head, body } = reply else {
            return None;
        };
        let first = format!("HTTP/1.1 {status} Word\r\n").into_bytes();
        let last = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        stream.write_all(&[first, head, last, body].concat()).await.ok()?;
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let (first, rest) = head.split_once("\r\n")?;
    let mut words = first.split(' ').map(str::to_owned);
    let headers = rest.lines().filter_map(|line| line.split_once(':'));
    let mut request = Request {
        method: words.next()?,
        target: words.next()?,
        headers: headers.map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect(),
        body: Vec::new(),
    };
    let length = request.header("content-length").map_or(Some(0), |text| text.parse().ok())?;
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    request.body = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    Some(request)
}
