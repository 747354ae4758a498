//! Watching an exchange with the server: its time-out, signs of life while it runs, the log of the
//! slow ones, and how long it took. Never a value.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use atg_core::{Measurement, NoMonitor, PerfMonitor, PerfRecorder};
use tokio::time::{Instant, timeout};

use super::errors::{Failure, Try};
use super::settings::Settings;

/// How often a statement that runs long says that it still does.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// How much of a statement a log line shows, in characters.
const SHAPE_CHARACTERS: usize = 300;

/// What a commit is called where statements have their text.
pub(super) const COMMIT: &str = "COMMIT";

/// Waits for something of this process, and says now and then for what.
pub(super) async fn waiting_for<T>(what: &'static str, wait: impl Future<Output = T>) -> T {
    let mut wait = pin!(wait);
    let started = Instant::now();
    loop {
        if let Ok(result) = timeout(SIGN_OF_LIFE, &mut wait).await {
            return result;
        }
        tracing::warn!(seconds = started.elapsed().as_secs(), "still waiting for {what}");
    }
}

/// What log lines and errors call a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    pub(super) operation: &'static str,
    /// Counted from 1.
    pub(super) attempt: u32,
}

/// What exchanges are recorded by; by default nothing.
#[derive(Clone)]
pub(super) struct Monitoring(pub(super) Arc<dyn PerfMonitor>);

impl Default for Monitoring {
    fn default() -> Self {
        Self(Arc::new(NoMonitor))
    }
}

impl fmt::Debug for Monitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitoring")
    }
}

/// One exchange to be watched.
pub(super) struct Watch<'a> {
    pub(super) statement: &'a str,
    pub(super) rows: usize,
    pub(super) label: Label,
    pub(super) settings: Arc<Settings>,
}

impl Watch<'_> {
    /// Waits for the end of an exchange, at most as long as an answer may take, and records it.
    pub(super) async fn over<T>(
        &self,
        recorder: &mut dyn PerfRecorder,
        exchange: impl Future<Output = neo4rs::Result<T>>,
    ) -> Try<T> {
        let started = Instant::now();
        let limit = self.settings.response_timeout;
        let mut exchange = pin!(timeout(limit, exchange));
        let result = loop {
            match timeout(SIGN_OF_LIFE, &mut exchange).await {
                Ok(result) => break result,
                Err(_) => self.still_running(started.elapsed()),
            }
        };
        let elapsed = started.elapsed();
        self.log_if_slow(elapsed);
        if recorder.is_on() {
            let succeeded = matches!(result, Ok(Ok(_)));
            recorder.record_shape(&self.measurement(elapsed, succeeded), self.statement);
        }
        let (operation, address) = (self.label.operation, &self.settings.address);
        match result {
            Ok(result) => result.map_err(|error| Failure::driver(operation, address, error)),
            Err(_) => Err(Failure::no_answer(
                operation,
                address,
                format!(
                    "no whole answer within {limit:?}; check the server's load and the network; \
                     use fewer rows per transaction, or raise the response time-out"
                ),
            )),
        }
    }

    fn measurement(&self, elapsed: Duration, succeeded: bool) -> Measurement {
        let operation = if self.statement == COMMIT { "commit" } else { "query" };
        Measurement { operation, elapsed, items: self.rows as u64, bytes: 0, succeeded }
    }

    fn still_running(&self, elapsed: Duration) {
        tracing::warn!(
            operation = self.label.operation,
            statement = shape(self.statement),
            rows = self.rows,
            attempt = self.label.attempt,
            seconds = elapsed.as_secs(),
            "still waiting for the server"
        );
    }

    fn log_if_slow(&self, elapsed: Duration) {
        if elapsed >= self.settings.slow_query_threshold {
            tracing::warn!(
                target: "atg_graph::neo4j::slow",
                operation = self.label.operation,
                statement = shape(self.statement),
                rows = self.rows,
                attempt = self.label.attempt,
                milliseconds = elapsed.as_millis(),
                "slow statement"
            );
        }
    }
}

/// A statement on one line, cut where it is long.
fn shape(statement: &str) -> String {
    let mut words = statement.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    if let Some((cut, _)) = line.char_indices().nth(SHAPE_CHARACTERS) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use atg_core::{ErrorKind, NoMonitor};

    use super::super::errors::Class;
    use super::super::settings::Neo4jBuilder;
    use super::{Label, Watch, shape};

    #[tokio::test(start_paused = true)]
    async fn waits_for_an_answer_and_no_longer_than_allowed() {
        let builder = Neo4jBuilder::new("bolt://db").response_timeout(Duration::from_secs(35));
        let watch = Watch {
            statement: "RETURN 1",
            rows: 0,
            label: Label { operation: "test", attempt: 1 },
            settings: Arc::new(builder.settings().unwrap()),
        };
        let after = |seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(seconds)
        };
        let over = async |seconds| watch.over(&mut NoMonitor, after(seconds)).await;
        assert_eq!(over(34).await.unwrap(), 34);
        let failure = over(36).await.unwrap_err();
        assert_eq!((failure.class, failure.error.kind()), (Class::Connection, ErrorKind::Timeout));
        assert_eq!(failure.error.operation(), "test");
    }

    #[test]
    fn a_shape_is_one_short_line() {
        assert_eq!(shape("  UNWIND $rows AS r\n\tRETURN  r "), "UNWIND $rows AS r RETURN r");
        let long = shape(&"é ".repeat(1_000));
        assert_eq!(long.chars().count(), 301);
        assert!(long.ends_with('…'));
    }
}
