//! A network between client and server that fails as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::server::Server;

/// Forwards connections to a server, for as long as the test's runtime lives.
pub(crate) struct Proxy {
    /// The server, reached by way of the proxy.
    pub(crate) server: Server,
    line: Arc<Line>,
}

/// What all connections go through.
struct Line {
    /// Pieces forwarded, in both directions.
    pieces: watch::Sender<u64>,
    stalled: watch::Sender<bool>,
    /// Before each piece is forwarded.
    delay: Duration,
    cuts: Cuts,
}

/// Which connections are cut, and where.
struct Cuts {
    seed: u64,
    /// How many at most.
    most: u64,
    done: AtomicU64,
    connections: AtomicU64,
}

/// No connection that is cut forwards as many pieces.
const LONGEST: u64 = 60;

/// A connection's end that is none of its two ends' doing.
struct Cut;

impl Proxy {
    /// A good network.
    pub(crate) async fn new(server: &Server) -> Self {
        Self::start(server, Duration::ZERO, Cuts::new(0, 0)).await
    }

    /// A network that takes a while for every piece.
    pub(crate) async fn slow(server: &Server, delay: Duration) -> Self {
        Self::start(server, delay, Cuts::new(0, 0)).await
    }

    /// A network that cuts so many connections, each after some pieces of its own.
    pub(crate) async fn cutting(server: &Server, seed: u64, cuts: u64) -> Self {
        Self::start(server, Duration::ZERO, Cuts::new(seed, cuts)).await
    }

    async fn start(server: &Server, delay: Duration, cuts: Cuts) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("bolt://{}", listener.local_addr().unwrap());
        let target = server.uri.trim_start_matches("bolt://").to_owned();
        let (pieces, stalled) = (watch::Sender::new(0), watch::Sender::new(false));
        let line = Arc::new(Line { pieces, stalled, delay, cuts });
        let shared = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(&target).await {
                    tokio::spawn(Arc::clone(&shared).connect(client, server));
                }
            }
        });
        Self { server: Server { uri, ..server.clone() }, line }
    }

    /// Pieces forwarded until now.
    pub(crate) fn forwarded(&self) -> u64 {
        *self.line.pieces.borrow()
    }

    /// Waits until so many pieces have been forwarded.
    pub(crate) async fn has_forwarded(&self, pieces: u64) {
        self.line.pieces.subscribe().wait_for(|forwarded| *forwarded >= pieces).await.unwrap();
    }

    /// From now on nothing gets through, closing included; or what was held back does.
    pub(crate) fn stall(&self, stalled: bool) {
        self.line.stalled.send_replace(stalled);
    }

    /// Connections cut until now.
    pub(crate) fn cuts(&self) -> u64 {
        self.line.cuts.done.load(SeqCst)
    }
}

impl Line {
    async fn connect(self: Arc<Self>, client: TcpStream, server: TcpStream) {
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let (pieces, last) = (AtomicU64::new(0), self.cuts.next());
        let there = self.forward(from_client, to_server, &pieces, last);
        let back = self.forward(from_server, to_client, &pieces, last);
        // A cut in one direction is one in both, for dropping a direction closes it.
        let _ = tokio::try_join!(there, back);
    }

    /// Forwards until the end, which it passes on, or the cut.
    async fn forward(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        pieces: &AtomicU64,
        last: u64,
    ) -> Result<(), Cut> {
        let mut piece = vec![0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            self.pass().await;
            if pieces.fetch_add(1, SeqCst) >= last && self.cuts.one_more() {
                return Err(Cut);
            }
            if to.write_all(&piece[..length]).await.is_err() {
                break;
            }
            self.pieces.send_modify(|forwarded| *forwarded += 1);
        }
        self.pass().await;
        let _ = to.shutdown().await;
        Ok(())
    }

    async fn pass(&self) {
        self.stalled.subscribe().wait_for(|stalled| !stalled).await.unwrap();
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
    }
}

impl Cuts {
    fn new(seed: u64, most: u64) -> Self {
        Self { seed, most, done: 0.into(), connections: 0.into() }
    }

    /// After how many pieces a new connection is cut.
    fn next(&self) -> u64 {
        let connection = self.connections.fetch_add(1, SeqCst);
        xxh3_64_with_seed(&connection.to_le_bytes(), self.seed) % LONGEST
    }

    /// Whether another one may be cut.
    fn one_more(&self) -> bool {
        let more = |done| Some(done + 1).filter(|done| *done <= self.most);
        self.done.fetch_update(SeqCst, SeqCst, more).is_ok()
    }
}
