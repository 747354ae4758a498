//! Doing a piece of work in a transaction, again and again until it succeeds or nothing helps.

use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Error, ErrorKind};
use tokio::time::{Instant, sleep};

use super::errors::{Class, Failure, Try};
use super::pool::{Access, Pool};
use super::retry::{Backoff, Tries};
use super::transaction::Transaction;

/// A piece of work that one transaction does; doing it again must be safe.
#[async_trait]
pub(super) trait Work: Send {
    type Outcome: Send;

    /// What errors and logs call it.
    fn operation(&self) -> &'static str;

    /// Whether it writes.
    fn access(&self) -> Access {
        Access::Write
    }

    /// Does it once, without the commit. After a failure of any statement nothing but the return
    /// makes sense.
    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Self::Outcome>;

    /// Something was there already; the next try looks first.
    fn conflict(&mut self) {}

    /// Another transaction waited for this one, which waited for the other.
    fn deadlocked(&mut self) {}

    /// Whether less can be done at once, where the server has not the memory or the time for this
    /// much.
    fn can_shrink(&self) -> bool {
        false
    }

    /// The answer to the commit was lost: what was done may be there, or not.
    fn uncertain(&mut self, _outcome: Self::Outcome) {}
}

/// Does `work` in a transaction, and again after every failure that passes, until the retry
/// deadline. Every path ends the transaction on the server, and so does dropping the future.
///
/// # Errors
/// The failure for which no further try makes sense, or, after the deadline, the last one, which
/// says how often and how long was tried. What a constraint goes on to refuse is a failure of a
/// row.
pub(super) async fn perform<W: Work>(pool: &Pool, work: &mut W) -> Try<W::Outcome> {
    let mut tries = Tries::new(Backoff::random(), pool.settings().retry_deadline);
    let mut first_failure = None;
    loop {
        let mut failure = match once(pool, work, tries.failed() + 1).await {
            Ok(outcome) => return Ok(outcome),
            Err(failure) => failure,
        };
        if failure.class == Class::TooLarge && !work.can_shrink() {
            // Others have the memory, or took the time, and may give it back.
            let in_time = failure.error.kind() == ErrorKind::Timeout;
            failure.class = if in_time { Class::Transient } else { Class::Connection };
        }
        if failure.class == Class::Exists {
            work.conflict();
        }
        if failure.is_deadlock() {
            work.deadlocked();
        }
        let since_first = first_failure.get_or_insert_with(Instant::now).elapsed();
        let Some(wait) = tries.after(failure.class, since_first) else {
            return Err(gave_up(failure, work.operation(), tries.failed(), since_first));
        };
        pool.retries().count(&failure);
        log(&failure, work.operation(), tries.failed(), wait);
        sleep(wait).await;
    }
}

async fn once<W: Work>(pool: &Pool, work: &mut W, attempt: u32) -> Try<W::Outcome> {
    let mut transaction = pool.begin(work.access()).await?;
    transaction.label(work.operation(), attempt);
    let outcome = match work.attempt(&mut transaction).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            transaction.rollback().await;
            return Err(failure);
        }
    };
    match transaction.commit().await {
        Ok(()) => Ok(outcome),
        Err(failure) => {
            if failure.class == Class::Connection {
                work.uncertain(outcome);
            }
            Err(failure)
        }
    }
}

/// Warns of a server that cannot be reached, at growing intervals.
fn log(failure: &Failure, operation: &'static str, failed: u32, wait: Duration) {
    let milliseconds = wait.as_millis();
    let error = failure.error.report();
    if failure.class == Class::Connection && failed.is_power_of_two() {
        tracing::warn!(operation, failed, milliseconds, error, "will try again");
    } else {
        tracing::debug!(operation, failed, milliseconds, error, "will try again");
    }
}

