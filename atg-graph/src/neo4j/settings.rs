//! [`Neo4jBuilder`]: which server, and how it is used.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use atg_core::{PerfMonitor, Result};

use super::address::Address;
use super::watch::Monitoring;

/// A user and the password; `Debug` shows no password.
#[derive(Clone, Default)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (password redacted)", self.user)
    }
}

/// What may be chosen beside the server's address.
#[derive(Clone, Debug)]
struct Options {
    credentials: Option<Credentials>,
    database: Option<String>,
    connections: usize,
    rows_per_transaction: usize,
    bytes_per_transaction: usize,
    retry_deadline: Duration,
    connect_timeout: Duration,
    response_timeout: Duration,
    slow_query_threshold: Duration,
    monitoring: Monitoring,
}

/// All that was chosen for a server.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) address: Address,
    /// Empty where none were given.
    pub(super) credentials: Credentials,
    pub(super) database: Option<String>,
    pub(super) connections: usize,
    pub(super) rows_per_transaction: usize,
    pub(super) bytes_per_transaction: usize,
    pub(super) retry_deadline: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) slow_query_threshold: Duration,
    pub(super) monitoring: Monitoring,
}

/// Connects to a server with other settings than the defaults.
///
/// The addresses understood are `bolt://`, `bolt+s://`, `bolt+ssc://`, `neo4j://`, `neo4j+s://`
/// and `neo4j+ssc://`, each followed by `host` or `host:port`; the default port is 7687. `neo4j`
/// asks the server which member of its cluster to use; `+s` encrypts and checks the server's
/// certificate; `+ssc` encrypts and accepts any certificate, so it does not prove who answers.
/// Credentials in the address (`user:password@`) are used where [`user`](Self::user) is not
/// called, and shown nowhere.
#[must_use = "nothing is connected before `connect`"]
pub struct Neo4jBuilder {
    uri: String,
    options: Options,
}

impl Neo4jBuilder {
    pub(super) fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            options: Options {
                credentials: None,
                database: None,
                connections: 8,
                rows_per_transaction: 10_000,
                bytes_per_transaction: 16 << 20,
                retry_deadline: Duration::from_secs(120),
                connect_timeout: Duration::from_secs(10),
                response_timeout: Duration::from_secs(300),
                slow_query_threshold: Duration::from_secs(1),
                monitoring: Monitoring::default(),
            },
        }
    }

    /// Who signs in; default: the credentials in the address, or none, for a server that asks
    /// for none.
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.options.credentials =
            Some(Credentials { user: name.into(), password: password.into() });
        self
    }

    /// The database on the server; default the server's own default for the user.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.options.database = Some(name.into());
        self
    }

    /// How many connections, and so transactions, are open at once at most; 1 to 1,000 (others
    /// are moved to the nearer end), default 8. Calls beyond them wait. A few more than the
    /// server has cores is the most that helps.
    pub fn connections(mut self, connections: usize) -> Self {
        self.options.connections = connections.clamp(1, 1_000);
        self
    }

    /// How many rows one transaction writes at most; 1 or more (0 is raised to it), default
    /// 10,000. Larger calls are split. The server holds a transaction's changes in its memory.
    pub fn rows_per_transaction(mut self, rows: usize) -> Self {
        self.options.rows_per_transaction = rows.max(1);
        self
    }

    /// How many bytes of rows one transaction writes at most, a single larger row excepted;
    /// 64 KiB or more (less is raised to it), default 16 MiB.
    pub fn bytes_per_transaction(mut self, bytes: usize) -> Self {
        self.options.bytes_per_transaction = bytes.max(64 << 10);
        self
    }

    /// How long a transaction that failed for a passing cause (deadlock, lost connection, change
    /// of the leader) is tried again, counted from its first failure; default 120 seconds, zero
    /// not to try again. A server that recovers a long transaction log may need minutes.
    pub fn retry_deadline(mut self, deadline: Duration) -> Self {
        self.options.retry_deadline = deadline;
        self
    }

    /// How long a new connection may take until the server has accepted it and opened a
    /// transaction, name look-up, encryption and sign-in included; 10 milliseconds or more (less
    /// is raised to it), default 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout.max(Duration::from_millis(10));
        self
    }

    /// How long one statement, or a commit, may take until all of its answer is here; 10
    /// milliseconds or more (less is raised to it), default 300 seconds. Beyond it the
    /// connection is closed, which makes the server roll back, and the transaction is tried
    /// again.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.options.response_timeout = timeout.max(Duration::from_millis(10));
        self
    }

    /// From which duration on a statement is logged as slow (target `atg_graph::neo4j::slow`,
    /// level warn, with the statement's shape and no values); default 1 second.
    pub fn slow_query_threshold(mut self, threshold: Duration) -> Self {
        self.options.slow_query_threshold = threshold;
        self
    }

    /// Records every statement as `"query"`, with its shape and the rows it was sent, and every
    /// commit as `"commit"`, each try by itself; default nothing. What is dropped amid it is not
    /// recorded. Each connection has a recorder of its own.
    pub fn monitor(mut self, monitor: impl PerfMonitor + 'static) -> Self {
        self.options.monitoring = Monitoring(Arc::new(monitor));
        self
    }

    /// Takes the address apart and fills in what was not chosen; `InvalidInput` for an address
    /// that is not understood.
    pub(super) fn settings(self) -> Result<Settings> {
        let (address, in_address) = Address::parse(&self.uri)?;
        let options = self.options;
        Ok(Settings {
            address,
            credentials: options.credentials.or(in_address).unwrap_or_default(),
            database: options.database.filter(|name| !name.is_empty()),
            connections: options.connections,
            rows_per_transaction: options.rows_per_transaction,
            bytes_per_transaction: options.bytes_per_transaction,
            retry_deadline: options.retry_deadline,
            connect_timeout: options.connect_timeout,
            response_timeout: options.response_timeout,
            slow_query_threshold: options.slow_query_threshold,
            monitoring: options.monitoring,
        })
    }
}

