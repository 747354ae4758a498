//! One transaction: its statements, and an end on every path.

use std::sync::Arc;

use atg_core::{Error, ErrorKind};
use neo4rs::{BoltList, BoltType, Query, Row, Txn};
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::errors::{Class, Failure, Try};
use super::pool::Connection;
use super::settings::Settings;
use super::turns::Turn;
use super::watch::{COMMIT, Label, Watch};

/// What the server says a statement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) nodes_created: u64,
    pub(super) nodes_deleted: u64,
    pub(super) relationships_created: u64,
    pub(super) relationships_deleted: u64,
    pub(super) properties_set: u64,
}

impl From<&neo4rs::summary::Counters> for Counters {
    fn from(counters: &neo4rs::summary::Counters) -> Self {
        Self {
            nodes_created: counters.nodes_created,
            nodes_deleted: counters.nodes_deleted,
            relationships_created: counters.relationships_created,
            relationships_deleted: counters.relationships_deleted,
            properties_set: counters.properties_set,
        }
    }
}

/// An open transaction.
///
/// Dropping it, even amid a statement, ends it on the server: between statements by a task of its
/// own that rolls back, amid one by closing the connection.
pub(super) struct Transaction {
    /// Taken by what ends it.
    open: Option<Open>,
    state: State,
    settings: Arc<Settings>,
    label: Label,
}

/// The driver's transaction, its connection and its right to lock, dropped in this order.
struct Open {
    driver: Box<Txn>,
    connection: Connection,
    turn: Option<Turn>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The server has answered everything.
    Ready,
    /// So it has, and refuses everything but a reset.
    Failed,
    /// An answer has not been read, or not to its end.
    Busy,
}

impl Transaction {
    pub(super) fn new(driver: Box<Txn>, connection: Connection) -> Self {
        Self {
            settings: Arc::clone(connection.settings()),
            open: Some(Open { driver, connection, turn: None }),
            state: State::Ready,
            label: Label { operation: "run a statement", attempt: 1 },
        }
    }

    /// Names the operation for errors and logs, and which try of it this is, counted from 1.
    pub(super) fn label(&mut self, operation: &'static str, attempt: u32) {
        self.label = Label { operation, attempt };
    }

    /// Keeps a right to lock until the transaction has ended.
    pub(super) fn hold(&mut self, turn: Option<Turn>) {
        if let Some(open) = &mut self.open {
            open.turn = turn;
        }
    }

    /// Runs a statement that returns nothing, with `rows` as `$rows`; where one returns something,
    /// a failure within it would stay unseen.
    pub(super) async fn run(&mut self, statement: &str, rows: Vec<BoltType>) -> Try<Counters> {
        let parameters = vec![("rows", list(rows))];
        let watch = self.watch(statement, &parameters);
        let Open { driver, connection, .. } = self.exchange()?;
        let query = Query::new(statement.to_owned()).params(parameters);
        let result = watch.over(connection.recorder(), driver.run(query)).await;
        self.answered(result).map(|summary| summary.stats().into())
    }

    /// Runs a statement and reads all it returns.
    pub(super) async fn fetch(
        &mut self,
        statement: &str,
        parameters: Vec<(&'static str, BoltType)>,
    ) -> Try<Vec<Row>> {
        let watch = self.watch(statement, &parameters);
        let Open { driver, connection, .. } = self.exchange()?;
        let query = Query::new(statement.to_owned()).params(parameters);
        let exchange = async {
            let mut rows = Vec::new();
            let mut stream = driver.execute(query).await?;
            while let Some(row) = stream.next(&mut **driver).await? {
                rows.push(row);
            }
            Ok(rows)
        };
        let result = watch.over(connection.recorder(), exchange).await;
        self.answered(result)
    }

    /// Runs a statement with `rows` as `$rows`, and reads all it returns.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        statement: &str,
        rows: Vec<BoltType>,
    ) -> Try<Vec<T>> {
        let rows = self.fetch(statement, vec![("rows", list(rows))]).await?;
        rows.iter().map(Row::to).collect::<Result<_, _>>().map_err(|error| {
            Failure::driver(self.label.operation, &self.settings.address, error.into())
        })
    }

