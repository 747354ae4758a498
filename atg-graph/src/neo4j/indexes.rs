//! Constraints and indexes: which are there, and making those that are missing.

use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Error, ErrorKind};
use neo4rs::Row;
use tokio::time::{Instant, sleep};

use super::errors::{Class, Failure, Try};
use super::pool::{Access, Pool};
use super::transaction::Transaction;
use super::work::{self, Work};

mod wanted;

pub(super) use wanted::{Index, Wanted};

use wanted::{Status, name_taken};

const OPERATION: &str = "prepare the schema";

/// All indexes, those of constraints among them.
const INDEXES: &str = "SHOW INDEXES \
    YIELD name, type, state, entityType, labelsOrTypes, properties, owningConstraint, failureMessage";

/// Pauses between looks at an index that is being filled: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(5));

/// How often something is made that is missing afterwards, for another writer may be at it.
const MOST_MAKINGS: u32 = 6;

/// Makes what is missing, each in a transaction of its own, and waits until all of it is usable,
/// however long the server takes to index what it holds. Returns all indexes there are.
///
/// An index that is filled and does not get its constraint is waited for until the retry
/// deadline: of a client that died while it made one, the server has to wind that up.
pub(super) async fn ensure(pool: &Pool, wanted: &[Wanted]) -> Try<Vec<Index>> {
    let deadline = Instant::now() + pool.settings().retry_deadline;
    let mut pause = PAUSE.0;
    let mut made = 0;
    loop {
        let indexes = list(pool).await?;
        let mut pending = Vec::with_capacity(wanted.len());
        for one in wanted {
            pending.push((one, one.status(&indexes)?));
        }
        pending.retain(|(_, status)| *status != Status::Online);
        if pending.is_empty() {
            return Ok(indexes);
        }
        let first = |like| pending.iter().find(|(_, status)| *status == like).map(|one| one.0);
        if let Some(one) = first(Status::Missing) {
            if made == MOST_MAKINGS {
                return Err(name_taken(one));
            }
            made += 1;
        }
        let idle = Status::WithoutConstraint { filled: true };
        if let Some(one) = first(idle).filter(|_| Instant::now() >= deadline) {
            return Err(one.in_the_way(one.name()));
        }
        if pause == PAUSE.1 {
            tracing::info!("waiting for the server to finish indexes");
        }
        for (one, _) in pending.iter().filter(|(_, status)| *status != Status::Filling) {
            make(pool, one).await?;
        }
        if made > 1 || pending.iter().any(|(_, status)| *status != Status::Missing) {
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }
}

async fn list(pool: &Pool) -> Try<Vec<Index>> {
    let mut statement = Statement { text: INDEXES.to_owned(), access: Access::Read };
    let rows = work::perform(pool, &mut statement)
        .await
        .map_err(|failure| explained(failure, "grant it SHOW INDEX on the database"))?;
    rows.iter().map(Row::to_strict).collect::<Result<_, _>>().map_err(|error| {
        let message = "the server lists its indexes in another form than Neo4j 5 does";
        let error = Error::new(ErrorKind::Unsupported, OPERATION, message).with_source(error);
        Failure::new(Class::Fatal, error)
    })
}

async fn make(pool: &Pool, wanted: &Wanted) -> Try<()> {
    let mut statement = Statement { text: wanted.command(), access: Access::Write };
    let Err(failure) = work::perform(pool, &mut statement).await else { return Ok(()) };
    let code = failure.code().unwrap_or_default();
    if code.ends_with("AlreadyExists") {
        // Another writer was faster: the next look shows what it made.
        return Ok(());
    }
    if code.ends_with("ConstraintCreationFailed") {
        return Err(with_doubles(pool, wanted, failure).await);
    }
    let advice = format!(
        "grant it CREATE CONSTRAINT and CREATE INDEX, or have someone who may run: {}",
        statement.text
    );
    Err(explained(failure, &advice))
}

/// The failure of a constraint, with how many values are there more than once, if that is why.
async fn with_doubles(pool: &Pool, wanted: &Wanted, failure: Failure) -> Failure {
    let doubles = wanted.doubles();
    let text = format!("{doubles} RETURN count(*) AS doubles");
    let counted = work::perform(pool, &mut Statement { text, access: Access::Read }).await;
    let count = counted.ok().and_then(|rows| rows.first()?.get::<u64>("doubles").ok());
    let Some(count) = count.filter(|count| *count > 0) else { return failure };
    let refused = wanted.refused_doubles(count);
    Failure::new(refused.class, refused.error.with_source(failure.error))
}

/// A failure with what only a change of the schema fails of.
fn explained(failure: Failure, advice: &str) -> Failure {
    let code = failure.code().unwrap_or_default();
    let (kind, message) = if code.ends_with("Security.Forbidden") {
        (ErrorKind::PermissionDenied, format!("the user may not do this; {advice}"))
    } else if code.ends_with("Statement.SyntaxError") {
        let message = "the server does not know this command; Neo4j 5.7 or a later 5 is needed";
        (ErrorKind::Unsupported, message.to_owned())
    } else {
        return failure;
    };
    Failure::new(Class::Fatal, Error::new(kind, OPERATION, message).with_source(failure.error))
}

/// A statement by itself, without parameters.
struct Statement {
    text: String,
    access: Access,
}

#[async_trait]
impl Work for Statement {
    type Outcome = Vec<Row>;

    fn operation(&self) -> &'static str {
        OPERATION
    }

    fn access(&self) -> Access {
        self.access
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Vec<Row>> {
        transaction.fetch(&self.text, Vec::new()).await
    }
}
