//! A second, independent server of the same API, so that the client is not judged by one reading only.
//!
//! It shares no line with `gemini-emulator` and differs where the service leaves room: time goes by
//! looks and not by the clock, pages are small, result rows come in another order, chunks have a
//! finer granularity, and a create may take effect after its connection has gone. It also keeps a
//! ledger of jobs, calls and violations of the protocol at `GET /fake/ledger`.

mod answers;
mod http;
mod knobs;
mod routes;
mod uploads;
mod world;

use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

pub use knobs::{CreateFault, End, Knobs, NotAKnob};
use world::World;

/// A running fake server; it stops taking connections when dropped.
#[derive(Debug)]
pub struct FakeServer {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    stopping: Arc<AtomicBool>,
}

impl FakeServer {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn start(knobs: Knobs) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let world = Arc::new(Mutex::new(World::new(format!("http://{address}"), knobs)));
        let stopping = Arc::new(AtomicBool::new(false));
        let server = Self { address, world: Arc::clone(&world), stopping: Arc::clone(&stopping) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopping.load(Ordering::SeqCst) {
                    break;
                }
                let world = Arc::clone(&world);
                thread::spawn(move || serve(stream, &world));
            }
        });
        Ok(server)
    }

    /// Where it listens, such as `http://127.0.0.1:4711`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Jobs, calls and violations so far; the same as `GET /fake/ledger`.
    pub fn ledger(&self) -> serde_json::Value {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).ledger()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The accepting thread looks at the flag when somebody knocks.
        let _ = TcpStream::connect(self.address);
    }
}

/// Serves one connection to its end; a client that misbehaves only loses its own connection.
fn serve(stream: TcpStream, world: &Mutex<World>) {
    let Ok(mut writer) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    while let Ok(Some(request)) = http::read_request(&mut reader) {
        let reply = {
            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
            routes::answer(&mut world, &request, now())
        };
        if !http::write_reply(&mut writer, &reply).unwrap_or(false) {
            return;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of the fake server: late creates and list lag are in real time"
)]
fn now() -> Instant {
    Instant::now()
}
