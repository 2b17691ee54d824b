//! A server with a made-up model behind it, which answers when the test lets it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What the stub was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
    /// The body byte for byte.
    pub(crate) raw: String,
}

impl Asked {
    /// The text of the last message.
    pub(crate) fn text(&self) -> &str {
        let last = self.body["messages"].as_array().and_then(|messages| messages.last());
        last.and_then(|message| message["content"].as_str()).unwrap_or_default()
    }
}

type Answer = (u16, Vec<(&'static str, &'static str)>, String);

type Model = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    gate: Arc<Semaphore>,
    busy: Arc<Mutex<(usize, usize)>>,
    answer: Arc<Model>,
}

impl Stub {
    /// Serves `answer`, which also gets how often the same was asked before.
    pub(crate) async fn start(
        answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            busy: Arc::default(),
            answer: Arc::new(answer),
        };
        let server = stub.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let stub = server.clone();
                let service = service_fn(move |request| {
                    let stub = stub.clone();
                    async move { stub.serve(request).await }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        stub
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets `n` more answers go.
    pub(crate) fn let_go(&self, n: usize) {
        self.gate.add_permits(n);
    }

    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }

    /// The most requests that were ever under way at a time.
    pub(crate) fn most_at_a_time(&self) -> usize {
        self.busy.lock().unwrap().1
    }

    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header =
            |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let asked = Asked {
            path: parts.uri.path().to_owned(),
            key: header("authorization").or_else(|| header("x-goog-api-key")),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            raw: String::from_utf8(body.to_vec()).unwrap(),
        };
        let before = {
            let mut seen = self.seen.lock().unwrap();
            let before = seen.iter().filter(|known| known.body == asked.body).count();
            seen.push(asked.clone());
            before
        };
        let _busy = Busy::of(&self.busy);
        if parts.method == "POST" {
            self.gate.acquire().await.unwrap().forget();
        }
        let (status, headers, body) = (self.answer)(&asked, before);
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::from(body)).unwrap())
    }
}

/// Counts a request under way, also when its client goes away.
struct Busy(Arc<Mutex<(usize, usize)>>);

impl Busy {
    fn of(counter: &Arc<Mutex<(usize, usize)>>) -> Self {
        let mut busy = counter.lock().unwrap();
        busy.0 += 1;
        busy.1 = busy.1.max(busy.0);
        Self(Arc::clone(counter))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}