/// Without the address as it was given, which may hold a password.
impl fmt::Debug for Neo4jBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Address::parse(&self.uri).map(|(address, _)| address.to_string());
        f.debug_struct("Neo4jBuilder")
            .field("address", &address.as_deref().unwrap_or("(not understood)"))
            .field("options", &self.options)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Neo4jBuilder;

    #[test]
    fn no_debug_shows_a_password() {
        for builder in [
            Neo4jBuilder::new("neo4j://ann:s3cret@db"),
            Neo4jBuilder::new("neo4j://db").user("ann", "s3cret"),
            Neo4jBuilder::new("no address, s3cret").user("ann", ""),
        ] {
            assert!(!format!("{builder:?}").contains("s3cret"), "{builder:?}");
            assert!(format!("{:?}", builder.user("ann", "other s3cret")).contains("ann"));
        }
        let settings = Neo4jBuilder::new("neo4j://ann:s3cret@db").settings().unwrap();
        assert_eq!(settings.credentials.password, "s3cret");
        assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
    }

    #[test]
    fn the_user_that_is_named_goes_before_the_address() {
        let named = Neo4jBuilder::new("bolt://ann:a@db").user("bob", "b").settings().unwrap();
        assert_eq!((&*named.credentials.user, &*named.credentials.password), ("bob", "b"));
        let nobody = Neo4jBuilder::new("bolt://db").settings().unwrap();
        assert_eq!((&*nobody.credentials.user, &*nobody.credentials.password), ("", ""));
    }

    #[test]
    fn what_makes_no_sense_is_moved_into_range() {
        let settings = Neo4jBuilder::new("bolt://db")
            .database("")
            .connections(0)
            .rows_per_transaction(0)
            .bytes_per_transaction(0)
            .connect_timeout(Duration::ZERO)
            .response_timeout(Duration::ZERO)
            .settings()
            .unwrap();
        assert_eq!(settings.database, None);
        assert_eq!((settings.connections, settings.rows_per_transaction), (1, 1));
        assert_eq!(settings.bytes_per_transaction, 64 << 10);
        assert_eq!(settings.connect_timeout, Duration::from_millis(10));
        assert_eq!(settings.response_timeout, Duration::from_millis(10));
        let many = Neo4jBuilder::new("bolt://db").connections(5_000).settings().unwrap();
        assert_eq!(many.connections, 1_000);
    }
}
