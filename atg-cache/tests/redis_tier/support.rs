//! Servers as the tests use them.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use atg_cache::{RedisBuilder, RedisCache};
use bytes::Bytes;
use redis::aio::MultiplexedConnection;

/// So long no call takes on a machine that is merely busy.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// The server of all tests; `None`, said so, where there is none and none is required.
pub(crate) fn address() -> Option<String> {
    let address = std::env::var("ATG_TEST_REDIS").ok();
    if address.is_none() {
        missing("no Redis (set ATG_TEST_REDIS)");
    }
    address
}

fn missing(what: &str) {
    let required = std::env::var("ATG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
    assert!(!required, "{what}");
    eprintln!("skipped: {what}");
}

/// A prefix that nothing else uses.
pub(crate) fn prefix() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("atg-test:{now:x}:{}:", NUMBER.fetch_add(1, Relaxed))
}

/// A tier of its own that waits as long as it takes.
pub(crate) fn builder(address: &str) -> RedisBuilder {
    RedisCache::builder(address).prefix(&prefix()).timeout(LONG)
}

/// A connection to put things by hand.
pub(crate) async fn connection(address: &str) -> MultiplexedConnection {
    let client = redis::Client::open(address).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

pub(crate) fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Asks again and again until the answer is yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < 2 * LONG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A port on which nothing listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server of a test's own, to be stopped and killed.
pub(crate) struct OwnServer {
    process: Child,
    pub(crate) port: u16,
}

impl OwnServer {
    /// `None`, said so, where there is no redis-server and none is required.
    pub(crate) async fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            missing("no redis-server on PATH");
            return None;
        }
        Some(Self::start_on(free_port()).await)
    }

    pub(crate) async fn start_on(port: u16) -> Self {
        let process = Self::launch(port);
        let server = Self { process, port };
        let client = redis::Client::open(server.address()).unwrap();
        eventually("it starts", || async {
            client.get_multiplexed_async_connection().await.is_ok()
        })
        .await;
        server
    }

    fn launch(port: u16) -> Child {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        command.arg(port.to_string()).stdout(Stdio::null()).spawn().unwrap()
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on its port; what it held is gone.
    pub(crate) fn restart(&mut self) {
        self.process = Self::launch(self.port);
    }

    /// Stops it (`STOP`) or lets it go on (`CONT`).
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
