//! [`Server`]: the Neo4j database of a benchmark, between its loads. `NEO4J_USER` and
//! `NEO4J_PASSWORD` sign in, where set.

use atg_graph::neo4j::Neo4jGraph;
use futures::TryStreamExt;
use neo4rs::{ConfigBuilder, Graph, Query, query};

use crate::clock::Outcome;

/// Nodes that one transaction deletes.
const PORTION: i64 = 10_000;

/// The database, as its keeper sees it.
#[allow(missing_debug_implementations, reason = "the driver's handle has none")]
pub struct Server {
    /// The driver's handle.
    pub graph: Graph,
    /// Its address.
    pub uri: String,
}

impl Server {
    /// Connects, and asks something.
    ///
    /// # Errors
    /// If there is no server, or it refuses who asks.
    pub async fn connect(uri: &str) -> Outcome<Self> {
        let (user, password) = credentials();
        let config = ConfigBuilder::default()
            .uri(uri)
            .user(user)
            .password(password)
            // So that reading all does not ask, and wait, every 200 rows.
            .fetch_size(1_000_000)
            .build()?;
        let server = Self { graph: Graph::connect(config)?, uri: uri.to_owned() };
        server.count("RETURN 1 AS count").await?;
        Ok(server)
    }

    /// Makes sure that the database may be emptied, and empties it.
    ///
    /// # Errors
    /// If it is not empty and that is not `allowed`, or the server fails.
    pub async fn claim(&self, allowed: bool) -> Outcome {
        let nodes = self.count("MATCH (n) RETURN count(n) AS count").await?;
        if nodes > 0 && !allowed {
            return Err(format!(
                "the database holds {nodes} nodes, and this benchmark deletes everything in it: \
                 give --clear to allow that"
            )
            .into());
        }
        self.clear().await
    }

    /// Deletes everything, in portions; then the schema of the benchmark and of the sink.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn clear(&self) -> Outcome {
        let portion = "MATCH (n) WITH n LIMIT $limit DETACH DELETE n RETURN count(*) AS count";
        while self.count(query(portion).param("limit", PORTION)).await? > 0 {}
        for (list, drop) in [
            ("SHOW CONSTRAINTS YIELD name", "DROP CONSTRAINT"),
            ("SHOW INDEXES YIELD name", "DROP INDEX"),
        ] {
            let own = "WHERE name STARTS WITH 'atg_' RETURN name";
            for name in self.names(&format!("{list} {own}")).await? {
                self.graph.run(query(&format!("{drop} `{name}` IF EXISTS"))).await?;
            }
        }
        Ok(())
    }

    /// The number that a statement returns as `count`.
    ///
    /// # Errors
    /// If the server fails, or returns none.
    pub async fn count(&self, statement: impl Into<Query>) -> Outcome<u64> {
        let mut rows = self.graph.execute(statement.into()).await?;
        let row = rows.next().await?.ok_or("the server returned no row")?;
        // The rest says whether the statement was done.
        while rows.next().await?.is_some() {}
        Ok(row.get("count")?)
    }

    async fn names(&self, statement: &str) -> Outcome<Vec<String>> {
        let mut rows = self.graph.execute(query(statement)).await?;
        Ok(rows.column_into_stream("name").try_collect().await?)
    }
}

/// The sink, another handle each time: what a handle learned in one load must not help the next.
///
/// # Errors
/// If the server cannot be reached.
pub async fn open_sink(uri: &str) -> Outcome<Neo4jGraph> {
    let (user, password) = credentials();
    let builder = Neo4jGraph::builder(uri);
    let builder = if user.is_empty() { builder } else { builder.user(user, password) };
    Ok(builder.connect().await?)
}

fn credentials() -> (String, String) {
    let variable = |name| std::env::var(name).unwrap_or_default();
    (variable("NEO4J_USER"), variable("NEO4J_PASSWORD"))
}
