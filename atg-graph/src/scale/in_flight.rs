//! [`InFlight`]: a few writes at once.

use std::future::Future;

use atg_core::Result;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};

/// Writes that are under way; each gives the rows it stored.
pub(super) struct InFlight<'a> {
    limit: usize,
    running: FuturesUnordered<BoxFuture<'a, Result<u64>>>,
    rows: u64,
    on_rows: Box<dyn FnMut(u64) + Send + 'a>,
}

impl<'a> InFlight<'a> {
    /// At most `limit` writes at once; `on_rows` hears of the rows stored so far.
    pub(super) fn new(limit: usize, on_rows: impl FnMut(u64) + Send + 'a) -> Self {
        let running = FuturesUnordered::new();
        Self { limit: limit.max(1), running, rows: 0, on_rows: Box::new(on_rows) }
    }

    /// Starts a write, once there is room for it.
    pub(super) async fn push(
        &mut self,
        write: impl Future<Output = Result<u64>> + Send + 'a,
    ) -> Result<()> {
        while self.running.len() >= self.limit {
            self.finish_one().await?;
        }
        self.running.push(write.boxed());
        // A future does nothing before it is polled: let it begin while the next batch is made.
        if let Some(Some(done)) = self.running.next().now_or_never() {
            self.count(done?);
        }
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
        if let Some(done) = self.running.next().await {
            self.count(done?);
        }
        Ok(())
    }

    fn count(&mut self, rows: u64) {
        self.rows += rows;
        (self.on_rows)(self.rows);
    }
}
