//! [`Server`]: asks the server, within a time and behind a breaker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError, Value};
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::time::{Instant, timeout_at};

use super::breaker::Breaker;
use crate::Clock;
use crate::stats::Counter;

/// How long connecting may take. Calls do not wait for it beyond their own time.
const CONNECT: Duration = Duration::from_secs(5);

/// The server gave no answer of use; it is counted, and logged where that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unanswered;

/// A server, and the one connection that all calls share.
pub(crate) struct Server {
    client: Client,
    timeout: Duration,
    clock: Clock,
    breaker: Breaker,
    link: Mutex<Link>,
    errors: Counter,
}

type Connecting = Shared<BoxFuture<'static, Result<MultiplexedConnection, RedisError>>>;

/// A connection, made or being made, and its number.
#[derive(Default)]
struct Link {
    number: u64,
    connecting: Option<Connecting>,
}

/// How a call ended that gave no answer of use.
enum Failure {
    /// The server answered that it will not do it.
    Refused,
    /// Nothing came in time.
    Late,
    /// The connection is of no more use; of what kind the error was, which tells no secret.
    Broken(ErrorKind),
}

impl Failure {
    /// The answer is none to this question.
    const MISREAD: Self = Self::Broken(ErrorKind::UnexpectedReturnType);

    fn reason(&self) -> String {
        match self {
            Self::Refused => "it refuses".to_owned(),
            Self::Late => "nothing came in time".to_owned(),
            Self::Broken(kind) => format!("{kind:?}"),
        }
    }
}

impl Server {
    pub(crate) fn new(client: Client, timeout: Duration, clock: Clock, breaker: Breaker) -> Self {
        let (link, errors) = (Mutex::default(), Counter::default());
        Self { client, timeout, clock, breaker, link, errors }
    }

    /// Where it listens; never its password.
    pub(crate) fn address(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Operations that failed so far.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.get()
    }

    /// Until when a call that begins now may take.
    pub(crate) fn deadline(&self) -> Instant {
        let now = Instant::now();
        // Beyond what the clock can tell is as good as a year.
        now.checked_add(self.timeout).unwrap_or(now + Duration::from_secs(365 * 24 * 3_600))
    }

    /// Sends commands in one go, and reads their answers. What cannot be read means that the
    /// answers may be another question's: the connection is not used again.
    pub(crate) async fn ask<T>(
        &self,
        commands: &Pipeline,
        until: Instant,
        read: impl FnOnce(Vec<Value>) -> Option<T>,
    ) -> Result<T, Unanswered> {
        if !self.breaker.admits(self.clock.now()) {
            self.errors.add(1);
            return Err(Unanswered);
        }
        let (number, connecting) = self.link();
        let answer = timeout_at(until, query(connecting, commands)).await;
        let answer = answer.unwrap_or(Err(Failure::Late));
        match answer.and_then(|answers| read(answers).ok_or(Failure::MISREAD)) {
            Ok(answer) => {
                self.succeeded();
                Ok(answer)
            }
            Err(failure) => {
                self.failed(&failure, number);
                Err(Unanswered)
            }
        }
    }

    fn succeeded(&self) {
        if self.breaker.succeeded() {
            tracing::info!(server = self.address(), "Redis answers again");
        }
    }

    fn failed(&self, failure: &Failure, number: u64) {
        self.errors.add(1);
        // A refusal comes at once: there is nothing to be spared by a pause.
        let opened = !matches!(failure, Failure::Refused) && self.breaker.failed(self.clock.now());
        if opened {
            let (server, reason) = (self.address(), failure.reason());
            tracing::warn!(server, reason, "Redis does not answer; left alone for a while");
        }
        if opened || matches!(failure, Failure::Broken(_)) {
            self.forget(number);
        }
    }

    /// The connection, which a task of its own begins to make where there is none: it goes on
    /// though the call that wanted it has given up.
    fn link(&self) -> (u64, Connecting) {
        let mut link = self.lock();
        let failed = |made: &Connecting| matches!(made.peek(), Some(Err(_)));
        if let Some(made) = link.connecting.as_ref().filter(|made| !failed(made)) {
            return (link.number, made.clone());
        }
        let connecting = connect(self.client.clone());
        link.number += 1;
        link.connecting = Some(connecting.clone());
        (link.number, connecting)
    }

    /// Lets go of a connection, unless it has been replaced or is still being made.
    fn forget(&self, number: u64) {
        let mut link = self.lock();
        let made = link.connecting.as_ref().is_some_and(|made| made.peek().is_some());
        if link.number == number && made {
            link.connecting = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(client: Client) -> Connecting {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        // Each call has its own.
        .set_response_timeout(None);
    let task = tokio::spawn(async move {
        client.get_multiplexed_async_connection_with_config(&settings).await
    });
    let gone = |_| RedisError::from((ErrorKind::Client, "the task that connects is gone"));
    task.map(move |done| done.map_err(gone).flatten()).boxed().shared()
}

async fn query(connecting: Connecting, commands: &Pipeline) -> Result<Vec<Value>, Failure> {
    let mut connection = connecting.await.map_err(|error| Failure::Broken(error.kind()))?;
    commands.query_async(&mut connection).await.map_err(|error: RedisError| match error.kind() {
        ErrorKind::Server(_) => Failure::Refused,
        kind => Failure::Broken(kind),
    })
}

/// Reads the answer to an MGET of so many keys.
pub(crate) fn values(answer: Value, count: usize) -> Option<Vec<Option<Bytes>>> {
    let Value::Array(items) = answer else { return None };
    let value = |item| match item {
        Value::BulkString(bytes) => Some(Some(Bytes::from(bytes))),
        Value::Nil => Some(None),
        _ => None,
    };
    (items.len() == count).then(|| items.into_iter().map(value).collect()).flatten()
}

/// Reads the answer to a command that counts.
pub(crate) fn number(answer: &Value) -> Option<u64> {
    match answer {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}
