//! [`RedisBuilder`]: how a tier is opened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};
use thiserror::Error;

use super::breaker::Breaker;
use super::floor::Floor;
use super::keys::Keys;
use super::server::Server;
use super::{Counters, RedisCache, tags};
use crate::Clock;

/// Why a tier cannot be opened. It never names the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedisOpenError {
    /// The address is none.
    #[error("the address is no redis://, rediss:// or unix:// URL")]
    Address,
    /// The prefix could make keys of two tiers meet.
    #[error("the prefix contains \"key:\" or \"tag:\"")]
    Prefix,
}

/// How a tier is opened; see [`RedisCache::builder`].
#[derive(Clone)]
#[must_use]
pub struct RedisBuilder {
    address: String,
    prefix: String,
    timeout: Duration,
    compress_above: usize,
    max_entry_bytes: usize,
    failures: u32,
    pause: Duration,
    clock: Clock,
}

impl RedisBuilder {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            prefix: "atg:".to_owned(),
            timeout: Duration::from_millis(100),
            compress_above: 4 * 1024,
            max_entry_bytes: 8 * 1024 * 1024,
            failures: 5,
            pause: Duration::from_secs(5),
            clock: Clock::system(),
        }
    }

    /// What all its names in the server begin with; two tiers of one prefix share their entries.
    /// Must not contain `key:` or `tag:`. Default: `atg:`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// How long a call waits for the server at most; an invalidation by glob, and clearing, for
    /// each 500 names. Default: 100 ms.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Values longer than so many bytes are compressed, where that makes them shorter;
    /// `usize::MAX` for none. Default: 4 KiB.
    pub fn compress_above(mut self, bytes: usize) -> Self {
        self.compress_above = bytes;
        self
    }

    /// Values longer than so many bytes are not kept, and not read. Default: 8 MiB; Redis itself
    /// takes no more than 512 MiB.
    pub fn max_entry_bytes(mut self, bytes: usize) -> Self {
        self.max_entry_bytes = bytes;
        self
    }

    /// After so many failures in a row, at least 1, the server is left alone for a pause: calls
    /// return at once. Then one call in each pause tries again. Default: 5 failures, 5 s.
    pub fn breaker(mut self, failures: u32, pause: Duration) -> Self {
        (self.failures, self.pause) = (failures, pause);
        self
    }

    /// The time that entries and the pause live by. Default: the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the tier. It connects when it is first used: a server that is down is no error.
    ///
    /// # Errors
    /// An address or a prefix that cannot be used.
    pub fn open(self) -> Result<RedisCache, RedisOpenError> {
        let keys = Keys::new(&self.prefix).ok_or(RedisOpenError::Prefix)?;
        let client = connection(&self.address).and_then(|info| Client::open(info).ok());
        let client = client.ok_or(RedisOpenError::Address)?;
        if matches!(client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. }) {
            install_cryptography();
        }
        let breaker = Breaker::new(self.failures, self.pause);
        let server = Server::new(client, self.timeout, self.clock.clone(), breaker);
        Ok(RedisCache {
            server: Arc::new(server),
            keys,
            clock: self.clock,
            compress_above: self.compress_above,
            max_entry_bytes: self.max_entry_bytes,
            floor: Floor::default(),
            sender: tags::random(),
            counters: Counters::default(),
        })
    }
}

/// The password stays out of it.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = connection(&self.address).map(|info| info.addr().to_string());
        f.debug_struct("RedisBuilder")
            .field("address", &address)
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("compress_above", &self.compress_above)
            .field("max_entry_bytes", &self.max_entry_bytes)
            .field("breaker", &(self.failures, self.pause))
            .field("clock", &self.clock)
            .finish()
    }
}

/// Where and how to connect. The library's name is not sent: that saves a round trip.
fn connection(address: &str) -> Option<ConnectionInfo> {
    let info = address.into_connection_info().ok()?;
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    let transport = info.tcp_settings().clone().set_nodelay(true);
    Some(info.set_redis_settings(settings).set_tcp_settings(transport))
}

/// Encryption panics where several providers of cryptography are linked and none is chosen.
fn install_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails where another thread was faster, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
