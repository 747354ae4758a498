//! Connections: as many transactions at once as there may be connections, each connection alone
//! in a pool of the driver's.
//!
//! The driver offers no way to reset or close a connection of a pool. A transaction of which a
//! statement failed keeps its locks until its connection is reset, which the driver does when it
//! hands the connection out again: with a pool of one, that can be brought about at once, and
//! dropping the pool closes the connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atg_core::{Error, ErrorKind, PerfRecorder, Result};
use neo4rs::{ConfigBuilder, Graph, Operation, Txn};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::address::Address;
use super::errors::{Class, Failure, Try};
use super::nodelay::NoDelay;
use super::retry::Retries;
use super::settings::Settings;
use super::transaction::Transaction;
use super::watch::waiting_for;

/// How many rows one request fetches; longer answers take several.
const FETCH_ROWS: usize = 1 << 16;

const CONNECT: &str = "connect to Neo4j";

/// What a transaction does; a cluster sends it to the fitting member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Opens transactions, at most [`Settings::connections`] at once.
pub(super) struct Pool {
    permits: Arc<Semaphore>,
    shared: Arc<Shared>,
    retries: Retries,
}

impl Pool {
    /// A pool that has not connected yet.
    pub(super) fn new(settings: Arc<Settings>) -> Result<Self> {
        if settings.address.is_encrypted() {
            install_cryptography();
        }
        // What is wrong with the settings shows here.
        driver(&settings, &settings.address)?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(settings.connections)),
            shared: Arc::new(Shared {
                idle: Mutex::default(),
                bookmarks: Mutex::default(),
                no_delay: NoDelay::new(settings.address.port()),
                settings,
            }),
            retries: Retries::default(),
        })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    pub(super) fn retries(&self) -> &Retries {
        &self.retries
    }

    /// Opens a transaction once one of the connections is free; that wait has no bound of its
    /// own, the rest at most twice the connect time-out. Tries once. Dropping the future leaves
    /// nothing behind.
    pub(super) async fn begin(&self, access: Access) -> Try<Transaction> {
        let free = Arc::clone(&self.permits).acquire_owned();
        let free = waiting_for("a free connection: other calls have all of them", free);
        let permit = free.await.map_err(|closed| {
            let error = Error::new(ErrorKind::Internal, CONNECT, "the pool is closed");
            Failure::new(Class::Fatal, error.with_source(closed))
        })?;
        let mut connection = self.shared.take(access, permit)?;
        let begun = connection.begin(self.shared.bookmarks(access));
        match self.shared.in_time(begun).await {
            Ok(transaction) => {
                // Routing may connect to another member at any time.
                let new = connection.is_new || self.settings().address.is_routed();
                self.shared.no_delay.sweep(new);
                Ok(Transaction::new(transaction, connection))
            }
            Err(failure) => Err(self.shared.explained(failure).await),
        }
    }
}

/// A connection in use. Dropping it closes it, which makes the server roll back.
pub(super) struct Connection {
    driver: Graph,
    recorder: Box<dyn PerfRecorder>,
    /// Whether this is its first use.
    is_new: bool,
    access: Access,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    pub(super) fn settings(&self) -> &Arc<Settings> {
        &self.shared.settings
    }

    /// What its exchanges are recorded by.
    pub(super) fn recorder(&mut self) -> &mut dyn PerfRecorder {
        &mut *self.recorder
    }

    /// In boxes: the driver's types and futures are large.
    async fn begin(&mut self, bookmarks: Option<Vec<String>>) -> neo4rs::Result<Box<Txn>> {
        let operation = match self.access {
            Access::Read => Operation::Read,
            Access::Write => Operation::Write,
        };
        Box::pin(self.driver.start_txn_as(operation, bookmarks)).await.map(Box::new)
    }

    /// Gives the connection back after a commit, with the bookmark it returned, or a rollback.
    pub(super) fn release(self, bookmark: Option<String>) {
        if let Some(bookmark) = bookmark {
            self.shared.keep(bookmark);
        }
        locked(&self.shared.idle).push((self.driver, self.recorder));
    }

    /// Gives the connection back after the server failed, once the transaction has ended there:
    /// the driver resets a connection before a new transaction.
    pub(super) async fn reset(mut self) {
        let shared = Arc::clone(&self.shared);
        let reset = async { Box::pin(self.begin(None).await?.rollback()).await };
        if shared.in_time(reset).await.is_ok() {
            self.release(None);
        }
    }
}

/// What all connections have in common.
struct Shared {
    settings: Arc<Settings>,
    /// The last one used is the next one to be.
    idle: Mutex<Vec<(Graph, Box<dyn PerfRecorder>)>>,
    /// Of the last commits, as many as could overtake each other on their way here; so the
    /// newest is among them.
    bookmarks: Mutex<VecDeque<String>>,
    no_delay: NoDelay,
}

