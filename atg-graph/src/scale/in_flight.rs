//! [`InFlight`]: a few writes at once.

use std::future::Future;

use atg_core::{Error, ErrorKind, Result};
use tokio::task::{JoinError, JoinSet};

/// Writes under way, each a task of its own, so that the next batch is made meanwhile even where
/// a store blocks its thread. Each gives the rows it stored. Dropping it cancels them.
pub(super) struct InFlight<'a> {
    limit: usize,
    running: JoinSet<Result<u64>>,
    rows: u64,
    on_rows: Box<dyn FnMut(u64) + Send + 'a>,
}

impl<'a> InFlight<'a> {
    /// At most `limit` writes at once; `on_rows` hears of the rows stored so far.
    pub(super) fn new(limit: usize, on_rows: impl FnMut(u64) + Send + 'a) -> Self {
        Self { limit: limit.max(1), running: JoinSet::new(), rows: 0, on_rows: Box::new(on_rows) }
    }

    /// Starts a write, once there is room for it.
    pub(super) async fn push(
        &mut self,
        write: impl Future<Output = Result<u64>> + Send + 'static,
    ) -> Result<()> {
        while self.running.len() >= self.limit {
            self.finish_one().await?;
        }
        self.running.spawn(write);
        Ok(())
    }

    /// Waits for all writes; gives the rows stored.
    pub(super) async fn finish(mut self) -> Result<u64> {
        while !self.running.is_empty() {
            self.finish_one().await?;
        }
        Ok(self.rows)
    }

    async fn finish_one(&mut self) -> Result<()> {
        if let Some(ended) = self.running.join_next().await {
            self.rows += ended.unwrap_or_else(|error| Err(broken_off(error)))?;
            (self.on_rows)(self.rows);
        }
        Ok(())
    }
}

fn broken_off(error: JoinError) -> Error {
    let kind = if error.is_cancelled() { ErrorKind::Cancelled } else { ErrorKind::Internal };
    Error::new(kind, "scale graph", "a write broke off").with_source(error)
}