    /// Commits. After a failure of the class `Connection` or `Fatal` nobody knows whether it is
    /// committed; after any other it is not.
    pub(super) async fn commit(mut self) -> Try<()> {
        let watch = self.watch(COMMIT, &[]);
        self.exchange()?;
        let Some(Open { driver, mut connection, turn: _turn }) = self.open.take() else {
            return Err(out_of_step(self.label));
        };
        match watch.over(connection.recorder(), Box::pin(driver.commit())).await {
            Ok(bookmark) => {
                connection.release(bookmark);
                Ok(())
            }
            Err(failure) => {
                if failure.spares_connection() {
                    connection.reset().await;
                }
                Err(failure)
            }
        }
    }

    /// Rolls back, in at most the connect time-out; where that fails, the connection is closed,
    /// which does the same.
    pub(super) async fn rollback(mut self) {
        if let Some(open) = self.open.take() {
            open.end(self.state).await;
        }
    }

    /// Begins an exchange, which [`answered`](Self::answered) ends.
    fn exchange(&mut self) -> Try<&mut Open> {
        match &mut self.open {
            Some(open) if self.state == State::Ready => {
                self.state = State::Busy;
                Ok(open)
            }
            _ => Err(out_of_step(self.label)),
        }
    }

    /// Ends an exchange. Where it is the server that says it failed, its answer was read whole.
    fn answered<T>(&mut self, result: Try<T>) -> Try<T> {
        match &result {
            Ok(_) => self.state = State::Ready,
            Err(failure) if failure.spares_connection() => self.state = State::Failed,
            Err(_) => {}
        }
        result
    }

