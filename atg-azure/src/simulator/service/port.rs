//! The face on a port: HTTP/1.1 for real clients on this machine.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Service;
use super::answer::{Answer, Failure};

/// The most bytes of a request's body: a query over 10,000 subscriptions has half a megabyte.
const MOST_REQUEST_BYTES: usize = 2 * 1024 * 1024;
/// Bodies below this size are not worth compressing.
const LEAST_COMPRESSED: usize = 1_024;
/// How long answers under way may take after the end; a stalled one would never come.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How long to leave the port alone after it failed to accept.
const AFTER_REFUSAL: Duration = Duration::from_millis(20);

/// A simulator that listens; it stops listening when this is dropped.
///
/// Answers under way are finished, for two seconds at most.
#[derive(Debug)]
pub struct ServerHandle {
    address: SocketAddr,
    stop: watch::Sender<()>,
}

impl ServerHandle {
    /// The address that clients use as Resource Manager's: `http://127.0.0.1:` and the port.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that the simulator listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and waits until every connection is closed.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        self.stop.closed().await;
    }
}

pub(super) async fn serve(service: Arc<Service>, address: SocketAddr) -> Result<ServerHandle> {
    if !address.ip().is_loopback() {
        let message = format!("{address} is not an address of this machine only: use 127.0.0.1");
        return Err(Error::new(ErrorKind::InvalidInput, "serve simulator", message));
    }
    let failed = |error| {
        Error::new(ErrorKind::Unavailable, "serve simulator", format!("cannot listen on {address}"))
            .with_source(error)
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (stop, stopped) = watch::channel(());
    tokio::spawn(accept(service, listener, stopped));
    Ok(ServerHandle { address, stop })
}

async fn accept(service: Arc<Service>, listener: TcpListener, mut stopped: watch::Receiver<()>) {
    loop {
        tokio::select! {
            // Both an explicit stop and a dropped handle end the wait.
            _ = stopped.changed() => return,
            accepted = listener.accept() => {
                match accepted {
                    Ok((stream, _)) => {
                        tokio::spawn(connection(Arc::clone(&service), stream, stopped.clone()));
                    }
                    // Too many open files, or a client that went away: others may have more luck.
                    Err(_) => sleep(AFTER_REFUSAL).await,
                }
            }
        }
    }
}

async fn connection(service: Arc<Service>, stream: TcpStream, mut stopped: watch::Receiver<()>) {
    let handler = service_fn(move |request| respond(Arc::clone(&service), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    // Errors are the client's going away, or garbage in place of HTTP.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = timeout(LAST_ANSWERS, connection).await;
        }
    }
}

/// An error closes the connection without an answer.
async fn respond(
    service: Arc<Service>,
    request: Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>> {
    let compress = accepts_gzip(&request);
    let (parts, body) = request.into_parts();
    let answer = match Limited::new(body, MOST_REQUEST_BYTES).collect().await {
        Ok(body) => service.answer(Request::from_parts(parts, body.to_bytes())).await?,
        Err(_) => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestContentTooLarge",
            format!("A request's body may have {MOST_REQUEST_BYTES} bytes."),
        )
        .into_answer(),
    };
    let answer = if compress { compressed(answer) } else { answer };
    Ok(answer.map(Full::new))
}

fn accepts_gzip(request: &Request<Incoming>) -> bool {
    let values = request.headers().get_all(ACCEPT_ENCODING).iter();
    let names = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let mut names = names.map(|name| name.split(';').next().unwrap_or_default().trim());
    names.any(|name| name.eq_ignore_ascii_case("gzip"))
}

fn compressed(mut answer: Answer) -> Answer {
    if answer.body().len() < LEAST_COMPRESSED {
        return answer;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(answer.body()).and_then(|()| encoder.finish());
    if let Ok(bytes) = written {
        *answer.body_mut() = bytes.into();
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        answer.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    answer
}
