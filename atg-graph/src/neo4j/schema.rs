//! What the database needs before nodes and relationships are written: made once, remembered by
//! the handle.

use std::collections::HashSet;

use async_trait::async_trait;
use atg_core::{Error, ErrorKind, Result, Text};
use tokio::sync::RwLock;

use super::errors::Try;
use super::indexes::{self, Index, Wanted};
use super::pool::{Access, Pool};
use super::transaction::Transaction;
use super::work::{self, Work};

/// What a handle knows to be there.
#[derive(Default)]
pub(super) struct Schema {
    /// Held for writing while something is made, so that the tasks of a handle do not all try.
    seen: RwLock<Seen>,
}

#[derive(Default)]
struct Seen {
    prepared: bool,
    /// Whether the indexes that only reading needs are there.
    finished: bool,
    /// Relationship types with their constraint.
    types: HashSet<Text>,
}

impl Schema {
    /// Makes what writing needs, and waits until it is usable, however long the server takes to
    /// index what it holds. The indexes that only reading needs wait for [`finish`](Self::finish)
    /// where the database is empty: made over all nodes at once, they cost a load less. Costs a
    /// reading or two where all is there, and nothing the second time.
    ///
    /// # Errors
    /// Where the database holds what contradicts it, or the user may not change it: what to do.
    pub(super) async fn prepare(&self, pool: &Pool) -> Result<()> {
        if self.seen.read().await.prepared {
            return Ok(());
        }
        let mut seen = self.seen.write().await;
        if !seen.prepared {
            let there = indexes::ensure(pool, &[unique_id()]).await?;
            seen.types.extend(there.iter().filter_map(Index::unique_type));
            if work::perform(pool, &mut LookForNode).await? {
                indexes::ensure(pool, &wanted_for_reading()).await?;
                seen.finished = true;
            }
            seen.prepared = true;
        }
        Ok(())
    }

    /// Makes the indexes that only reading needs, where they are not there yet.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub(super) async fn finish(&self, pool: &Pool) -> Result<()> {
        self.prepare(pool).await?;
        let mut seen = self.seen.write().await;
        if !seen.finished {
            indexes::ensure(pool, &wanted_for_reading()).await?;
            seen.finished = true;
        }
        Ok(())
    }

    /// Makes the constraint of each of these relationship types that keeps a relationship from
    /// being stored twice. Costs nothing for types that the handle has seen; else about 0.1 s
    /// for a type that is new to the database.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub(super) async fn ensure_types(&self, pool: &Pool, types: &[Text]) -> Try<()> {
        if self.seen.read().await.unseen(types).next().is_none() {
            return Ok(());
        }
        let mut seen = self.seen.write().await;
        let unseen: Vec<Text> = seen.unseen(types).map(Text::detached).collect();
        let wanted: Vec<Wanted> = unseen.iter().map(|one| Wanted::unique_of_type(one)).collect();
        if !wanted.is_empty() {
            indexes::ensure(pool, &wanted).await?;
            seen.types.extend(unseen);
        }
        Ok(())
    }
}

impl Seen {
    fn unseen<'a>(&'a self, types: &'a [Text]) -> impl Iterator<Item = &'a Text> {
        types.iter().filter(|relation| !self.types.contains(*relation))
    }
}

fn unique_id() -> Wanted {
    Wanted::unique_of_nodes("atg_resource_id", &["id"])
}

fn wanted_for_reading() -> [Wanted; 5] {
    [
        Wanted::of_nodes("atg_synthetic", &["synthetic"]),
        Wanted::of_nodes("atg_scale_operation_id", &["scale_operation_id"]),
        Wanted::of_nodes("atg_template_source_id", &["template_source_id"]),
        Wanted::of_nodes("atg_synthetic_scale_operation_id", &["synthetic", "scale_operation_id"]),
        Wanted::of_nodes("atg_tenant_id", &["tenant_id"]),
    ]
}

/// Looks whether there is a node.
struct LookForNode;

#[async_trait]
impl Work for LookForNode {
    type Outcome = bool;

    fn operation(&self) -> &'static str {
        "prepare the schema"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<bool> {
        let statement = "MATCH (n:Resource) RETURN n.id AS id LIMIT 1";
        Ok(!transaction.fetch(statement, Vec::new()).await?.is_empty())
    }
}

/// Makes sure that a server answers and lets the user in. Tries once: a wrong address should be
/// told at once.
///
/// # Errors
/// What the first contact failed of.
pub(super) async fn check_server(pool: &Pool) -> Result<()> {
    let mut transaction = pool.begin(Access::Read).await?;
    transaction.label("connect to Neo4j", 1);
    let answer = transaction.fetch("RETURN 1 AS one", Vec::new()).await?;
    transaction.rollback().await;
    if answer.first().and_then(|row| row.get("one").ok()) == Some(1) {
        return Ok(());
    }
    let message = "the server does not compute 1; check that it is Neo4j";
    Err(Error::new(ErrorKind::Unsupported, "connect to Neo4j", message))
}