    fn watch<'a>(&self, statement: &'a str, parameters: &[(&'static str, BoltType)]) -> Watch<'a> {
        let lists = parameters.iter().filter_map(|(_, value)| match value {
            BoltType::List(list) => Some(list.len()),
            _ => None,
        });
        Watch {
            statement,
            rows: lists.max().unwrap_or(0),
            label: self.label,
            settings: Arc::clone(&self.settings),
        }
    }
}

fn list(value: Vec<BoltType>) -> BoltType {
    BoltType::List(BoltList { value })
}

/// After a failure only the end makes sense; whatever else follows is a mistake.
fn out_of_step(label: Label) -> Failure {
    let message = "a statement follows one that failed";
    Failure::new(Class::Fatal, Error::new(ErrorKind::Internal, label.operation, message))
}

impl Open {
    /// Ends the transaction on the server.
    async fn end(self, state: State) {
        let Self { driver, connection, turn: _turn } = self;
        match state {
            State::Ready => {
                let limit = connection.settings().connect_timeout;
                if let Ok(Ok(())) = timeout(limit, Box::pin(driver.rollback())).await {
                    connection.release(None);
                }
            }
            State::Failed => {
                drop(driver);
                connection.reset().await;
            }
            State::Busy => {}
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let (Some(open), Ok(runtime)) = (self.open.take(), Handle::try_current())
            && self.state != State::Busy
        {
            runtime.spawn(open.end(self.state));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use atg_core::{Measurement, PerfMonitor, PerfRecorder, PerfSnapshot};

    use super::super::errors::Class;
    use super::super::fake_server::{Answer, FakeServer, Message};
    use super::super::pool::{Access, Pool};
    use super::super::settings::Neo4jBuilder;
    use super::super::values;

    fn pool(server: &FakeServer) -> Pool {
        let settings = Neo4jBuilder::new(server.uri()).connections(1).settings().unwrap();
        Pool::new(Arc::new(settings)).unwrap()
    }

    #[tokio::test]
    async fn dropped_between_statements_it_is_rolled_back_and_its_connection_kept() {
        let server = FakeServer::start(|_| Answer::Success).await;
        let pool = pool(&server);
        let mut transaction = pool.begin(Access::Write).await.unwrap();
        transaction.run("RETURN 1", Vec::new()).await.unwrap();
        drop(transaction);
        // There is one connection only, so this waits for the end of the other.
        pool.begin(Access::Write).await.unwrap().commit().await.unwrap();
        let log = server.log();
        assert!(log.contains(&Message::Rollback), "{log:?}");
        assert_eq!(log.iter().filter(|&&message| message == Message::Hello).count(), 1, "{log:?}");
    }

    #[tokio::test]
    async fn dropped_amid_a_statement_or_commit_its_connection_is_closed() {
        for silent in [Message::Run, Message::Discard, Message::Commit] {
            let answer = move |message| match message {
                message if message == silent => Answer::Silence,
                _ => Answer::Success,
            };
            let server = FakeServer::start(answer).await;
            let pool = pool(&server);
            let write = async {
                let mut transaction = pool.begin(Access::Write).await.unwrap();
                transaction.run("RETURN 1", Vec::new()).await.unwrap();
                transaction.commit().await.unwrap();
            };
            tokio::select! {
                () = write => panic!("{silent:?} was answered"),
                () = server.until(silent) => {}
            }
            server.until(Message::Gone).await;
            pool.begin(Access::Write).await.unwrap().rollback().await;
        }
    }

    /// An operation, its items, whether it succeeded, and its shape.
    type Record = (&'static str, u64, bool, String);

    /// Keeps what it is told of.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Record>>>);

    impl PerfRecorder for Kept {
        fn record(&mut self, _: &Measurement) {}

        fn record_shape(&mut self, one: &Measurement, shape: &str) {
            let kept = (one.operation, one.items, one.succeeded, shape.to_owned());
            self.0.lock().unwrap().push(kept);
        }
    }

    impl PerfMonitor for Kept {
        fn recorder(&self) -> Box<dyn PerfRecorder> {
            Box::new(self.clone())
        }

        fn snapshot(&self) -> PerfSnapshot {
            PerfSnapshot::default()
        }
    }

    #[tokio::test]
    async fn statements_and_commits_are_recorded_without_values() {
        let mut commits = [Answer::Success, Answer::Failure("Neo.TransientError.X")].into_iter();
        let server = FakeServer::start(move |message| match message {
            Message::Commit => commits.next().unwrap_or(Answer::Close),
            _ => Answer::Success,
        })
        .await;
        let kept = Kept::default();
        let settings = Neo4jBuilder::new(server.uri()).monitor(kept.clone()).settings().unwrap();
        let pool = Pool::new(Arc::new(settings)).unwrap();
        for works in [true, false] {
            let mut transaction = pool.begin(Access::Write).await.unwrap();
            let rows = ["s3cret", "other"].map(values::text).to_vec();
            transaction.run("UNWIND $rows AS r RETURN r", rows).await.unwrap();
            assert_eq!(transaction.commit().await.is_ok(), works);
        }
        let query = || ("query", 2, true, "UNWIND $rows AS r RETURN r".to_owned());
        let commit = |works| ("commit", 0, works, "COMMIT".to_owned());
        let expected = [query(), commit(true), query(), commit(false)];
        assert_eq!(*kept.0.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn nothing_follows_a_failure() {
        let server = FakeServer::start(|message| match message {
            Message::Run => Answer::Failure("Neo.ClientError.Statement.SyntaxError"),
            _ => Answer::Success,
        })
        .await;
        let pool = pool(&server);
        let mut transaction = pool.begin(Access::Write).await.unwrap();
        let failure = transaction.run("RETURN", Vec::new()).await.unwrap_err();
        assert_eq!(failure.code(), Some("Neo.ClientError.Statement.SyntaxError"));
        assert_eq!(transaction.run("RETURN", Vec::new()).await.unwrap_err().class, Class::Fatal);
        assert_eq!(transaction.commit().await.unwrap_err().class, Class::Fatal);
        server.until(Message::Rollback).await;
        let log = server.log();
        assert!(!log.contains(&Message::Commit), "{log:?}");
        assert_eq!(log.iter().filter(|&&message| message == Message::Run).count(), 1, "{log:?}");
    }
}
