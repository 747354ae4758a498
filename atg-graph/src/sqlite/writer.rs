//! [`Writer`]: the one writing connection with its index, and transactions on it.

use rusqlite::{Connection, TransactionBehavior};

use super::connection;
use super::errors::Try;
use super::index::Index;
use super::schema;
use super::settings::Settings;

/// Bytes of pages kept while indexes are made; sorting takes as much beside it.
const INDEXING_CACHE_BYTES: usize = 16 << 20;

/// New nodes below which a batch is never taken for the start of a load.
const SMALLEST_LOAD: usize = 1_000;

/// The writing connection and what it knows of the file.
pub(super) struct Writer {
    connection: Connection,
    cache_bytes: usize,
    /// `None` until it is read, and after a failure.
    index: Option<Index>,
    /// SQLite's counter of other connections' commits, when the index was last true.
    version: i64,
    /// Whether the first call found out which indexes there are.
    prepared: bool,
    /// Whether late indexes are missing and wait for the end of the load, whosever load it is.
    bulk: bool,
}

/// One transaction under way.
pub(super) struct Session<'a> {
    pub(super) connection: &'a Connection,
    pub(super) index: Index,
    bulk: bool,
    cache_bytes: usize,
}

impl Session<'_> {
    /// Makes sure that relationships can be found by their target: where a load left that index
    /// and the other late ones for its end, they are made now.
    pub(super) fn need_late_indexes(&mut self) -> Try<()> {
        if self.bulk { self.make_late_indexes() } else { Ok(()) }
    }

    /// Before `rows` new nodes: where they are more than all there are, late indexes are cheaper
    /// made anew at the end of the load than kept up during it.
    pub(super) fn begin_load(&mut self, rows: usize) -> Try<()> {
        if self.may_begin_load(rows) {
            schema::drop_late_indexes(self.connection)?;
            self.bulk = true;
        }
        Ok(())
    }

    /// Whether a batch of this size, were all of it new, would be the start of a load.
    pub(super) fn may_begin_load(&self, rows: usize) -> bool {
        !self.bulk && rows >= SMALLEST_LOAD && rows >= self.index.len()
    }

    fn make_late_indexes(&mut self) -> Try<()> {
        let small = INDEXING_CACHE_BYTES.min(self.cache_bytes);
        connection::set_cache(self.connection, small)?;
        let made = schema::create_late_indexes(self.connection);
        connection::set_cache(self.connection, self.cache_bytes)?;
        self.bulk = false;
        made
    }
}

impl Writer {
    pub(super) fn open(settings: &Settings) -> Try<Self> {
        Ok(Self {
            connection: connection::open_writer(settings)?,
            cache_bytes: settings.cache_bytes,
            index: None,
            version: 0,
            prepared: false,
            bulk: false,
        })
    }

    /// Reads the index; makes late indexes that a killed load did not come to, or, where the
    /// graph is empty, leaves them for [`finish`](Self::finish). In a load it changes nothing.
    pub(super) fn prepare(&mut self) -> Try<()> {
        if self.prepared && self.bulk {
            return Ok(());
        }
        self.transaction(|session| {
            if schema::is_empty(session.connection)? {
                session.bulk = true;
                schema::drop_late_indexes(session.connection)
            } else {
                session.need_late_indexes()
            }
        })?;
        self.prepared = true;
        Ok(())
    }

    /// Runs `work` as one transaction: committed as a whole, or nothing of it is left, neither
    /// in the file nor in the index.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&mut Session<'_>) -> Try<T>) -> Try<T> {
        if !self.prepared {
            self.prepare()?;
        }
        self.transaction(work)
    }

    fn transaction<T>(&mut self, work: impl FnOnce(&mut Session<'_>) -> Try<T>) -> Try<T> {
        // Immediate: a transaction that reads first and writes later may be refused at once.
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = transaction.pragma_query_value(None, "data_version", |r| r.get(0))?;
        let kept = self.index.take().filter(|_| version == self.version);
        let (index, bulk) = match kept {
            Some(index) => (index, self.bulk),
            // Another handle may have dropped late indexes for a load of its own, or made them.
            None => (Index::load(&transaction)?, !schema::has_late_indexes(&transaction)?),
        };
        let cache_bytes = self.cache_bytes;
        let mut session = Session { connection: &transaction, index, bulk, cache_bytes };
        let value = work(&mut session)?;
        session.index.store(&transaction)?;
        let Session { index, bulk, .. } = session;
        transaction.commit()?;
        (self.index, self.version, self.bulk) = (Some(index), version, bulk);
        Ok(value)
    }

    /// Ends a load: late indexes, statistics for the query planner, the log into the file.
    pub(super) fn finish(&mut self) -> Try<()> {
        self.write(|session| {
            // An empty graph still waits for its load.
            if schema::is_empty(session.connection)? { Ok(()) } else { session.need_late_indexes() }
        })?;
        self.connection.execute_batch("PRAGMA analysis_limit = 400; PRAGMA optimize")?;
        let busy: bool =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
        if busy {
            // All is durable and readable; the log goes into the file with a later checkpoint.
            tracing::debug!("another connection reads; the log stays beside the file for now");
        }
        Ok(())
    }
}