impl Shared {
    fn take(self: &Arc<Self>, access: Access, permit: OwnedSemaphorePermit) -> Try<Connection> {
        let idle = locked(&self.idle).pop();
        let is_new = idle.is_none();
        let (driver, recorder) = if let Some(idle) = idle {
            idle
        } else {
            let driver = driver(&self.settings, &self.settings.address)
                .map_err(|error| Failure::new(Class::Fatal, error))?;
            (driver, self.settings.monitoring.0.recorder())
        };
        let shared = Arc::clone(self);
        Ok(Connection { driver, recorder, is_new, access, shared, _permit: permit })
    }

    async fn in_time<T>(&self, exchange: impl Future<Output = neo4rs::Result<T>>) -> Try<T> {
        let limit = self.settings.connect_timeout;
        match timeout(limit, exchange).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(Failure::driver(CONNECT, &self.settings.address, error)),
            Err(_) => Err(Failure::no_answer(
                CONNECT,
                &self.settings.address,
                format!(
                    "no transaction within {limit:?}; check that this is the Bolt port of a \
                     running server, and the network between; or raise the connect time-out"
                ),
            )),
        }
    }

    /// Where routing failed, which names no cause, the failure of the server itself, if it fails.
    async fn explained(&self, failure: Failure) -> Failure {
        let address = &self.settings.address;
        if failure.class != Class::Connection || !address.is_routed() {
            return failure;
        }
        let Ok(direct) = driver(&self.settings, &address.direct()) else { return failure };
        match self.in_time(Box::pin(direct.start_txn())).await {
            Err(cause) => cause,
            Ok(_) => failure,
        }
    }

    /// What a member of a cluster must have seen before it answers; one server has seen all.
    fn bookmarks(&self, access: Access) -> Option<Vec<String>> {
        let needed = access == Access::Read && self.settings.address.is_routed();
        needed.then(|| locked(&self.bookmarks).iter().cloned().collect())
    }

    fn keep(&self, bookmark: String) {
        let mut bookmarks = locked(&self.bookmarks);
        if bookmarks.len() == self.settings.connections {
            bookmarks.pop_front();
        }
        bookmarks.push_back(bookmark);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The driver for one connection, not yet connected.
fn driver(settings: &Settings, address: &Address) -> Result<Graph> {
    let mut config = ConfigBuilder::default()
        .uri(address.to_string())
        .user(&settings.credentials.user)
        .password(&settings.credentials.password)
        .max_connections(1)
        .fetch_size(FETCH_ROWS)
        // Also the longest silence the driver bears in an answer.
        .connection_timeout(settings.response_timeout);
    if let Some(database) = &settings.database {
        config = config.db(database.as_str());
    }
    config
        .build()
        .and_then(Graph::connect)
        .map_err(|error| Failure::driver(CONNECT, address, error).error)
}

/// Encryption panics where several providers of cryptography are linked and none is chosen.
fn install_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails where another thread was faster, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use atg_core::ErrorKind;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::super::settings::Neo4jBuilder;
    use super::{Access, Class, Failure, Pool};

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);

    /// How a transaction fails to begin, within a time, with a peer that sends `greeting` only.
    async fn failure(scheme: &str, greeting: &'static [u8], within: Duration) -> Failure {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("{scheme}://u:s3cret@{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut peers = Vec::new();
            loop {
                let (mut peer, _) = listener.accept().await.unwrap();
                peer.write_all(greeting).await.unwrap();
                peers.push(peer);
            }
        });
        let settings = Neo4jBuilder::new(uri).connect_timeout(within).settings().unwrap();
        let begun = Pool::new(Arc::new(settings)).unwrap().begin(Access::Read).await;
        begun.err().unwrap()
    }

    #[tokio::test]
    async fn a_silent_peer_is_a_time_out() {
        for scheme in ["bolt", "bolt+s", "bolt+ssc", "neo4j"] {
            let failure = failure(scheme, b"", SHORT).await;
            assert_eq!(failure.class, Class::Connection, "{scheme}");
            assert_eq!(failure.error.kind(), ErrorKind::Timeout, "{scheme}");
            let text = failure.error.report();
            assert!(text.contains("Bolt port") && text.contains(scheme), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_peer_of_another_protocol_is_named_as_such() {
        let web = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        for (scheme, greeting) in [("bolt", &web[..]), ("bolt", b"\0\0\x08\x05"), ("neo4j", web)] {
            let failure = failure(scheme, greeting, LONG).await;
            assert_eq!(failure.class, Class::Fatal, "{scheme}");
            assert!(failure.error.message().contains("does not speak Bolt 4"), "{}", failure.error);
        }
        for scheme in ["bolt+s", "bolt+ssc", "neo4j+ssc"] {
            let failure = failure(scheme, web, LONG).await;
            assert_eq!(failure.class, Class::Fatal, "{scheme}");
            assert!(failure.error.message().contains("scheme without +s"), "{}", failure.error);
        }
    }
}