/// The failure after which is not tried again: as it is, or with the story of the tries.
fn gave_up(failure: Failure, operation: &'static str, tries: u32, after: Duration) -> Failure {
    let class = match failure.class {
        class @ (Class::TooLarge | Class::Row | Class::Fatal) => {
            return Failure { class, ..failure };
        }
        Class::Exists => Class::Row,
        class @ (Class::Transient | Class::Connection) => class,
    };
    let message = format!(
        "{}; gave up at try {tries}, {:.1} s after the first failure",
        failure.error.message(),
        after.as_secs_f64()
    );
    let error = Error::new(failure.error.kind(), operation, message)
        .with_retryable(class != Class::Row)
        .with_source(failure.error);
    Failure::new(class, error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use async_trait::async_trait;

    use super::super::fake_server::{Answer, FakeServer, Message};
    use super::super::retry::RetryCounts;
    use super::super::settings::Neo4jBuilder;
    use super::{Class, ErrorKind, Failure, Pool, Transaction, Try, Work, perform};

    /// Runs one statement, and remembers what it was told.
    #[derive(Default)]
    struct OneStatement {
        conflicts: u32,
        uncertain: u32,
    }

    #[async_trait]
    impl Work for OneStatement {
        type Outcome = ();

        fn operation(&self) -> &'static str {
            "test"
        }

        async fn attempt(&mut self, transaction: &mut Transaction) -> Try<()> {
            transaction.run("RETURN 1", Vec::new()).await.map(drop)
        }

        fn conflict(&mut self) {
            self.conflicts += 1;
        }

        fn uncertain(&mut self, (): ()) {
            self.uncertain += 1;
        }
    }

    /// A server that treats the first messages of one kind as told, and answers all others.
    async fn server(on: Message, answers: impl IntoIterator<Item = Answer>) -> FakeServer {
        let answers: Vec<_> = answers.into_iter().collect();
        let mut answers = answers.into_iter();
        let script = move |message| {
            let answer = if message == on { answers.next() } else { None };
            answer.unwrap_or(Answer::Success)
        };
        FakeServer::start(script).await
    }

    fn pool(server: &FakeServer, retry_deadline: Duration, answer_within: Duration) -> Pool {
        let builder = Neo4jBuilder::new(server.uri())
            .connections(2)
            .retry_deadline(retry_deadline)
            .connect_timeout(answer_within)
            .response_timeout(answer_within);
        Pool::new(Arc::new(builder.settings().unwrap())).unwrap()
    }

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);
    const DEADLOCK: Answer = Answer::Failure("Neo.TransientError.Transaction.DeadlockDetected");
    const VIOLATION: Answer = Answer::Failure("Neo.ClientError.Schema.ConstraintValidationFailed");

    async fn done(pool: &Pool) -> (OneStatement, Try<()>) {
        let mut work = OneStatement::default();
        let result = perform(pool, &mut work).await;
        (work, result)
    }

    #[tokio::test]
    async fn what_passes_is_tried_again_and_counted() {
        let server = server(Message::Run, [DEADLOCK, VIOLATION, DEADLOCK, Answer::Close]).await;
        let pool = pool(&server, LONG, LONG);
        let (work, result) = done(&pool).await;
        result.unwrap();
        assert_eq!((work.conflicts, work.uncertain), (1, 0));
        let mut expected = RetryCounts::default();
        (expected.deadlocks, expected.conflicts, expected.connections) = (2, 1, 1);
        assert_eq!(pool.retries().counts(), expected);
    }

    #[tokio::test]
    async fn time_that_others_took_is_waited_for() {
        let late = Answer::Failure("Neo.ClientError.Transaction.TransactionTimedOut");
        let server = server(Message::Run, [late]).await;
        let pool = pool(&server, LONG, LONG);
        done(&pool).await.1.unwrap();
        let counts = pool.retries().counts();
        assert_eq!((counts.transient, counts.connections), (1, 0));
    }

    #[tokio::test]
    async fn memory_that_others_have_is_waited_for() {
        let full = Answer::Failure("Neo.TransientError.General.MemoryPoolOutOfMemoryError");
        let server = server(Message::Run, [full]).await;
        let pool = pool(&server, LONG, LONG);
        done(&pool).await.1.unwrap();
        assert_eq!(pool.retries().counts().connections, 1);
    }

    #[tokio::test]
    async fn a_failed_transaction_is_reset_at_once() {
        let server = server(Message::Run, [Answer::Failure("Neo.ClientError.Statement.X")]).await;
        let (_, result) = done(&pool(&server, LONG, LONG)).await;
        assert_eq!(result.unwrap_err().class, Class::Row);
        let log = server.log();
        let failed = log.iter().position(|&message| message == Message::Run).unwrap();
        assert!(log[failed..].contains(&Message::Reset), "{log:?}");
        assert_eq!(log.last(), Some(&Message::Rollback), "{log:?}");
    }

    #[tokio::test]
    async fn a_lost_answer_to_a_commit_is_reported_as_uncertain() {
        for (answer, within) in [(Answer::Close, LONG), (Answer::Silence, SHORT)] {
            let server = server(Message::Commit, [answer]).await;
            let (work, result) = done(&pool(&server, LONG, within)).await;
            result.unwrap();
            // A slow machine may take longer than a short time allows, more than once.
            assert!(work.uncertain >= 1, "{answer:?}");
        }
        let server = server(Message::Commit, [DEADLOCK]).await;
        let (work, result) = done(&pool(&server, LONG, LONG)).await;
        result.unwrap();
        assert_eq!(work.uncertain, 0, "the server said that it is not committed");
    }

    #[tokio::test]
    async fn no_answer_is_a_lost_connection() {
        for message in [Message::Hello, Message::Begin, Message::Run, Message::Discard] {
            let server = server(message, [Answer::Silence]).await;
            let pool = pool(&server, LONG, SHORT);
            done(&pool).await.1.unwrap();
            assert!(pool.retries().counts().connections >= 1, "{message:?}");
        }
    }

    #[tokio::test]
    async fn the_last_error_tells_the_story() {
        let server = server(Message::Begin, std::iter::repeat_n(Answer::Close, 1_000)).await;
        let failure = done(&pool(&server, SHORT, LONG)).await.1.unwrap_err();
        assert_eq!(failure.class, Class::Connection);
        assert_eq!(failure.error.kind(), ErrorKind::Unavailable);
        assert!(failure.error.is_retryable());
        assert!(failure.error.message().contains("gave up at try"), "{}", failure.error);
        assert!(std::error::Error::source(&failure.error).is_some());
    }

    #[tokio::test]
    async fn what_a_constraint_goes_on_to_refuse_is_a_bad_row() {
        let server = server(Message::Run, std::iter::repeat_n(VIOLATION, 1_000)).await;
        let (work, result) = done(&pool(&server, LONG, LONG)).await;
        let failure: Failure = result.unwrap_err();
        assert_eq!(failure.class, Class::Row);
        assert!(!failure.error.is_retryable());
        assert!(work.conflicts > 1);
    }
}
