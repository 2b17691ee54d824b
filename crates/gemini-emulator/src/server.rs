//! Listens, and serves each connection until it ends or the emulator stops.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::exchange;
use crate::shared::Core;

/// How long requests under way may go on once the emulator shall stop.
const GRACE: Duration = Duration::from_secs(1);

/// Accepts connections until `stop` says true; dropping the future drops every connection.
pub(crate) async fn run(core: Arc<Core>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let most = core.settings.limits.connections.max(1);
    loop {
        let full = connections.len() >= most;
        if full {
            tracing::warn!(most, "no more connections until one of them ends");
        }
        tokio::select! {
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(Arc::clone(&core), stream, stop.clone()));
                }
                Err(error) => {
                    // Out of descriptors, mostly: let some connections end first.
                    tracing::warn!(?error, "failed to accept a connection");
                    crate::clock::pause(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = told_to_stop(&mut stop) => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(core: Arc<Core>, stream: TcpStream, mut stop: watch::Receiver<bool>) {
    // Answers are small and clients wait for them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| exchange::serve(Arc::clone(&core), request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        outcome = served.as_mut() => Some(outcome),
        () = told_to_stop(&mut stop) => None,
    };
    let outcome = if let Some(outcome) = ended {
        outcome
    } else {
        served.as_mut().graceful_shutdown();
        served.await
    };
    if let Err(error) = outcome {
        tracing::debug!(?error, "connection ended early");
    }
}

/// Ends when the emulator shall stop, or is gone.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: the same thing.
    let _ = stop.wait_for(|stop| *stop).await;
}
